"""Finds the seeds again that find the seeded bugs: `python -m tests.simulation.seek [--to 3000] [--jobs 2] [NAME ...]`.

Keeps each seed of `seeds.json` that still finds its bug within the tests' budget, looks for the others from 0 on, and
writes them. Ends with 1 when a bug is found by no seed: then the simulation no longer notices it, and a hunt is due.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from tests.simulation.bugs import BUGS
from tests.simulation.quarries import BUDGET, QUARRIES, SEEDS, first_violation, known_seeds


def seek(name: str, until: int, first: int = 0) -> int | None:
    """Return the first seed that finds the bug by the check that it must break; None when none below `until` does."""
    while first < until:
        found = first_violation(name, range(first, until))
        if found is None:
            return None
        seed, check = found
        if check == QUARRIES[name].check:
            return seed
        first = seed + 1
    return None


def still_found(name: str, seed: int) -> bool:
    """Whether the seed's test passes."""
    found = first_violation(name, range(seed, seed + BUDGET))
    return found is not None and found[1] == QUARRIES[name].check


def _prepare() -> None:
    """Drop what the functions log: only this command's own lines are of interest."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _sought(known: dict[str, int], until: int, name: str) -> int | None:
    seed = known.get(name)
    return seed if seed is not None and still_found(name, seed) else seek(name, until)


def seek_all(names: Sequence[str], until: int, jobs: int) -> Iterator[tuple[str, int | None]]:
    """Yield each bug with its seed, the known one where it still finds it."""
    known = known_seeds()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        yield from zip(names, pool.map(partial(_sought, known, until), names), strict=True)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="bugs, as in bugs.py; all of them by default")
    parser.add_argument("--to", type=int, default=3_000, help="seeds to look through for each, from 0 on")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    """Write what was found; return 1 when a bug was not."""
    given = _arguments()
    seeds, missed = known_seeds(), 0
    for name, seed in seek_all(given.names or list(BUGS), given.to, given.jobs):
        if seed is None:
            missed += 1
            print(f"NOT FOUND        {name}: no seed below {given.to}", flush=True)
        elif seeds.get(name) != seed:
            print(f"{seeds.get(name, 'new')!s:>5} -> {seed:<7} {name}", flush=True)
            seeds[name] = seed
    in_order = {name: seeds[name] for name in BUGS if name in seeds}
    SEEDS.write_text(json.dumps(in_order, indent=2) + "\n")
    print(f"{len(in_order)} seeds in {SEEDS.name}, {missed} bugs without one")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
