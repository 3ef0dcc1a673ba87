"""The long proof: `make prove`, or `python -m tests.prove --schedules N --jobs J`. Hours on two cores.

Runs random schedules, each pair of crashes in each kind, and the lifecycle's model to its end. Exits with 1 if an
invariant did not hold, or if the run missed a goal. It does so with too few faults in the schedules, or with a fault
that struck too rarely. docs/proof.md has its last output.
"""

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any

from tests.model.run import main as walk_the_model
from tests.simulation.account import Account
from tests.simulation.faults import Fault
from tests.simulation.run import first_places, run_all

SCHEDULES, LEAST_OF_EACH = 200_000, 1_000
FIRST_SEED = 1_000_000
"""Far from the seeds that the tests draw."""

PARTS = ("schedules", "pairs", "model")
_SECONDS_BETWEEN_LINES = 60.0
_PORTION = 2_000
_PROJECT = Path(__file__).parents[1]


class Progress:
    """Prints a line now and then."""

    def __init__(self, of: str) -> None:
        self._of, self._began = of, time.monotonic()
        self._next = self._began + _SECONDS_BETWEEN_LINES

    def told(self, account: Account) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS_BETWEEN_LINES
            found = f"{account.runs:,} runs, {len(account.violations)} violations"
            print(f"  {self._of}: {found}, {now - self._began:.0f} s", flush=True)

    def seconds(self) -> float:
        return time.monotonic() - self._began


def prove_schedules(count: int, first: int, jobs: int) -> Iterator[str]:
    """Draw `count` schedules, or as many as there is time for before Ctrl-C; yield what the run fell short of."""
    progress, account = Progress("schedules"), Account()
    try:
        for seeds in batched(range(first, first + count), _PORTION, strict=False):
            account.merge(run_all(seeds, jobs))
            progress.told(account)
    except KeyboardInterrupt:
        yield f"{count - account.runs:,} schedules of {count:,}: the run was interrupted"
    _show("Schedules", account, progress)
    yield from _violations(account)
    if account.disturbed < account.runs:
        yield f"{account.runs - account.disturbed} schedules with too few faults"
    # A shorter run owes each fault its share.
    least = LEAST_OF_EACH * count // SCHEDULES
    yield from (f"{fault} struck {account.faults[fault]} times" for fault in Fault if account.faults[fault] < least)


def prove_pairs(jobs: int) -> Iterator[str]:
    """Try every pair of faults in every kind; yield what the run fell short of."""
    progress = Progress("pairs")
    account = run_all((), jobs, "pairs", progress.told)
    _show(f"Pairs of crashes, behind {len(first_places()):,} first ones", account, progress)
    yield from _violations(account)
    if account.ends["succeeded"] != account.runs:
        yield f"{account.runs - account.ends['succeeded']} pairs did not end well"


def _violations(account: Account) -> Iterator[str]:
    yield from account.violations[:3]
    if account.violations:
        yield f"{len(account.violations)} violations"


def _show(title: str, account: Account, progress: Progress) -> None:
    print(f"\n{title}, {progress.seconds():.0f} s")
    print("\n".join(f"  {line}" for line in account.lines()), flush=True)


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    found = subprocess.run(asked, cwd=_PROJECT, capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip() or "a tree without git"


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=SCHEDULES)
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be given again")
    return parser.parse_args()


def main() -> int:
    """Return 1 when something was found, or fell short."""
    given = _arguments()
    parts = given.only or PARTS
    print(f"Unstuck at {_commit()}, Python {platform.python_version()}, {given.jobs} processes", flush=True)
    short: list[str] = []
    if "pairs" in parts:
        short += prove_pairs(given.jobs)
    if "schedules" in parts:
        short += prove_schedules(given.schedules, given.seed, given.jobs)
    if "model" in parts:
        print("\nModel", flush=True)
        short += ["the model broke an invariant"] if walk_the_model() else []
    print("\n" + ("\n".join(f"NOT SHOWN: {what}" for what in short) or "Shown: nothing was found."))
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
