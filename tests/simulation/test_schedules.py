"""Drawn schedules of faults over the real handlers: all invariants hold, and one seed is one run."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation import hunts
from tests.simulation.run import run_all
from tests.simulation.schedules import simulate

_PROJECT = Path(__file__).parents[2]


def test_every_invariant_holds_in_every_schedule(schedules: int) -> None:
    account = run_all(range(schedules), jobs=2)
    assert not account.violations, account.violations[0]
    assert account.runs == schedules
    assert account.disturbed >= 0.99 * schedules
    assert account.ends["succeeded"] > schedules


@pytest.mark.usefixtures("simulated")
def test_one_seed_is_one_run_to_the_byte() -> None:
    first, second, other = (simulate(seed).trace.lines() for seed in (7, 7, 8))
    assert first == second
    assert first != other


@pytest.mark.usefixtures("simulated")
def test_a_seed_is_the_same_run_in_another_process() -> None:
    lines = simulate(7).trace.lines()
    command = [sys.executable, "-m", "tests.simulation.run", "--seed", "7", "--schedules", "1", "--trace"]
    for hashes in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hashes}
        shown = subprocess.run(command, cwd=_PROJECT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        # The functions' own log lines are in between, as JSON, with this machine's time.
        assert [line for line in shown.stdout.splitlines() if not line.startswith("{")] == lines


@pytest.mark.usefixtures("simulated")
def test_every_invariant_holds_beside_a_version_whose_statuses_this_one_does_not_know() -> None:
    for seed in range(60):
        hunts.beside_a_newer_version(seed)


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("hunt", [hunts.denied, hunts.raising])
def test_a_worker_that_lives_ends_its_attempt_in_order_whatever_storage_or_a_kind_does(
    hunt: Callable[[int], None],
) -> None:
    for seed in range(60):
        hunt(seed)
