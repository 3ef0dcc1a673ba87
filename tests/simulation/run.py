"""Runs many simulations in several processes. `python -m tests.simulation.run --schedules N --seed S --jobs J` prints
what was run and found.

Seed numbers begin at S. A violation prints its seed: `--seed S --schedules 1 --trace` shows that run whole.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import batched
from multiprocessing import get_context
from typing import Any

from tests.simulation import crashes
from tests.simulation.account import Account
from tests.simulation.installation import installed
from tests.simulation.schedules import simulate
from tests.simulation.transitions import ViolationError
from tests.simulation.world import KINDS

_BATCH = 50
_YOUNG = 50_000
"""Objects that may be made before Python looks for those that nobody holds: a simulation makes many, and few cycles."""

Told = Callable[[Account], None]
"""Is given the sums so far, again and again."""


def run_seeds(seeds: Sequence[int]) -> Account:
    """Run the schedules of these seeds."""
    account = Account()
    with installed():
        for seed in seeds:
            try:
                account.add(simulate(seed))
            except ViolationError as violation:
                account.violated(violation)
            except BaseException as error:
                error.add_note(f"in the schedule of seed {seed}")
                raise
    return account


def run_single(work: tuple[str, crashes.Place]) -> Account:
    """Run one kind's scenario with this one fault."""
    kind, place = work
    with installed():
        return _run_places(kind, iter([(place,)]))


def run_pairs(work: tuple[str, crashes.Place]) -> Account:
    """Run one kind's scenario with this fault and, one after the other, all that may follow it."""
    kind, first = work
    with installed():
        return _run_places(kind, crashes.seconds(kind, first))


def _run_places(kind: str, sets: Iterator[tuple[crashes.Place, ...]]) -> Account:
    account = Account()
    for places in sets:
        try:
            outcome = crashes.disturbed(kind, places)
            if outcome.faults.total() != len(places):
                raise ViolationError("every_fault_strikes", "a fault that was placed did not strike")
            account.add(outcome)
        except ViolationError as violation:
            violation.add_note(f"{kind} with {places}")
            account.violated(violation)
    return account


def first_places() -> list[tuple[str, crashes.Place]]:
    """Return each kind with each single fault that its undisturbed run may meet."""
    with installed():
        return [(kind, place) for kind in KINDS for (place,) in crashes.singles(crashes.sites(kind))]


def run_all(seeds: Sequence[int], jobs: int, crash_sets: str = "none", told: Told = lambda _account: None) -> Account:
    """Run the schedules of these seeds, and the crashes of `crash_sets`, in this many processes."""
    account = Account()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        parts = [pool.map(run_seeds, batched(seeds, _BATCH, strict=False))]
        if crash_sets != "none":
            parts.append(pool.map(run_single if crash_sets == "singles" else run_pairs, first_places()))
        for part in (part for run in parts for part in run):
            account.merge(part)
            told(account)
    return account


def _prepare() -> None:
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 100)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--crashes", choices=("none", "singles", "pairs"), default="none")
    parser.add_argument("--trace", action="store_true", help="print each run's trace, in this process")
    return parser.parse_args()


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
    with installed():
        for seed in seeds:
            try:
                outcome = simulate(seed)
            except ViolationError as violation:
                print("\n".join(getattr(violation, "__notes__", ())), violation, sep="\n")
                return 1
            print("\n".join(outcome.trace.lines()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
