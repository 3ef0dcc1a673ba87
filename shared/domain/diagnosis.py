"""Diagnoses a head, and names the outcomes of a rescue. Pure: uses only the head and the time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.generation import SCHEMA_VERSION, Generation
from shared.domain.states import Status


class Diagnosis(StrEnum):
    """A generation's condition. The first four do not make it stale."""

    ENDED = "ended"
    WAITING = "waiting"
    FRESH = "fresh"
    UNREADABLE = "unreadable"
    LOST_WORKER = "lost_worker"
    LOST_MESSAGE = "lost_message"
    OVERDUE = "overdue"


STALE = frozenset({Diagnosis.LOST_WORKER, Diagnosis.LOST_MESSAGE, Diagnosis.OVERDUE})


class RescueOutcome(StrEnum):
    """The outcome of a rescue. `moved_on`: another writer was faster. `not_sent`: pending again, but the queue took no
    message."""

    NOTHING = "nothing"
    REARMED = "rearmed"
    POSTPONED = "postponed"
    GIVEN_BACK = "given_back"
    SENT_AGAIN = "sent_again"
    CRASH_LOOP = "crash_loop"
    EXPIRED = "expired"
    MOVED_ON = "moved_on"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class Rescued:
    """The outcome of a rescue, and the generation as it then is if the rescue ended it."""

    outcome: RescueOutcome
    ended: Generation | None = None


def diagnose(head: Generation, now: datetime, lease_seconds: float, kinds: Collection[str]) -> Diagnosis:
    """Return the condition of a head, from the head and the time only."""
    if head.terminal:
        return Diagnosis.ENDED
    if now >= head.deadline_at:
        return Diagnosis.OVERDUE
    due = head.due_at is None or now >= head.due_at
    if head.schema_version > SCHEMA_VERSION or head.kind not in kinds or not head.status.known:
        return Diagnosis.UNREADABLE if due else Diagnosis.WAITING
    if head.status is Status.PENDING:
        return Diagnosis.LOST_MESSAGE if due else Diagnosis.WAITING
    return Diagnosis.LOST_WORKER if head.lease_over(now, lease_seconds) else Diagnosis.FRESH
