"""The values of a generation: how usage adds up, when a lease is over, which stored steps a head does not count yet."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.generation import Totals, Usage, settle
from shared.lifecycle import Status
from tests.factories import START, FakeClock, a_generation, a_step


def cents(amount: int) -> Usage:
    return Usage(1, 10 * amount, amount, Decimal(amount) / 100)


def test_usage_adds_each_of_its_figures() -> None:
    assert Usage(1, 2, 3, Decimal("0.1")) + Usage(10, 20, 30, Decimal("0.2")) == Usage(11, 22, 33, Decimal("0.3"))


@given(st.integers(0, 5), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_steps_beyond_those_counted_are_counted_and_no_others(counted: int, stored: int) -> None:
    clock = FakeClock()
    head = replace(a_generation(clock), steps_done=counted, usage=Usage(7, 0, 0, Decimal(1)))
    steps = [a_step(clock, f"step {place}", place, usage=cents(place)) for place in range(1, stored + 1)]
    expected = head.usage
    for place in range(counted + 1, stored + 1):
        expected += cents(place)
    assert settle(head, steps) == Totals(max(counted, stored), expected)


def test_a_lease_is_over_from_its_last_moment_on(clock: FakeClock) -> None:
    running = replace(a_generation(clock), status=Status.RUNNING, heartbeat_at=START)
    assert not running.lease_over(START + timedelta(seconds=39.999), 40)
    assert running.lease_over(START + timedelta(seconds=40), 40)


def test_who_never_beat_holds_no_lease(clock: FakeClock) -> None:
    assert replace(a_generation(clock), status=Status.RUNNING).lease_over(START, 40)


@pytest.mark.parametrize("status", list(Status))
def test_a_generation_is_terminal_by_its_status(clock: FakeClock, status: Status) -> None:
    ended = {Status.SUCCEEDED, Status.FAILED, Status.CANCELED}
    assert replace(a_generation(clock), status=status).terminal == (status in ended)
