"""What is the matter with a head, and what a rescue may come to. Pure: from the head and the time alone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.generation import SCHEMA_VERSION, Generation
from shared.domain.states import Status


class Diagnosis(StrEnum):
    """What is the matter with a generation; the first four are no reason to call it stale."""

    ENDED = "ended"
    WAITING = "waiting"
    FRESH = "fresh"
    UNREADABLE = "unreadable"
    LOST_WORKER = "lost_worker"
    LOST_MESSAGE = "lost_message"
    OVERDUE = "overdue"


STALE = frozenset({Diagnosis.LOST_WORKER, Diagnosis.LOST_MESSAGE, Diagnosis.OVERDUE})


class RescueOutcome(StrEnum):
    """What a rescue did. `moved_on`: another was faster. `not_sent`: given back, and the queue took no message."""

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
    """What a rescue did, and the generation as it then is where that ended it."""

    outcome: RescueOutcome
    ended: Generation | None = None


def diagnose(head: Generation, now: datetime, lease_seconds: float, kinds: Collection[str]) -> Diagnosis:
    """Say what is the matter with a head, from nothing but itself and the time."""
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
