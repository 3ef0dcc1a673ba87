"""The changes that an owner makes to a generation."""

from shared.domain.generation import Totals
from shared.domain.row import Mark, Row
from shared.domain.rows.ends import ends
from shared.domain.states import OPEN, TERMINAL, Guard, Status

_OWNER = ("actions",)

CREATE = Row[None](
    "create",
    ("create", "actions"),
    frozenset(),
    Status.PENDING,
    (Guard.ABSENT,),
    lambda head, at, _given: {"due_at": at.grace(head, head.created_at)},
    Mark.CREATE_OP,
    "fence 1, version 1; in the same write the idempotency key, if unused or expired, the owner's rate limit, if "
    "unchanged since it was read, and the owner's provider key, if given; then dispatch",
    transaction=True,
)
CANCEL = Row[Totals](
    "cancel",
    _OWNER,
    OPEN,
    Status.CANCELED,
    (Guard.VERSION_AS_READ, Guard.CALLS_AS_KNOWN),  # a call that began meanwhile must keep its reserve
    ends,
    Mark.OP,
    "usage; provider key deleted; the worker's next heartbeat is refused, and the worker closes the provider's stream",
    raises_fence=True,
    raises_version=True,
    transaction=True,
    any_version=True,
)
DISMISS = Row[None](
    "dismiss",
    _OWNER,
    TERMINAL,
    None,
    (Guard.NOT_DISMISSED,),
    lambda _head, at, _given: {"dismissed_at": at.now},
    Mark.DONE,
    "the feed no longer lists it",
    raises_version=True,
)
RETRY = Row[str](
    "retry",
    _OWNER,
    frozenset({Status.FAILED, Status.CANCELED}),
    None,
    (Guard.NOT_RETRIED, Guard.USAGE_AS_READ),
    lambda _head, _at, successor: {"retried_as": successor},
    Mark.NONE,
    "a new generation with `retry_of`, the same input and, unless it starts over, the stored steps at no cost; the "
    "owner must send their provider key again; then dispatch",
    raises_version=True,
    transaction=True,
)
REVIEW = Row[None](
    "review",
    _OWNER,
    frozenset({Status.SUCCEEDED}),
    None,
    (),
    lambda _head, _at, _given: {"reviewed": True},
    Mark.OP,
    "the decisions, if their version is as strongly read; a card for each accepted suggestion, and none for the others",
    raises_version=True,
    transaction=True,
)
