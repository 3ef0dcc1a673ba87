"""The cost of a warm call in CPU: a poll answered with 200, one answered with 304, and a create.

Beside each is the floor: the same calls of AWS with boto3's clients, and nothing around them. Both answer under the
real runtime client, in turns of some calls each. `--before` adds the same calls of another commit, and a job.
"""

import argparse
import json
import sys
import tempfile
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.cold_start.contestants import Cast
from bench.cold_start.places import prepare
from bench.cold_start.starts import Contestant, WrongAnswerError
from bench.cold_start.surroundings import Surroundings, surroundings
from bench.cpu import cpu_seconds, peak_mb
from bench.report import Goal, Report, Spread, Table, run
from bench.world import World
from local.build import built_tree
from local.lambda_runtime import BuiltFunction, running_handler
from local.processes import environments

TURNS, CALLS, JOBS = 7, 60, 10
OF_FLOOR = 1.3


class Warm:
    """A handler that runs, and what it has used so far."""

    def __init__(self, contestant: Contestant, variables: Mapping[str, str], stack: ExitStack) -> None:
        self._contestant = contestant
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unstuck-bench-")))
        variables = {**variables, **contestant.variables}
        running = running_handler(contestant.handler, contestant.path, variables, directory)
        self._running: BuiltFunction = stack.enter_context(running)
        self._running.invoke(self._event())
        self._pid = process_of(directory)

    def turn(self, calls: int = CALLS) -> float:
        """Have it answer again and again, and return the milliseconds of CPU that an answer took."""
        events = [self._event() for _ in range(calls)]
        before = cpu_seconds(self._pid)
        answers = [self._running.invoke(event) for event in events]
        used = cpu_seconds(self._pid) - before
        for answer in answers:
            if not self._contestant.good(answer):
                raise WrongAnswerError(f"{self._contestant.handler}: {answer}")
        return used / calls * 1000

    def peak_mb(self) -> float:
        """Return the most memory that it has held so far."""
        return peak_mb(self._pid)

    def _event(self) -> Mapping[str, Any]:
        # An owner who creates so often would have a long record for the rate limit to go through.
        if self._contestant.handler.endswith("create.handler.handler"):
            return _of_somebody_new(self._contestant.event)
        return self._contestant.fresh() if self._contestant.fresh else self._contestant.event


def process_of(directory: Path) -> int:
    """Return the pid of the handler's process: the emulator of the runtime API is not given its address."""
    (pid,) = [
        pid
        for pid, environment in environments()
        if environment.get("TMPDIR") == str(directory) and "AWS_LAMBDA_RUNTIME_API" in environment
    ]
    return pid


def measure(before: Path | None = None) -> Report:
    """Measure for some two minutes; with `before`, a tree that `make build` left, for some six."""
    places = prepare(built_tree())
    with surroundings() as around:
        cast, variables = Cast(places, around.world), around.world.variables
        found = {name: _turns(pair, variables) for name, pair in _pairs(cast, around.world).items()}
        below = {name: _turns(pair, variables) for name, pair in _below(cast).items()}
        beside = _beside(cast, around, before) if before else {}
    ratios = {name: Spread.of(ours / floor for ours, floor in turns) for name, turns in found.items()}
    goals = [
        Goal(f"{name}: CPU at most {OF_FLOOR} of the floor", ratio.text(), ratio.median <= OF_FLOOR)
        for name, ratio in ratios.items()
    ]
    tables = [
        _table("CPU of one call, ms", "ours", found),
        _table("Below the floor, ms", "a thin signed client", below),
        *([_beside_table(beside)] if beside else []),
    ]
    figures = {"ours and floor, ms": found, "thin and floor, ms": below, "ours and before": beside}
    return Report("warm", f"Warm calls, {TURNS} turns of {CALLS}", tables, figures, goals)


def _beside(cast: Cast, around: Surroundings, tree: Path) -> dict[str, dict[str, Any]]:
    """Each function of ours beside that of another tree, a job too: CPU in turns, and memory after the last."""
    found = {}
    for name in ("status", "create", "process"):
        fresh = around.job if name == "process" else None
        pair = [replace(each, fresh=fresh) for each in (cast.ours(name), cast.ours(name, tree=tree))]
        with ExitStack() as stack:
            ours, before = (Warm(each, around.variables, stack) for each in pair)
            calls = JOBS if fresh else CALLS
            turns = [(ours.turn(calls), before.turn(calls)) for _ in range(TURNS + 1)]
            found[name] = {"ms": turns[1:], "peak_mb": (ours.peak_mb(), before.peak_mb())}
    return found


def _beside_table(found: dict[str, dict[str, Any]]) -> Table:
    columns = ("function", "ours, ms", "before, ms", "of before", "ours, peak MB", "before, peak MB")
    rows = []
    for name, each in found.items():
        ratio = Spread.of(ours / before for ours, before in each["ms"]).text()
        rows.append((name, _ms(each["ms"], 0), _ms(each["ms"], 1), ratio, *(f"{peak:.0f}" for peak in each["peak_mb"])))
    return Table("Beside another commit: CPU of one call", columns, rows)


def _table(title: str, whose: str, found: dict[str, list[tuple[float, float]]]) -> Table:
    rows = []
    for name, turns in found.items():
        ratio = Spread.of(one / floor for one, floor in turns).text()
        rows.append((name, _ms(turns, 0), _ms(turns, 1), ratio))
    return Table(title, ("call", whose, "floor", "of the floor"), rows)


def _pairs(cast: Cast, around: World) -> dict[str, tuple[Contestant, Contestant]]:
    status, create, reads = cast.ours("status"), cast.ours("create"), cast.floor("status")
    unchanged = replace(
        status,
        event=_with_header(around.events["status"], "if-none-match", "*"),
        good=lambda answer: isinstance(answer, dict) and answer.get("statusCode") == 304,
    )
    alike = replace(cast.floor("create"), handler="floor.creates_alike.handler")
    return {"poll, 200": (status, reads), "poll, 304": (unchanged, reads), "create": (create, alike)}


def _below(cast: Cast) -> dict[str, tuple[Contestant, Contestant]]:
    alike = replace(cast.floor("create"), handler="floor.creates_alike.handler")
    return {"poll": (cast.thin("status"), cast.floor("status")), "create": (cast.thin("create"), alike)}


def _of_somebody_new(event: Mapping[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(event))
    changed["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = str(uuid.uuid4())
    return changed


def _with_header(event: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(event))
    changed["headers"][name] = value
    return changed


def _turns(pair: tuple[Contestant, Contestant], variables: Mapping[str, str]) -> list[tuple[float, float]]:
    with ExitStack() as stack:
        ours, floor = (Warm(each, variables, stack) for each in pair)
        for each in (ours, floor):
            each.turn()  # not counted: what the first calls make is kept
        return [(ours.turn(), floor.turn()) for _ in range(TURNS)]


def _ms(turns: list[tuple[float, float]], which: int) -> str:
    return Spread.of(turn[which] for turn in turns).text()


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--before", type=Path, help="a tree that `make build` left, such as of an older commit")
    given, rest = parser.parse_known_args()
    return run(partial(measure, given.before), __doc__ or "", rest, [parser])


if __name__ == "__main__":
    sys.exit(main())
