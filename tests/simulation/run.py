"""The long run: `python -m tests.simulation.run --schedules N --seed S --jobs J`. Prints what was run and found.

Seed numbers begin at S. A violation prints its seed: `--seed S --schedules 1 --trace` shows that run whole.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import batched
from multiprocessing import get_context
from typing import Any

from tests.simulation import crashes
from tests.simulation.faults import Fault
from tests.simulation.schedules import Outcome, simulate, simulator
from tests.simulation.transitions import ViolationError
from tests.simulation.world import KINDS

_BATCH = 50
_DISTURBED = 3
"""Faults that a run must have met to count as a disturbed one: where a create was refused there may be fewer."""


@dataclass
class Account:
    """What many runs came to."""

    runs: int = 0
    disturbed: int = 0
    boundaries: int = 0
    calls: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.runs += 1
        self.disturbed += outcome.faults.total() >= _DISTURBED
        self.boundaries += outcome.boundaries
        self.calls += outcome.calls
        self.ends += outcome.ends
        self.faults += outcome.faults

    def merge(self, other: "Account") -> None:
        self.runs += other.runs
        self.disturbed += other.disturbed
        self.boundaries += other.boundaries
        self.calls += other.calls
        self.ends += other.ends
        self.faults += other.faults
        self.violations += other.violations

    def violated(self, violation: ViolationError) -> None:
        self.runs += 1
        notes = "\n".join(getattr(violation, "__notes__", ()))
        self.violations.append(f"{violation}\n{notes}")

    def lines(self) -> Iterator[str]:
        yield f"runs             {self.runs}, {self.disturbed} of them with {_DISTURBED} faults or more"
        yield f"boundary calls   {self.boundaries}"
        yield f"model calls      {self.calls}"
        yield f"faults           {self.faults.total()}"
        for fault, count in sorted(self.faults.items()):
            yield f"  {fault:18} {count}"
        yield f"generations      {self.ends.total()}"
        for end, count in sorted(self.ends.items()):
            yield f"  {end:18} {count}"
        yield f"violations       {len(self.violations)}"


def run_seeds(seeds: Sequence[int]) -> Account:
    """Run the schedules of these seeds."""
    account = Account()
    with simulator() as carriers:
        for seed in seeds:
            try:
                account.add(simulate(seed, carriers))
            except ViolationError as violation:
                account.violated(violation)
    return account


def run_places(work: tuple[str, Sequence[tuple[crashes.Place, ...]]]) -> Account:
    """Run one kind's scenario with each of these sets of faults."""
    kind, sets = work
    account = Account()
    with simulator() as carriers:
        for places in sets:
            try:
                account.add(crashes.disturbed(kind, places, carriers))
            except ViolationError as violation:
                violation.add_note(f"{kind} with {places}")
                account.violated(violation)
    return account


def _crash_work(*, pairs: bool) -> Iterator[tuple[str, Sequence[tuple[crashes.Place, ...]]]]:
    with simulator() as carriers:
        crossed = {kind: crashes.sites(kind, carriers) for kind in KINDS}
    for kind, sites in crossed.items():
        for sets in batched(crashes.pairs(sites) if pairs else crashes.singles(sites), _BATCH, strict=False):
            yield kind, sets


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--crashes", choices=("none", "singles", "pairs"), default="none")
    parser.add_argument("--trace", action="store_true", help="print each run's trace, in this process")
    return parser.parse_args()


def _quiet() -> None:
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")


def run_all(seeds: Sequence[int], jobs: int, crash_sets: str = "none") -> Account:
    """Run the schedules of these seeds, and the crashes of `crash_sets`, in so many processes."""
    account = Account()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        for part in pool.map(run_seeds, batched(seeds, _BATCH, strict=False)):
            account.merge(part)
        if crash_sets != "none":
            for part in pool.map(run_places, _crash_work(pairs=crash_sets == "pairs")):
                account.merge(part)
    return account


def main() -> int:
    """Return 1 when an invariant did not hold."""
    given, began = _arguments(), time.monotonic()
    seeds = range(given.seed, given.seed + given.schedules)
    if given.trace:
        return _show(seeds)
    account = run_all(seeds, given.jobs, given.crashes)
    print("\n".join(account.lines()))
    print(f"seconds          {time.monotonic() - began:.0f}")
    for violation in account.violations[:3]:
        print(f"\n{violation}")
    return 1 if account.violations else 0


def _show(seeds: Sequence[int]) -> int:
    with simulator() as carriers:
        for seed in seeds:
            try:
                outcome = simulate(seed, carriers)
            except ViolationError as violation:
                print("\n".join(getattr(violation, "__notes__", ())), violation, sep="\n")
                return 1
            print("\n".join(outcome.trace.lines()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
