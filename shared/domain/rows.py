"""The life of a generation: its statuses and the table of every legal transition. Pure data, no reads or writes.

`store` builds each conditional write from its row, `docs/lifecycle.md` shows the same rows, and the tests walk them.
"""

from shared.domain.states import OPEN, TERMINAL, Guard, Status, Transition

_PENDING, _RUNNING = frozenset({Status.PENDING}), frozenset({Status.RUNNING})
_MINE = (Guard.FENCE, Guard.HOLDER)
_RESCUERS = ("sweeper", "status")

CREATE = Transition(
    "create",
    ("create",),
    frozenset(),
    Status.PENDING,
    (Guard.ABSENT,),
    "fence 1, version 1, `due_at` = now + dispatch grace; with it the idempotency key, if unused or expired, the "
    "owner's rate limit, if as read, and the owner's provider key, if given; then dispatch",
    transaction=True,
)
CLAIM = Transition(
    "claim",
    ("process",),
    _PENDING,
    Status.RUNNING,
    (Guard.FENCE, Guard.READABLE, Guard.FRUITLESS_ATTEMPTS_LEFT, Guard.NOT_BEFORE_PASSED, Guard.BEFORE_DEADLINE),
    "attempt + 1, fruitless attempts + 1, holder = log stream's end + random, `heartbeat_at` = now",
    raises_fence=True,
    raises_version=True,
)
HEARTBEAT = Transition(
    "heartbeat",
    ("process",),
    _RUNNING,
    None,
    (*_MINE, Guard.BEFORE_DEADLINE, Guard.PROGRESS_NOT_AHEAD),
    "`heartbeat_at` = now; progress, stage, `progress_at` and version + 1 when progress or stage moved",
)
BEGIN_CALL = Transition(
    "begin_call",
    ("process",),
    _RUNNING,
    None,
    (*_MINE, Guard.BEFORE_DEADLINE, Guard.CALLS_AS_KNOWN),
    "calls + 1, calls of this step + 1, reserve, `heartbeat_at` = now; nobody calls the provider without it; usage "
    "and version + 1 when more is known to be spent than the head shows",
)
STORE_STEP = Transition(
    "store_step",
    ("process",),
    frozenset(Status),
    None,
    (Guard.ABSENT,),
    "the step item, and nothing of the head: the first stored wins, whoever holds the generation",
)
ADVANCE = Transition(
    "advance",
    ("process",),
    _RUNNING,
    None,
    (*_MINE, Guard.USAGE_AS_READ),
    "after store_step: progress, usage, `steps_done`, fruitless attempts = 0, releases = 0, `heartbeat_at` = now",
    raises_version=True,
)
SUCCEED = Transition(
    "succeed",
    ("process",),
    _RUNNING,
    Status.SUCCEEDED,
    _MINE,
    "progress 100, the last step's advance; leaves the index; the owner's usage of the day; provider key deleted",
    raises_version=True,
    transaction=True,
)
RELEASE = Transition(
    "release",
    ("process",),
    _RUNNING,
    Status.PENDING,
    _MINE,
    "fruitless attempts - 1, releases + 1 unless the provider said when, usage, `not_before`, "
    "`due_at` = `not_before` + grace; then dispatch with the delay",
    raises_fence=True,
    raises_version=True,
)
FAIL = Transition(
    "fail",
    ("process",),
    _RUNNING,
    Status.FAILED,
    _MINE,
    "the error's code; leaves the index; the owner's usage of the day; provider key deleted",
    raises_version=True,
    transaction=True,
)
REARM = Transition(
    "rearm",
    _RESCUERS,
    _RUNNING,
    None,
    (Guard.FENCE, Guard.DUE_AS_READ),
    "`due_at` = `heartbeat_at` + lease; nothing else",
)
POSTPONE = Transition(
    "postpone",
    _RESCUERS,
    OPEN,
    None,
    (Guard.FENCE, Guard.DUE_AS_READ),
    "`due_at` moves on: a head that this version of the code cannot read is left to one that can",
    any_version=True,
)
GIVE_BACK = Transition(
    "give_back",
    _RESCUERS,
    _RUNNING,
    Status.PENDING,
    (Guard.FENCE, Guard.HEARTBEAT_AS_READ),
    "the worker is lost: isolated for good, `due_at` = now + grace; fruitless attempts = 0 when more steps "
    "are stored than the head counts; then dispatch",
    raises_fence=True,
    raises_version=True,
)
CRASH_LOOP = Transition(
    "crash_loop",
    _RESCUERS,
    _RUNNING,
    Status.FAILED,
    (Guard.FENCE, Guard.HEARTBEAT_AS_READ),
    "the worker is lost, fruitless attempts at max and no step stored: failed `crash_loop`; leaves the index; usage; "
    "provider key deleted",
    raises_version=True,
    transaction=True,
)
SEND_AGAIN = Transition(
    "send_again",
    _RESCUERS,
    _PENDING,
    None,
    (Guard.FENCE, Guard.DUE_AS_READ),
    "the message is lost: the same fence, dispatches + 1, `due_at` backs off; dispatch not before `not_before`",
    raises_version=True,
)
EXPIRE = Transition(
    "expire",
    _RESCUERS,
    OPEN,
    Status.FAILED,
    (Guard.FENCE, Guard.PAST_DEADLINE, Guard.USAGE_AS_READ),
    "failed `deadline_exceeded`, however fresh the heartbeat; leaves the index; usage; provider key deleted",
    raises_version=True,
    transaction=True,
    any_version=True,
)
CANCEL = Transition(
    "cancel",
    ("actions",),
    OPEN,
    Status.CANCELED,
    (Guard.VERSION_AS_READ,),
    "leaves the index; usage; provider key deleted; the worker's next heartbeat is refused and it closes the "
    "provider's stream",
    raises_fence=True,
    raises_version=True,
    transaction=True,
    any_version=True,
)
BILL = Transition(
    "bill",
    ("process",),
    frozenset({Status.FAILED, Status.CANCELED}),
    None,
    (Guard.FENCE, Guard.VERSION_AS_READ),
    "by the last holder alone, whose generation was ended by another: usage, with what it learned too late; the "
    "owner's usage of the day",
    raises_version=True,
    transaction=True,
)
DISMISS = Transition(
    "dismiss",
    ("actions",),
    TERMINAL,
    None,
    (Guard.NOT_DISMISSED,),
    "`dismissed_at`; the feed leaves it out",
    raises_version=True,
)
RETRY = Transition(
    "retry",
    ("actions",),
    frozenset({Status.FAILED, Status.CANCELED}),
    None,
    (Guard.NOT_RETRIED, Guard.USAGE_AS_READ),
    "`retried_as`; a new generation with `retry_of`, the same input and, unless it starts anew, the stored steps "
    "at no cost; an owner's provider key must be given anew; then dispatch",
    raises_version=True,
    transaction=True,
)
REVIEW = Transition(
    "review",
    ("actions",),
    frozenset({Status.SUCCEEDED}),
    None,
    (),
    "`reviewed`; the decisions, if their own version is as strongly read; a card for each that is accepted, "
    "and none for any other",
    raises_version=True,
    transaction=True,
)

TRANSITIONS = (
    CREATE,
    CLAIM,
    HEARTBEAT,
    BEGIN_CALL,
    STORE_STEP,
    ADVANCE,
    SUCCEED,
    RELEASE,
    FAIL,
    REARM,
    POSTPONE,
    GIVE_BACK,
    CRASH_LOOP,
    SEND_AGAIN,
    EXPIRE,
    CANCEL,
    BILL,
    DISMISS,
    RETRY,
    REVIEW,
)
