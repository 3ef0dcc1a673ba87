"""Every finding of the doctor, with its meaning and what to do. Reads nothing itself."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """A fault breaks an invariant. A notice breaks none but is worth knowing."""

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
    """One broken rule and its place: an owner's item, or neither if it concerns the whole deployment.

    `detail` has counts, times and the project's own words, never a user's text.
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
    """Return a sort key that is safe to show. A client chooses its idempotency key, so that part is hidden."""
    if sort_key[:2] in _PRINTABLE or sort_key == "sweep":
        return sort_key
    return f"{sort_key[:2]}..." if sort_key.startswith("K#") else "..."


def _fault(code: str, means: str, do: str) -> Rule:
    return Rule(code, Severity.FAULT, means, do)


def _notice(code: str, means: str, do: str) -> Rule:
    return Rule(code, Severity.NOTICE, means, do)


_CHANGED = "Find out which other program changes the table."
_CHANGED_TOO = "find out which other program changes the table."
_SWEEPER = "Follow the runbook of SweeperSilentAlarm: check the log of sweeper, and its schedule."

SWEEPER_SILENT = _fault("sweeper_silent", "The sweeper has left no mark for longer than it may.", _SWEEPER)
OVERDUE = _fault("overdue", "An open generation is past its deadline, and nothing has failed it.", _SWEEPER)
UNATTENDED = _fault("unattended", "An open generation is due, and nothing has rescued it.", _SWEEPER)
NOT_IN_INDEX = _fault(
    "not_in_index",
    "An open generation has no due_at or no due_shard, so the sweeper cannot see it.",
    "A read by its owner rescues it once its lease or its deadline is over. " + _CHANGED,
)
WRONG_SHARD = _fault("wrong_shard", "An open generation is in a shard of the due index that is not its id's.", _CHANGED)
DUE_AFTER_DEADLINE = _fault(
    "due_after_deadline", "An open generation is due only after its deadline, so it ends late.", _CHANGED
)
ENDED_IN_INDEX = _fault(
    "ended_in_index", "A generation has ended and is still in the due index: each sweep reads it for nothing.", _CHANGED
)
ENDED_INCOMPLETE = _fault(
    "ended_incomplete",
    "A generation has ended without finished_at or expires_at: no day's usage counts it, or nothing ever deletes it.",
    _CHANGED,
)
CONTRADICTION = _fault("contradiction", "A generation's status contradicts the rest of its head.", _CHANGED)
LEASE_OVER = _notice(
    "lease_over",
    "A running generation's worker is silent. It is not due yet, because it was sent several times before.",
    "Do nothing. It is rescued when it is due, and at once if its owner reads it.",
)
STEPS_MISSING = _fault("steps_missing", "A head counts steps, or names an output, that are not stored.", _CHANGED)
USAGE_OFF_STEPS = _fault(
    "usage_off_steps",
    "A head's cost is not the cost of its stored steps plus what was wasted.",
    "The owner's figures are wrong by the difference. Report it, with the generation's timeline.",
)
USAGE_OFF_DAY = _fault(
    "usage_off_day",
    "The usage of an owner's day is not the sum of the generations that ended on that day.",
    "GET /v1/usage and the daily spending limit are wrong by the difference. Report it.",
)
USAGE_WITHOUT_HEADS = _notice(
    "usage_without_heads",
    "The usage of an owner's day counts generations that are missing before their retention is over.",
    "Expected after RetentionDays was raised. Otherwise, " + _CHANGED_TOO,
)
OPEN_LAPSES = _fault(
    "open_lapses",
    "An open generation has a time to live. After it, its owner cannot see it, and DynamoDB deletes it.",
    "Remove its expires_at. " + _CHANGED,
)
FAR_TIME = _fault(
    "far_time",
    "A time is further ahead than Unstuck ever sets one: a deadline by a week, another time by a day.",
    "Set the time right: everything that waits for it waits until then. " + _CHANGED,
)
INPUT_MISSING = _fault(
    "no_input",
    "An open generation's input is not stored, so no worker can run it.",
    "It fails with its next attempt, or at its deadline. Its owner must create it again. " + _CHANGED,
)
STEP_EMPTY = _fault(
    "no_result",
    "A stored step has no result, neither in its item nor in an object.",
    "Its owner sees no output. A retry continues from the step before it. " + _CHANGED,
)
OBJECT_GONE = _fault(
    "object_gone",
    "An item names an object that is missing in the bucket. Checked with --objects.",
    "Its content is lost. A retry continues from the step before it. Check what deletes from the bucket.",
)
DAY_LAPSES = _fault(
    "day_lapses",
    "The usage of an owner's day has a time to live, and no erasure has emptied it: DynamoDB will delete it.",
    "Remove its expires_at. " + _CHANGED,
)
KEY_OUTLIVES = _fault(
    "key_outlives",
    "A generation has ended or is missing, and its owner's provider key is still stored, encrypted.",
    "Delete the item. Its time to live deletes it an hour after the deadline. " + _CHANGED,
)
KEY_MISSING = _fault(
    "key_missing",
    "An open generation needs its owner's provider key, which is missing.",
    "It fails with user_key_missing, or at its deadline. " + _CHANGED,
)
HEAD_MISSING = _fault(
    "head_missing",
    "Items of a generation exist, and the generation does not.",
    "After an erasure, a frozen worker may have stored them: send DELETE /v1/me again. Otherwise, " + _CHANGED_TOO,
)
RETRY_BROKEN = _fault("retry_broken", "A retried generation and its successor do not name each other.", _CHANGED)
DECISION_WITHOUT_CARD = _fault(
    "decision_without_card",
    "A suggestion is accepted, and its card is missing.",
    "Reject it and accept it again. " + _CHANGED,
)
CARD_WITHOUT_DECISION = _fault(
    "card_without_decision", "A card exists, and its suggestion is not accepted as that card.", _CHANGED
)
REVIEW_UNMARKED = _fault(
    "review_unmarked", "A generation has decisions, and its head does not say so, so readers do not see them.", _CHANGED
)
UNREADABLE = _fault("unreadable", "An item cannot be read.", _CHANGED)
NEWER_SCHEMA = _notice(
    "newer_schema", "A newer version of the code wrote an item.", "Run the doctor of that version or a later one."
)
UNKNOWN_ITEM = _notice("unknown_item", "Unstuck does not write items such as this one.", _CHANGED)
OVERSTAYED = _notice(
    "overstayed",
    "Items exist a week after their time to live. DynamoDB takes days at most.",
    "Check that time to live is enabled for the table, on the attribute expires_at.",
)
LIMIT_UNSWEPT = _fault(
    "limit_unswept", "The state of an owner's rate limit has no time to live, or one within its windows.", _CHANGED
)
INDEX_STALE = _fault(
    "index_stale",
    "The due index still lists a generation that has ended or is missing, also on a second read.",
    "It costs each sweep a read. If the index lags for long, ask AWS's support.",
)
DEAD_LETTERS = _notice(
    "dead_letters",
    "SQS gave up on messages. Their generations end anyway, at the latest at their deadline.",
    "Read the log of process for the cause, and then run unstuck redrive.",
)
MOVING = _notice(
    "moving",
    "An owner's items changed with each read, so they were not checked against each other.",
    "Run it again later.",
)

RULES = {rule.code: rule for rule in list(globals().values()) if isinstance(rule, Rule)}
