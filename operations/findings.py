"""Everything that the doctor can find: what each means, and what to do about it. Looks at nothing itself."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """A fault is against an invariant. A notice is within them, and still worth knowing."""

    FAULT = "fault"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong."""

    code: str
    severity: Severity
    means: str
    do: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that does not hold, and where: an owner's item, or neither, where it is of the whole deployment.

    `detail` is made of counts, times and the project's own words; nothing that a user wrote is in it.
    """

    rule: Rule
    owner: str = ""
    item: str = ""
    detail: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        return self.rule.code, self.owner, self.item


_PRINTABLE = frozenset({"G#", "I#", "S#", "Y#", "R#", "C#", "U#", "E#", "L#", "X#"})


def shown_key(sort_key: str) -> str:
    """Return a sort key as it may be shown: an idempotency key is what a client chose, and may say anything."""
    if sort_key[:2] in _PRINTABLE or sort_key == "sweep":
        return sort_key
    return f"{sort_key[:2]}..." if sort_key.startswith("K#") else "..."


def _fault(code: str, means: str, do: str) -> Rule:
    return Rule(code, Severity.FAULT, means, do)


def _notice(code: str, means: str, do: str) -> Rule:
    return Rule(code, Severity.NOTICE, means, do)


_CHANGED = "Find out what else than Unstuck changes the table."
_SWEEPER = "See SweeperSilentAlarm, the log of sweeper, and its schedule."

SWEEPER_SILENT = _fault("sweeper_silent", "The sweeper has left no mark for longer than it may.", _SWEEPER)
OVERDUE = _fault("overdue", "An open generation is past its deadline, and nobody has failed it.", _SWEEPER)
UNATTENDED = _fault("unattended", "An open generation is due, and nobody has looked at it.", _SWEEPER)
NOT_IN_INDEX = _fault(
    "not_in_index",
    "An open generation has no due_at or no due_shard: the sweeper cannot see it.",
    "Its owner heals it by reading it, once its lease or its deadline is over. " + _CHANGED,
)
WRONG_SHARD = _fault(
    "wrong_shard", "An open generation is in a shard of the due index that its id does not lead to.", _CHANGED
)
DUE_AFTER_DEADLINE = _fault(
    "due_after_deadline", "An open generation is looked at only after its deadline.", "It ends late. " + _CHANGED
)
ENDED_IN_INDEX = _fault(
    "ended_in_index", "A generation has ended and is still to be looked at: the sweeper reads it in vain.", _CHANGED
)
ENDED_INCOMPLETE = _fault(
    "ended_incomplete",
    "A generation has ended without finished_at or expires_at: it is on no day's account, or never deleted.",
    _CHANGED,
)
CONTRADICTION = _fault("contradiction", "A generation's status does not go with the rest of its head.", _CHANGED)
LEASE_OVER = _notice(
    "lease_over",
    "A running generation's worker is silent, and it is not due yet: it was sent several times before.",
    "Nothing: it is rescued when it is due, and at once when its owner reads it.",
)
STEPS_MISSING = _fault("steps_missing", "A head counts steps, or names an output, that are not stored.", _CHANGED)
USAGE_OFF_STEPS = _fault(
    "usage_off_steps",
    "A head's cost is not what its stored steps cost and what was wasted.",
    "The owner's figures are wrong by the difference. Please report it, with the generation's timeline.",
)
USAGE_OFF_DAY = _fault(
    "usage_off_day",
    "The usage of an owner's day is not that of the generations which ended on it.",
    "GET /v1/usage and the ceiling of the day are wrong by the difference. Please report it.",
)
USAGE_WITHOUT_HEADS = _notice(
    "usage_without_heads",
    "The usage of an owner's day counts generations that are not there, though they are to be kept.",
    "Expected after RetentionDays was raised. " + _CHANGED,
)
OPEN_LAPSES = _fault(
    "open_lapses",
    "An open generation has a time to live: its owner cannot see it once that is over, and DynamoDB deletes it.",
    "Remove its expires_at. " + _CHANGED,
)
FAR_TIME = _fault(
    "far_time",
    "A time lies further ahead than any of Unstuck's can: a deadline a week, another time a day.",
    "Nothing that waits for it happens before. Set the time right. " + _CHANGED,
)
INPUT_MISSING = _fault(
    "no_input",
    "An open generation's input is not stored: no worker can make it.",
    "It fails with its next attempt, or at its deadline; its owner must create it again. " + _CHANGED,
)
STEP_EMPTY = _fault(
    "no_result",
    "A stored step has no result, neither in its item nor in an object.",
    "Its owner sees no output, and a retry goes on before it. " + _CHANGED,
)
OBJECT_GONE = _fault(
    "object_gone",
    "An item names an object of the bucket that is not there. Looked for with --objects.",
    "What it held is lost; a retry goes on before it. See whether a rule or somebody else deletes from the bucket.",
)
DAY_LAPSES = _fault(
    "day_lapses",
    "The usage of an owner's day has a time to live, and no erasure has stripped it: it will be lost.",
    "Remove its expires_at. " + _CHANGED,
)
KEY_OUTLIVES = _fault(
    "key_outlives",
    "A generation has ended or is gone, and its owner's provider key is still stored, encrypted.",
    "Delete the item; its time to live does an hour after the deadline. " + _CHANGED,
)
KEY_MISSING = _fault(
    "key_missing",
    "An open generation is to be made with its owner's provider key, which is not there.",
    "It fails with user_key_missing, or at its deadline. " + _CHANGED,
)
HEAD_MISSING = _fault(
    "head_missing",
    "What only a generation's life can have left is there, and the generation is not.",
    "After an erasure a worker that had been frozen may have stored it: have DELETE /v1/me sent again. Else: "
    + _CHANGED,
)
RETRY_BROKEN = _fault("retry_broken", "A retried generation and its successor do not name each other.", _CHANGED)
DECISION_WITHOUT_CARD = _fault(
    "decision_without_card",
    "A suggestion is accepted and its card is not there.",
    "Reject it and accept it again. " + _CHANGED,
)
CARD_WITHOUT_DECISION = _fault(
    "card_without_decision", "A card is there whose suggestion is not accepted as that card.", _CHANGED
)
REVIEW_UNMARKED = _fault(
    "review_unmarked", "A generation has decisions, and its head does not say so: they are not shown.", _CHANGED
)
UNREADABLE = _fault("unreadable", "An item cannot be read.", _CHANGED)
NEWER_SCHEMA = _notice(
    "newer_schema", "An item was written by a newer version of the code.", "Run this version's successor of doctor."
)
UNKNOWN_ITEM = _notice("unknown_item", "An item is none that Unstuck writes.", _CHANGED)
OVERSTAYED = _notice(
    "overstayed",
    "Items are there a week after their time to live; DynamoDB takes days at most.",
    "See whether time to live is switched on for the table, on the attribute expires_at.",
)
LIMIT_UNSWEPT = _fault(
    "limit_unswept", "The state of an owner's rate limit has no time to live, or one within its windows.", _CHANGED
)
INDEX_STALE = _fault(
    "index_stale",
    "The due index still lists what has ended or is gone, on a second look, too.",
    "It costs each sweep a read. An index that lags for long is a matter for AWS's support.",
)
DEAD_LETTERS = _notice(
    "dead_letters",
    "Messages were given up. Their generations end all the same, at their deadline at the latest.",
    "See the log of process for why, and then: unstuck redrive.",
)
MOVING = _notice(
    "moving", "An owner's items changed with each look: what is between them was not judged.", "Look again later."
)

RULES = {rule.code: rule for rule in list(globals().values()) if isinstance(rule, Rule)}
