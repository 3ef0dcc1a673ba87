"""One cold start as Lambda has it: a whole processor until the first `GET /next`, then what its memory buys."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from bench.cold_start.runtime_api import NotStartedError, RuntimeApi, runtime_api
from bench.cold_start.share import limited
from bench.cpu import cpu_seconds, peak_mb
from local.lambda_runtime import handler_command, handler_environment


class WrongAnswerError(RuntimeError):
    """The contestant did not do its work."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A handler on its own path. `good` says whether its answer is the requested one.

    `fresh` makes a new event for each start, in place of `event`; `memory_mb` is the function's.
    """

    name: str
    handler: str
    path: Sequence[Path]
    event: Mapping[str, Any]
    good: Callable[[Any], bool]
    variables: Mapping[str, str] = field(default_factory=dict)
    fresh: Callable[[], Mapping[str, Any]] | None = None
    memory_mb: int = 1_024


@dataclass(frozen=True, slots=True)
class Start:
    """Before the first event (`init`) and for it (`first`): CPU of all threads, user and system, and the time."""

    init_cpu_ms: float
    init_ms: float
    first_cpu_ms: float
    first_ms: float
    memory_mb: int
    peak_mb: float

    @property
    def cpu_ms(self) -> float:
        return self.init_cpu_ms + self.first_cpu_ms

    @property
    def wall_ms(self) -> float:
        """From the process's start to its first answer, as it passed here."""
        return self.init_ms + self.first_ms

    @property
    def lambda_ms(self) -> float:
        """The same where nobody else uses the processor that INIT has: its CPU, and the time of the first event."""
        return self.init_cpu_ms + self.first_ms

    @property
    def gb_seconds(self) -> float:
        """The part of `wall_ms` that Lambda bills: since August 2025 also INIT, in whole milliseconds of the configured
        memory."""
        return ceil(self.wall_ms) / 1000 * self.memory_mb / 1024

    @property
    def lambda_gb_seconds(self) -> float:
        """The part of `lambda_ms` that Lambda bills."""
        return ceil(self.lambda_ms) / 1000 * self.memory_mb / 1024

    def plain(self) -> dict[str, float]:
        """Return every figure, for the report."""
        return {name: round(getattr(self, name), 3) for name in (*self.__slots__, "wall_ms", "lambda_ms", "gb_seconds")}


def cold_start(contestant: Contestant, variables: Mapping[str, str]) -> Start:
    """Start it, have it answer once, and end it. Raises WrongAnswerError."""
    event = contestant.fresh() if contestant.fresh else contestant.event
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as temporary, runtime_api() as api:
        log = Path(temporary, "log")
        began = time.monotonic()
        with _process(contestant, {**variables, **contestant.variables}, api, Path(temporary)) as pid:
            try:
                api.wait_for_next()
                init_ms, init_cpu = _since(began), cpu_seconds(pid)
                with limited(pid, contestant.memory_mb):
                    given = time.monotonic()
                    answer = api.invoke(event)
                    first_ms, cpu = _since(given), cpu_seconds(pid)
                    peak = peak_mb(pid)
            except NotStartedError as error:
                raise WrongAnswerError(f"{contestant.handler}: {error}\n{log.read_text()[-3000:]}") from error
            if not contestant.good(answer):
                raise WrongAnswerError(f"{contestant.name} {contestant.handler}: {answer}\n{log.read_text()[-3000:]}")
    return Start(init_cpu * 1000, init_ms, (cpu - init_cpu) * 1000, first_ms, contestant.memory_mb, peak)


@contextlib.contextmanager
def _process(contestant: Contestant, variables: Mapping[str, str], api: RuntimeApi, directory: Path) -> Iterator[int]:
    """Run it under the real runtime client. It ends with its API, should the bench be killed."""
    environment = handler_environment(contestant.handler, contestant.path, variables, directory)
    environment |= {"AWS_LAMBDA_RUNTIME_API": api.address, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(contestant.memory_mb)}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*map(str, handler_command(contestant.handler))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=contestant.path[0],
        )
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()


def _since(moment: float) -> float:
    return (time.monotonic() - moment) * 1000
