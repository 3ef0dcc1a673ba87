"""The values of a generation: how usage adds up, when a lease is over, which stored steps a head does not count yet."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.generation import Totals, Usage, settle
from shared.domain.states import Status
from tests.factories import START, FakeClock, a_generation, a_step


def cents(amount: int) -> Usage:
    return Usage(1, 10 * amount, amount, Decimal(amount) / 100)


def test_usage_adds_each_of_its_figures() -> None:
    one = Usage(1, 2, 3, Decimal("0.1"), Decimal("0.01"))
    ten = Usage(10, 20, 30, Decimal("0.2"), Decimal("0.02"))
    assert one + ten == Usage(11, 22, 33, Decimal("0.3"), Decimal("0.03"))
    assert one + ten - one == ten


@given(st.integers(0, 5), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_steps_beyond_those_counted_are_counted_and_no_others(counted: int, stored: int) -> None:
    clock = FakeClock()
    head = replace(a_generation(clock), steps_done=counted, usage=Usage(7, 0, 0, Decimal(1)))
    steps = [a_step(clock, f"step {place}", place, usage=cents(place)) for place in range(1, stored + 1)]
    expected = head.usage
    for place in range(counted + 1, stored + 1):
        expected += cents(place)
    kept = sum((step.usage.cost_usd for step in steps), Decimal(0))
    expected = replace(expected, wasted_cost_usd=expected.cost_usd - kept)
    assert settle(head, steps) == Totals(max(counted, stored), expected)


def test_what_the_head_has_shown_of_a_step_already_is_not_counted_with_it_again(clock: FakeClock) -> None:
    head = replace(a_generation(clock), usage=cents(3))
    step = a_step(clock, usage=cents(3) + cents(4), shown=cents(3))
    assert settle(head, [step]) == Totals(1, cents(3) + cents(4))


def test_what_went_into_no_stored_step_is_wasted_and_so_is_what_a_step_itself_threw_away(clock: FakeClock) -> None:
    head = replace(a_generation(clock), steps_done=1, usage=cents(100))
    step = a_step(clock, usage=cents(30).all_wasted() + cents(20))
    assert settle(head, [step]).usage.wasted_cost_usd == Decimal("0.80")


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
