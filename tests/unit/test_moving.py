"""An open generation's activity, why it is not moving, and when it will, at every moment of its life."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.generation import Generation
from shared.domain.moving import Moving, State, moving
from shared.domain.states import OPEN, Status
from tests.factories import SETTINGS, START, FakeClock, a_generation

GRACE, LEASE, BEAT = SETTINGS.dispatch_grace_seconds, SETTINGS.lease_seconds, SETTINGS.heartbeat_seconds


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def head(**changes: Any) -> Generation:
    return a_generation(FakeClock(), **{"due_at": after(GRACE), "deadline_at": after(900), **changes})


def running(**changes: Any) -> Generation:
    return head(status=Status.RUNNING, attempt=1, started_at=after(1), heartbeat_at=after(5), **changes)


def at(of: Generation, seconds: float) -> Moving:
    found = moving(of, after(seconds), SETTINGS)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("of", "seconds", "state", "next_at", "stuck"),
    [
        (head(), 1, State.QUEUED, GRACE, False),
        (head(), GRACE / 2 + 1, State.QUEUED, GRACE, True),
        (head(), GRACE, State.LOST, GRACE, True),
        (head(dispatches=2, due_at=after(3 * GRACE)), GRACE + 1, State.QUEUED, 3 * GRACE, True),
        (running(), 6, State.WORKING, 5 + LEASE, False),
        (running(), 5 + 1.5 * BEAT + 1, State.WORKING, 5 + LEASE, True),
        (running(), 5 + LEASE, State.LOST, 5 + LEASE, True),
        (head(attempt=1, not_before=after(20), due_at=after(80)), 10, State.WAITING_TO_RETRY, 20, False),
        (head(attempt=1, not_before=after(20), asked_to_wait=True), 10, State.WAITING_FOR_PROVIDER, 20, False),
        (head(attempt=1, not_before=after(20), due_at=after(80)), 21, State.QUEUED, 80, False),
        (running(deadline_at=after(8)), 7, State.WORKING, 8, False),
        (running(deadline_at=after(8)), 8, State.LOST, 8, True),
    ],
)
def test_what_it_does_and_by_when(of: Generation, seconds: float, state: State, next_at: float, stuck: bool) -> None:
    found = at(of, seconds)
    assert (found.state, found.next_at, found.stuck) == (state, after(next_at), stuck)


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELED])
def test_what_has_ended_does_nothing(status: Status) -> None:
    assert moving(head(status=status, due_at=None), START, SETTINGS) is None


def test_it_says_what_ended_the_last_attempt() -> None:
    assert at(head(attempt=1, because="provider_unavailable", not_before=after(9)), 1).because == "provider_unavailable"
    assert at(running(), 6).because is None


@given(
    st.sampled_from(sorted(OPEN)),
    st.integers(0, 1_200),
    st.one_of(st.none(), st.integers(0, 1_000)),
    st.one_of(st.none(), st.integers(0, 1_000)),
    st.integers(1, 5),
)
@settings(deadline=None)
def test_it_never_moves_later_than_its_deadline_and_what_is_lost_is_stuck(
    status: Status, seconds: int, beat: int | None, not_before: int | None, dispatches: int
) -> None:
    of = replace(
        head(status=status, dispatches=dispatches),
        heartbeat_at=None if beat is None else after(beat),
        not_before=None if not_before is None else after(min(not_before, 899)),
    )
    found = at(of, seconds)
    assert found.next_at <= of.deadline_at
    assert found.stuck or found.state is not State.LOST
