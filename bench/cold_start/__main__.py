"""Cold starts through the real runtime client: our functions, the least that does their work, and the usual stack.

CPU is of the handler's whole process, from its start to its first answer; the contestants of a function start in turn,
and ratios are of starts that followed each other.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.cold_start.contestants import FUNCTIONS, Cast
from bench.cold_start.places import prepare, versions
from bench.cold_start.starts import Contestant, Start, cold_start
from bench.report import Goal, Report, Spread, Table, run
from bench.world import World, world
from local.build import built_tree

RUNS = 7
OF_FLOOR, OF_USUAL = 1.25, 0.55
_NOTES = (
    "ours: as `make build` leaves it.",
    "floor: boto3's client, one read; create: a model, a transaction, a message; process: pydantic, httpx. Compiled.",
    "usual: Powertools' event handler with validation, Idempotency and Tracer, and boto3's resources, by `sam build`.",
    "usual, compiled: the same, compiled as ours is.",
)


def measure() -> Report:
    """Measure everything, in some five minutes."""
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as state:
        places = prepare(built_tree())
        with world(Path(state)) as around:
            cast = Cast(places, around)
            beside = {name: _turns(_of(name, cast), around) for name in FUNCTIONS}
            below = {name: _turns([cast.floor(name), cast.thin(name)], around) for name in ("status", "create")}
            levers = {name: _turns(pair, around) for name, pair in cast.levers().items()}
    figures = {"beside": beside, "below": below, "levers": levers}
    return Report(
        "cold_start",
        f"Cold starts, {RUNS} of each ({', '.join(f'{name} {version}' for name, version in versions().items())})",
        [
            _beside(beside),
            _pairs("Each lever alone, CPU ms", ("lever", "without", "with", "saves"), levers),
            _pairs("Below the floor, CPU ms", ("function", "boto3's client", "a thin signed client", "saves"), below),
        ],
        {part: {name: _plain(found) for name, found in figures[part].items()} for part in figures},
        [goal for name in FUNCTIONS for goal in _goals(name, beside[name])],
    )


def _of(name: str, cast: Cast) -> list[Contestant]:
    return [cast.ours(name), cast.floor(name), cast.usual(name, plain=True), cast.usual(name, plain=False)]


def _turns(contestants: Sequence[Contestant], around: World) -> list[list[Start]]:
    """Start each in turn, again and again; once before it counts, so that every file has been read from the disk."""
    for each in contestants:
        cold_start(each, around.variables)
    turns = [[cold_start(each, around.variables) for each in contestants] for _ in range(RUNS)]
    return [list(starts) for starts in zip(*turns, strict=True)]


def _ratio(ours: list[Start], theirs: list[Start]) -> Spread:
    return Spread.of(our.cpu_ms / their.cpu_ms for our, their in zip(ours, theirs, strict=True))


def _cpu(starts: list[Start]) -> str:
    return Spread.of(start.cpu_ms for start in starts).text(0)


def _beside(found: dict[str, list[list[Start]]]) -> Table:
    columns: tuple[str, ...] = ("function", "ours, CPU ms", "floor", "usual", "usual, compiled")
    columns += ("of the floor", "of the usual", "of it compiled", "ours, wall ms")
    rows = []
    for name, starts in found.items():
        ratios = [_ratio(starts[0], other).text() for other in starts[1:]]
        wall = Spread.of(start.wall_ms for start in starts[0]).text(0)
        rows.append((name, *map(_cpu, starts), *ratios, wall))
    return Table("CPU from a process's start to its first answer", columns, rows, _NOTES)


def _pairs(title: str, columns: Sequence[str], found: dict[str, list[list[Start]]]) -> Table:
    rows = []
    for name, (without, with_it) in found.items():
        saved = Spread.of(one.cpu_ms - other.cpu_ms for one, other in zip(without, with_it, strict=True))
        rows.append((name, _cpu(without), _cpu(with_it), saved.text(0)))
    return Table(title, columns, rows)


def _goals(name: str, found: list[list[Start]]) -> list[Goal]:
    ours, floor, usual, _compiled = found
    of_floor, of_usual = _ratio(ours, floor), _ratio(ours, usual)
    return [
        Goal(f"{name}: CPU at most {OF_FLOOR} of the floor", of_floor.text(), of_floor.median <= OF_FLOOR),
        Goal(f"{name}: CPU at most {OF_USUAL} of the usual", of_usual.text(), of_usual.median <= OF_USUAL),
    ]


def _plain(found: list[list[Start]]) -> list[Any]:
    return [[{"cpu_ms": round(start.cpu_ms), "wall_ms": round(start.wall_ms)} for start in starts] for starts in found]


if __name__ == "__main__":
    sys.exit(run(measure, __doc__ or ""))
