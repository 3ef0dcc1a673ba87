"""One cold start: a handler under the real runtime client, from its process's start to its first answer."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cpu import cpu_seconds
from local.lambda_runtime import running_handler
from local.processes import environments


class WrongAnswerError(RuntimeError):
    """What was to be measured did not do its work."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A handler on a path of its own. `good` says whether its answer is the one that was asked for."""

    name: str
    handler: str
    path: Sequence[Path]
    event: Mapping[str, Any]
    good: Callable[[Any], bool]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Start:
    """CPU of all its threads, user and system, and the time that the caller waited."""

    cpu_ms: float
    wall_ms: float


def cold_start(contestant: Contestant, variables: Mapping[str, str]) -> Start:
    """Start it, have it answer once, and end it. Raises WrongAnswerError."""
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as temporary:
        directory, own = Path(temporary), {**variables, **contestant.variables}
        with running_handler(contestant.handler, contestant.path, own, directory) as running:
            began = time.monotonic()
            answer = running.invoke(contestant.event)
            wall = time.monotonic() - began
            cpu = cpu_seconds(process_of(directory))
            if not contestant.good(answer):
                raise WrongAnswerError(f"{contestant.name} {contestant.handler}: {answer}\n{running.log()[-3000:]}")
    return Start(cpu * 1000, wall * 1000)


def process_of(directory: Path) -> int:
    """Return the pid of the handler's process: the emulator of the runtime API is not told its address."""
    (pid,) = [
        pid
        for pid, environment in environments()
        if environment.get("TMPDIR") == str(directory) and "AWS_LAMBDA_RUNTIME_API" in environment
    ]
    return pid
