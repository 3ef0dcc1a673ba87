"""Says what an open generation does now, why it waits, and when it moves next. Pure: uses only the head and the
time."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from shared.domain.generation import Generation
from shared.domain.settings import Settings
from shared.domain.states import Status

_LATE_BEAT = 1.5
"""A heartbeat may be late by half of its interval before it counts as late, because networks vary."""

_LATE_START = 0.5
"""A message that has taken this share of the dispatch grace counts as late."""


class State(StrEnum):
    """The activity of an open generation."""

    QUEUED = "queued"
    """Its message is on the way to a worker."""
    WORKING = "working"
    WAITING_TO_RETRY = "waiting_to_retry"
    """The last attempt was released; the next begins at `next_at`."""
    WAITING_FOR_PROVIDER = "waiting_for_provider"
    """The same, and the provider set the time."""
    LOST = "lost"
    """Its worker or its message is lost. The next reader or the sweeper rescues it."""


class Moving(NamedTuple):
    """The current activity. `because` is the code that ended the last attempt. `next_at` is when it moves, or when the
    sweeper checks it at the latest. `stuck` is true once a heartbeat or a start is late."""

    state: State
    because: str | None
    next_at: datetime
    stuck: bool


def moving(head: Generation, now: datetime, settings: Settings) -> Moving | None:
    """Return what an open generation does; None if it has ended."""
    if head.terminal:
        return None
    found = _running(head, now, settings) if head.status is Status.RUNNING else _pending(head, now, settings)
    if now >= head.deadline_at:
        return found._replace(state=State.LOST, stuck=True)
    return found


def _running(head: Generation, now: datetime, settings: Settings) -> Moving:
    beat = head.heartbeat_at or head.started_at or head.created_at
    lease_end = min(beat + timedelta(seconds=settings.lease_seconds), head.deadline_at)
    lost = head.lease_over(now, settings.lease_seconds)
    late = now > beat + timedelta(seconds=_LATE_BEAT * settings.heartbeat_seconds)
    return Moving(State.LOST if lost else State.WORKING, head.because, lease_end, late or lost)


def _pending(head: Generation, now: datetime, settings: Settings) -> Moving:
    due_at = head.due_at or head.deadline_at
    if head.not_before is not None and head.not_before > now:
        state = State.WAITING_FOR_PROVIDER if head.asked_to_wait else State.WAITING_TO_RETRY
        return Moving(state, head.because, head.not_before, False)
    lost = now >= due_at
    sent_again = head.attempt == 0 and head.dispatches > 1
    grace = timedelta(seconds=settings.dispatch_grace_seconds)
    late = sent_again or now > due_at - grace * (1 - _LATE_START)
    return Moving(State.LOST if lost else State.QUEUED, head.because, due_at, late or lost)
