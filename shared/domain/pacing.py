"""When a reader should look again at a generation: seldom while nothing can have happened, closely at its likely end.

Pure. `tests/unit/test_pacing.py` simulates what following it costs in polls and in staleness.
"""

import math
from datetime import datetime, timedelta

from shared.domain.generation import Generation
from shared.domain.states import Status

SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 60.0
USUAL_SECONDS = 15.0
"""Of a generation whose head does not say how long its kind usually takes."""

_FIRST = 0.45  # of the usual time: of durations that scatter as models' do, one in twenty is over by then
_STEP = 0.1  # of the time that it has run or usually takes, while there is no progress to go by
_BLIND_STEP = 0.25  # of the same, once a heartbeat has come without any
_BEAT_ARRIVES = 0.8  # a heartbeat's news is in the table this long after the beat is due
_ALL_BUT_DONE = 92  # the progress at which the answer of the last call is about whole
_SURELY_OVER = 0.2  # past the moment that heals: who comes a little early would have come for nothing
_AIM_EARLY = 0.3  # Retry-After is rounded up to whole seconds


def poll_after_seconds(head: Generation, now: datetime, heartbeat_seconds: float, lease_seconds: float) -> float:
    """Return in how many seconds the next look at an open generation is worth it, from 2 to 60.

    Goes by the progress that the last heartbeat showed where there is any, else by how long the kind usually takes
    and how long this one has run. Never later than the moment from which a look would heal it, if its worker were dead
    or its message lost: a worker that lives moves that on with each heartbeat.
    """
    wanted = min(_estimate(head, now, heartbeat_seconds), _until_a_look_heals(head, now, lease_seconds))
    return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, wanted))


def first_look_seconds(usual_seconds: int) -> float:
    """Return in how many seconds the first look at a new generation is worth it: when one in twenty is over."""
    return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, _FIRST * (usual_seconds or USUAL_SECONDS)))


def retry_after(seconds: float) -> str:
    """Return a Retry-After header's value: whole seconds, rounded up (RFC 9110, section 10.2.3)."""
    return str(math.ceil(seconds))


def _estimate(head: Generation, now: datetime, heartbeat_seconds: float) -> float:
    usual = float(head.usual_seconds or USUAL_SECONDS)
    if head.not_before is not None and head.not_before > now:
        return _seconds(now, head.not_before) + _FIRST * usual
    if head.isolated:  # a dead worker's silence is among its times: its progress says nothing of how fast it goes
        return _STEP * max(usual, _seconds(head.created_at, now))
    left = _left_by_progress(head, now)
    if left is None:
        return _without_progress(head, now, usual, heartbeat_seconds)
    # Overdue means that the estimate was wrong: wait as long again as it has been so.
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
        return _BLIND_STEP * max(usual, ran)  # the kind shows none: the next beat will not tell more
    step = _STEP * max(usual, ran)
    to_news = heartbeat_seconds + _BEAT_ARRIVES - _seconds(head.heartbeat_at, now)
    return min(max(SHORTEST_SECONDS, step), to_news) if to_news > 0 else step


def _seconds(earlier: datetime, later: datetime) -> float:
    return (later - earlier) / timedelta(seconds=1)
