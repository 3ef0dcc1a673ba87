"""The changes that a rescuer (the sweeper, or `status` when it reads) makes to a stale generation.

Every row's guards compare with the strongly read head. If several rescuers act at once, one wins.
"""

from collections.abc import Mapping
from typing import Any

from shared.domain.generation import ErrorInfo, Generation, Totals
from shared.domain.row import At, Mark, Row
from shared.domain.rows.ends import ends
from shared.domain.states import OPEN, Guard, Status

_PENDING, _RUNNING = frozenset({Status.PENDING}), frozenset({Status.RUNNING})
_RESCUERS = ("sweeper", "status")
WORKER_LOST = "worker_lost"
"""The code of an attempt whose worker's heartbeats stopped."""

CRASH_LOOP_ERROR = ErrorInfo("crash_loop", "Its workers crashed several times in a row without a result.")
DEADLINE_ERROR = ErrorInfo("deadline_exceeded", "The generation was not done by its deadline.")


def _give_back(head: Generation, at: At, totals: Totals | None) -> Mapping[str, Any]:
    sets = {"isolated": True, "due_at": at.grace(head), "holder": None, "dispatches": head.dispatches + 1}
    sets |= {"because": WORKER_LOST, "stage": None}
    if totals is None:
        return sets
    counted = {"usage": totals.usage, "steps_done": totals.steps_done, "reserved_usd": totals.reserved_of(head)}
    return sets | counted | {"fruitless_attempts": 0}


def _send_again(head: Generation, at: At, _given: None) -> Mapping[str, Any]:
    again = max(at.now, head.not_before or at.now)
    return {"dispatches": head.dispatches + 1, "due_at": at.grace(head, again, head.dispatches)}


REARM = Row[None](
    "rearm",
    _RESCUERS,
    _RUNNING,
    None,
    (Guard.FENCE, Guard.DUE_AS_READ),
    lambda head, at, _given: {"due_at": at.lease_end(head)},
    Mark.DONE,
    "the lease is still fresh: check again when it ends",
)
POSTPONE = Row[None](
    "postpone",
    _RESCUERS,
    OPEN,
    None,
    (Guard.FENCE, Guard.DUE_AS_READ),
    lambda head, at, _given: {"due_at": at.grace(head)},
    Mark.DONE,
    "this version cannot read the head and leaves it to a version that can, or to its deadline",
    any_version=True,
)
GIVE_BACK = Row["Totals | None"](
    "give_back",
    _RESCUERS,
    _RUNNING,
    Status.PENDING,
    (Guard.FENCE, Guard.HEARTBEAT_AS_READ),
    _give_back,
    Mark.OP,
    "the worker is lost: from now on the generation runs alone, because it may have caused the crash. Usage, steps "
    "and `fruitless_attempts` = 0 if more steps are stored than the head counts; then dispatch",
    raises_fence=True,
    raises_version=True,
)
CRASH_LOOP = Row[Totals](
    "crash_loop",
    _RESCUERS,
    _RUNNING,
    Status.FAILED,
    (Guard.FENCE, Guard.HEARTBEAT_AS_READ),
    lambda head, at, totals: ends(head, at, totals, CRASH_LOOP_ERROR),
    Mark.OP,
    "the worker is lost, `fruitless_attempts` at max and no step stored: failed; usage; provider key deleted",
    raises_version=True,
    transaction=True,
)
SEND_AGAIN = Row[None](
    "send_again",
    _RESCUERS,
    _PENDING,
    None,
    (Guard.FENCE, Guard.DUE_AS_READ),
    _send_again,
    Mark.OP,
    "the message is lost: the fence stays, because the first message may still be queued; `due_at` backs off; "
    "dispatch not before `not_before`",
    raises_version=True,
)
EXPIRE = Row[Totals](
    "expire",
    _RESCUERS,
    OPEN,
    Status.FAILED,
    (Guard.FENCE, Guard.PAST_DEADLINE, Guard.USAGE_AS_READ, Guard.CALLS_AS_KNOWN),
    lambda head, at, totals: ends(head, at, totals, DEADLINE_ERROR),
    Mark.OP,
    "failed `deadline_exceeded`, even with a fresh heartbeat; usage; provider key deleted",
    raises_version=True,
    transaction=True,
    any_version=True,
)
