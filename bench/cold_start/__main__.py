"""Cold starts as Lambda has them: our functions, the least that does their work, and the usual stack.

The real runtime client, a whole processor until the first `GET /next` and what the memory buys after it, TLS in front
of every server. The contestants of a function start in turn, and ratios are of starts that followed each other.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.cold_start import memory, parts
from bench.cold_start.contestants import BATCH, FUNCTIONS, Cast, Shaped
from bench.cold_start.levers import levers
from bench.cold_start.places import prepare, versions
from bench.cold_start.share import way
from bench.cold_start.starts import Contestant, Start, cold_start
from bench.cold_start.surroundings import Surroundings, surroundings
from bench.cold_start.tables import beside, of_before, pairs, split
from bench.report import Goal, Report, run
from local.build import built_tree

RUNS = 7
OF_BEFORE, OF_FLOOR, OF_USUAL = 0.35, 1.25, 0.55
_TURNED_OFF = "before: without work before the first event, and trusting the authorities that botocore brings."
_NOTES = (
    _TURNED_OFF,
    "floor: boto3's client, one read. create: a model, a transaction, a message too. process: key, pydantic, a call.",
    "usual: Powertools' event handler with validation, Idempotency and Tracer, and boto3's resources, by `sam build`.",
    "usual, compiled: the same, compiled as ours is. All are compared in the time from start to answer.",
)


def measure(runs: int = RUNS, only: Sequence[str] = (), before: Path | None = None) -> Report:
    """Measure everything, in some fifteen minutes; with `only`, those functions and nothing else."""
    places, names = prepare(built_tree()), [name for name in FUNCTIONS if not only or name in only]
    with surroundings() as around:
        cast = Cast(places, around.world, memory.of_the_template(around.world.tree))
        shaped = Shaped(cast, around, before)

        def turns(contestants: Sequence[Contestant]) -> list[list[Start]]:
            return _turns(contestants, around, runs)

        found = {name: turns(shaped.beside(name)) for name in names}
        batch = {f"process, {BATCH} at once": turns(shaped.batch())} if "process" in names else {}
        loaded: dict[str, list[float]] = {}
        rest: dict[str, dict[str, list[list[Start]]]] = {"bundles": {}, "memory": {}, "levers": {}, "below": {}}
        if not only:
            rest["bundles"] = {name: turns(shaped.bundle_alone(name)) for name in ("sweeper", "create", "status")}
            rest["memory"] = {name: turns(memory.sizes(shaped.ours(name), name)) for name in memory.SIZES}
            rest["levers"] = {name: turns(pair) for name, pair in levers(cast, places).items()}
            loaded = parts.parts(cast, places, around.variables)
            rest["below"] = {name: turns([cast.floor(name), cast.thin(name)]) for name in ("status", "create")}
    tables = [beside(found, _NOTES), split({**found, **batch}, (f"By {way()}.", _TURNED_OFF))]
    if not only:
        tables += [
            pairs("A small bundle of authorities, CPU ms", ("function", "botocore's", "Amazon's"), rest["bundles"]),
            memory.table(rest["memory"]),
            pairs("Each lever alone, CPU ms", ("lever", "without", "with"), rest["levers"]),
            parts.table(loaded),
            pairs("Below the floor, CPU ms", ("function", "boto3's client", "a thin signed client"), rest["below"]),
        ]
    figures = {"beside": found, "batch": batch, **rest}
    return Report(
        "cold_start",
        f"Cold starts, {runs} of each ({', '.join(f'{name} {version}' for name, version in versions().items())})",
        tables,
        {part: {name: _plain(starts) for name, starts in each.items()} for part, each in figures.items()}
        | {"parts": loaded},
        [goal for name in names for goal in _goals(name, found[name])],
    )


def _turns(contestants: Sequence[Contestant], around: Surroundings, runs: int) -> list[list[Start]]:
    """Start each in turn, again and again; once before it counts, so that every file has been read from the disk."""
    for each in contestants:
        cold_start(each, around.variables)
    turns = [[cold_start(each, around.variables) for each in contestants] for _ in range(runs)]
    return [list(starts) for starts in zip(*turns, strict=True)]


def _goals(name: str, found: list[list[Start]]) -> list[Goal]:
    before, ours, floor, usual, _compiled = found
    of_floor, of_usual = (of_before(other, ours, "cpu_ms") for other in (floor, usual))
    goals = [
        Goal(f"{name}: CPU at most {OF_FLOOR} of the floor", of_floor.text(), of_floor.median <= OF_FLOOR),
        Goal(f"{name}: CPU at most {OF_USUAL} of the usual", of_usual.text(), of_usual.median <= OF_USUAL),
    ]
    if name == "process":
        ratio = of_before(before, ours, "lambda_ms")
        goals.append(Goal(f"{name}: first job at most {OF_BEFORE} of before", ratio.text(), ratio.median <= OF_BEFORE))
    return goals


def _plain(found: list[list[Start]]) -> list[Any]:
    return [[start.plain() for start in starts] for starts in found]


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--runs", type=int, default=RUNS, help="of each contestant")
    parser.add_argument(
        "--only", nargs="+", default=(), choices=FUNCTIONS, help="functions; leaves the other tables out"
    )
    parser.add_argument("--before", type=Path, help="a tree that `make build` left, such as of an older commit")
    given, rest = parser.parse_known_args()
    return run(partial(measure, given.runs, given.only, given.before), __doc__ or "", rest, [parser])


if __name__ == "__main__":
    sys.exit(main())
