"""The changes that a worker makes to the generation that it claims and holds.

The heartbeat's thread writes at the same time as the work, so no row assumes that it is the only writer.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from shared.domain.call_facts import NO_CALL, CallFacts
from shared.domain.generation import ErrorInfo, Generation, Totals
from shared.domain.row import Add, At, Mark, Once, Row
from shared.domain.rows.ends import ends
from shared.domain.states import Guard, Status

_PENDING, _RUNNING = frozenset({Status.PENDING}), frozenset({Status.RUNNING})
_MINE = (Guard.FENCE, Guard.HOLDER)
_WORKER = ("process",)
_FRUITFUL = {"fruitless_attempts": 0, "releases": 0, "because": None}
"""A stored step resets the count of fruitless attempts."""

FIRST_STAGE = "starting"
"""The stage from the claim until the kind names its own."""


class Shown(NamedTuple):
    """The values that a heartbeat shows."""

    progress: int
    stage: str | None


class Granted(NamedTuple):
    """A call that is about to be sent. `reserved_usd` is what all calls without a known cost may cost, including this
    one. `totals` and `shown`, if given, are shown with it."""

    step: str
    reserved_usd: Decimal
    totals: Totals | None
    shown: Shown | None


class Stored(NamedTuple):
    """The stored totals, the progress, and the stage that begins."""

    totals: Totals
    progress: int
    stage: str | None
    reserved_usd: Decimal


class Done(NamedTuple):
    """The totals, the step whose result is the output, and the call that made it."""

    totals: Totals
    output_step: str
    call: CallFacts = NO_CALL


class Failed(NamedTuple):
    """The usage, the error that the owner reads, and the call that failed."""

    totals: Totals
    error: ErrorInfo
    call: CallFacts = NO_CALL


class Billed(NamedTuple):
    """All usage, and what is still reserved for calls without a known charge."""

    totals: Totals
    reserved_usd: Decimal


class Released(NamedTuple):
    """The usage, when the generation may be claimed again, and the code that ended the attempt.

    `counted` is False if the provider set the time.
    """

    totals: Totals
    not_before: datetime | None
    counted: bool
    reserved_usd: Decimal
    because: str


def spent(totals: Totals) -> dict[str, Any]:
    return {"usage": totals.usage, "steps_done": totals.steps_done}


def _claim(_head: object, at: At, holder: str) -> Mapping[str, Any]:
    taken = {"holder": holder, "heartbeat_at": at.now, "not_before": None, "asked_to_wait": None, "stage": FIRST_STAGE}
    return taken | {"attempt": Add(), "fruitless_attempts": Add(), "started_at": Once(at.now)}


def _heartbeat(head: Generation, at: At, shown: Shown) -> Mapping[str, Any]:
    return {"heartbeat_at": at.now, **_moved(head, at, shown)}


def _moved(head: Generation, at: At, shown: Shown | None) -> dict[str, Any]:
    """Return the part of `shown` that the head does not show yet. Only the worker's own thread raises these values, and
    it waits for this write, so no heartbeat can be ahead of it."""
    if shown is None or (shown.progress <= head.progress and shown.stage == head.stage):
        return {}
    progress = max(shown.progress, head.progress)
    return {"progress": progress, "stage": shown.stage, "progress_at": at.now, "version": Add()}


def _begin_call(head: Generation, at: At, call: Granted) -> Mapping[str, Any]:
    again = head.step_calls if head.call_step == call.step else 0
    counted = {"calls": head.calls + 1, "call_step": call.step, "step_calls": again + 1}
    shown = {"reserved_usd": call.reserved_usd, **_moved(head, at, call.shown), **_news(head, call.totals)}
    return {"heartbeat_at": at.now, **counted, **shown}


def _news(head: Generation, totals: Totals | None) -> dict[str, Any]:
    """Return the part of `totals` that the head does not show yet."""
    if totals is None or totals == Totals(head.steps_done, head.usage):
        return {}
    # A rescuer that sees the steps counted assumes that they reset the count of fruitless attempts. A cancel checks the
    # version: it must not count only part of the usage.
    ended = {"fruitless_attempts": 0, "releases": 0} if totals.steps_done > head.steps_done else {}
    return spent(totals) | ended | {"version": Add()}


def _advance(_head: Generation, at: At, stored: Stored) -> Mapping[str, Any]:
    shown = {"progress": stored.progress, "stage": stored.stage, "progress_at": at.now, "heartbeat_at": at.now}
    return spent(stored.totals) | shown | {"reserved_usd": stored.reserved_usd} | _FRUITFUL


def _succeed(head: Generation, at: At, done: Done) -> Mapping[str, Any]:
    shown = {"progress": 100, "output_step": done.output_step, "stage": None}
    return ends(head, at, done.totals) | shown | _FRUITFUL | {"call": done.call}


def _fail(head: Generation, at: At, failed: Failed) -> Mapping[str, Any]:
    return ends(head, at, failed.totals, failed.error) | {"call": failed.call}


def _release(head: Generation, at: At, released: Released) -> Mapping[str, Any]:
    again = {"not_before": released.not_before, "due_at": at.grace(head, released.not_before)}
    why = {"because": released.because, "asked_to_wait": None if released.counted else True}
    # As its holder counts them: it has subtracted calls that were refused before the first token.
    counted = {
        "call_step": head.call_step,
        "step_calls": head.step_calls,
        "fruitless_attempts": 0,
        "releases": head.releases + (1 if released.counted else 0),
    }
    left = {"holder": None, "stage": None, "reserved_usd": released.reserved_usd}
    return spent(released.totals) | again | why | counted | left


CLAIM = Row[str](
    "claim",
    _WORKER,
    _PENDING,
    Status.RUNNING,
    (
        Guard.FENCE,
        Guard.READABLE,
        Guard.FRUITLESS_ATTEMPTS_LEFT,
        Guard.NOT_BEFORE_PASSED,
        Guard.BEFORE_DEADLINE,
    ),
    _claim,
    Mark.HOLDER,
    "a worker claims it; the holder is the end of its log stream's name and a random token. The attempt counts as "
    "fruitless until it stores a step or ends in order, so that a crash always counts",
    raises_fence=True,
    raises_version=True,
)
HEARTBEAT = Row[Shown](
    "heartbeat",
    _WORKER,
    _RUNNING,
    None,
    (*_MINE, Guard.BEFORE_DEADLINE, Guard.PROGRESS_NOT_AHEAD),
    _heartbeat,
    Mark.STILL_HELD,
    "renews the lease; sets progress, stage and version only if progress or stage changed",
)
BEGIN_CALL = Row[Granted](
    "begin_call",
    _WORKER,
    _RUNNING,
    None,
    (*_MINE, Guard.BEFORE_DEADLINE, Guard.CALLS_AS_KNOWN),
    _begin_call,
    Mark.CALLS,
    "required before each call to the provider; usage, progress and stage, and version + 1, if more is known than the "
    "head shows",
)
STORE_STEP = Row[None](
    "store_step",
    _WORKER,
    frozenset(Status),
    None,
    (Guard.ABSENT,),
    lambda _head, _at, _given: {},
    Mark.DONE,
    "writes the step's item and leaves the head unchanged: the first stored result wins, whichever worker holds the "
    "generation",
)
ADVANCE = Row[Stored](
    "advance",
    _WORKER,
    _RUNNING,
    None,
    (*_MINE, Guard.USAGE_AS_READ),
    _advance,
    Mark.STEPS,
    "after store_step: the head shows what is stored. It requires the usage as read: a delayed first copy must not "
    "lower the progress that the second copy and later heartbeats set",
    raises_version=True,
)
SUCCEED = Row[Done](
    "succeed",
    _WORKER,
    _RUNNING,
    Status.SUCCEEDED,
    _MINE,
    _succeed,
    Mark.OP,
    "the last step's advance and the end in one; the owner's usage of the day; provider key deleted",
    raises_version=True,
    transaction=True,
)
RELEASE = Row[Released](
    "release",
    _WORKER,
    _RUNNING,
    Status.PENDING,
    _MINE,
    _release,
    Mark.OP,
    "an orderly end resets the count of crashes: `fruitless_attempts` = 0. A release counts unless the provider set "
    "the time; then dispatch with the delay",
    raises_fence=True,
    raises_version=True,
)
FAIL = Row[Failed](
    "fail",
    _WORKER,
    _RUNNING,
    Status.FAILED,
    _MINE,
    _fail,
    Mark.OP,
    "the error's code; the owner's usage of the day; provider key deleted",
    raises_version=True,
    transaction=True,
)
BILL = Row[Billed](
    "bill",
    _WORKER,
    frozenset({Status.FAILED, Status.CANCELED}),
    None,
    (Guard.FENCE, Guard.VERSION_AS_READ),
    lambda _head, _at, billed: spent(billed.totals) | {"reserved_usd": billed.reserved_usd},
    Mark.USAGE,
    "only by the last holder, after another writer ended its generation: adds charges that arrived late; the owner's "
    "usage of the day",
    raises_version=True,
    transaction=True,
)
