"""When a client should poll next: within LongestPollSeconds while the generation can end, and not before it can end.

Pure. `tests/unit/test_lateness.py` simulates how late the end is seen, `tests/unit/test_pacing.py` what it costs.
"""

import math
from datetime import datetime, timedelta

from shared.domain.generation import Generation
from shared.domain.settings import Settings
from shared.domain.states import Status

SHORTEST_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 60.0
USUAL_SECONDS = 15.0
"""For a generation whose head does not say how long its kind usually takes."""

_FIRST = 0.45  # of the usual time: with the spread of model calls, one in twenty has ended by then
_STEP = 0.1  # of the time that it has run or usually takes, while there is no progress to use
_BLIND_STEP = 0.25  # of the same, once a heartbeat came without progress
_BEAT_ARRIVES = 0.8  # a heartbeat is in the table this long after it is due
_ALL_BUT_DONE = 92  # the progress at which the last call's answer is almost complete
_SURELY_OVER = 0.2  # past the moment that triggers recovery: a slightly early poll would be wasted
_AIM_EARLY = 0.3  # Retry-After is rounded up to whole seconds


def poll_after_seconds(head: Generation, now: datetime, settings: Settings) -> float:
    """Return in how many seconds to poll an open generation next.

    If it cannot be claimed yet: when it can, but within a minute. Otherwise it may end at any moment, so the result is
    at most LongestPollSeconds. Within that bound, the estimate uses the progress of the last write. Without progress,
    it uses how long the kind usually takes and how long this one has run. The result is never later than the moment
    when a poll would trigger recovery of a lost worker or message.
    """
    if head.not_before is not None and head.not_before > now:
        # In whole seconds, so that rounding Retry-After up does not pass the moment.
        return min(LONGEST_WAIT_SECONDS, max(_shortest(settings), float(math.floor(_seconds(now, head.not_before)))))
    heals = _until_a_look_heals(head, now, settings.lease_seconds)
    return _bounded(min(_estimate(head, now, settings.heartbeat_seconds), heals), settings)


def heals_after_seconds(head: Generation, now: datetime, settings: Settings) -> float:
    """Return in how many seconds a poll would trigger recovery, if the worker or the message were lost. Never below
    zero.

    A client that gets pushes need not poll before then.
    """
    until_deadline = _seconds(now, head.deadline_at) + _SURELY_OVER
    return max(0.0, min(until_deadline, _until_a_look_heals(head, now, settings.lease_seconds)))


def first_look_seconds(usual_seconds: int, settings: Settings) -> float:
    """Return in how many seconds to poll a new generation first: when one in twenty has ended, within the bound."""
    return _bounded(_FIRST * (usual_seconds or USUAL_SECONDS), settings)


def retry_after(seconds: float) -> str:
    """Return a Retry-After header's value: whole seconds, rounded up (RFC 9110, section 10.2.3)."""
    return str(math.ceil(seconds))


def _bounded(seconds: float, settings: Settings) -> float:
    return min(settings.longest_poll_seconds, max(_shortest(settings), seconds))


def _shortest(settings: Settings) -> float:
    return min(SHORTEST_SECONDS, settings.longest_poll_seconds)


def _estimate(head: Generation, now: datetime, heartbeat_seconds: float) -> float:
    usual = float(head.usual_seconds or USUAL_SECONDS)
    if head.isolated:  # the times include a dead worker's silence, so progress says nothing about speed
        return _STEP * max(usual, _seconds(head.created_at, now))
    left = _left_by_progress(head, now)
    if left is None:
        return _without_progress(head, now, usual, heartbeat_seconds)
    # Overdue means that the estimate was wrong. Wait as long as it has been overdue.
    return left - _AIM_EARLY if left > 1 else -left


def _until_a_look_heals(head: Generation, now: datetime, lease_seconds: float) -> float:
    if head.status is Status.RUNNING and head.heartbeat_at is not None:
        return lease_seconds - _seconds(head.heartbeat_at, now) + _SURELY_OVER
    return math.inf if head.due_at is None else _seconds(now, head.due_at) + _SURELY_OVER


def _left_by_progress(head: Generation, now: datetime) -> float | None:
    if head.progress < 10 or head.started_at is None or head.progress_at is None:
        return None
    ran = _seconds(head.started_at, head.progress_at)
    return ran * _ALL_BUT_DONE / head.progress - _seconds(head.started_at, now)


def _without_progress(head: Generation, now: datetime, usual: float, heartbeat_seconds: float) -> float:
    ran = _seconds(head.created_at, now)
    if ran < _FIRST * usual / 2:
        return _FIRST * usual - ran
    if head.heartbeat_at is None or head.started_at is None or usual < heartbeat_seconds / 2:
        return _STEP * max(usual, ran)
    if head.heartbeat_at > head.started_at:
        return _BLIND_STEP * max(usual, ran)  # the kind shows no progress, so the next heartbeat will add nothing
    step = _STEP * max(usual, ran)
    to_news = heartbeat_seconds + _BEAT_ARRIVES - _seconds(head.heartbeat_at, now)
    return min(max(SHORTEST_SECONDS, step), to_news) if to_news > 0 else step


def _seconds(earlier: datetime, later: datetime) -> float:
    return (later - earlier) / timedelta(seconds=1)
