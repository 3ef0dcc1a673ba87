"""What to do with one generation that somebody must look at. The sweeper and a reading `status` do the same.

Truth is the head as strongly read; of rescuers that come together one wins and dispatches, the others change nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.clock import Clock
from shared.config import Settings
from shared.dispatch import Dispatch, DispatchFailedError
from shared.errors import TransitionRefusedError
from shared.generation import SCHEMA_VERSION, Event, Generation, Totals
from shared.lifecycle import Status
from shared.store.rescuer import RescuerStore


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


class Outcome(StrEnum):
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

    outcome: Outcome
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


@dataclass(frozen=True, slots=True)
class Rescuer:
    """Resolves stale generations, one at a time. Safe to run in any number at once."""

    store: RescuerStore
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    kinds: Collection[str]

    def is_stale(self, head: Generation) -> bool:
        return self._diagnose(head) in STALE

    def rescue(self, head: Generation) -> Rescued:
        """Do what the head, as just strongly read, calls for. Raises StoreUnavailableError; nothing else is lost."""
        try:
            return self._act(self._diagnose(head), head)
        except TransitionRefusedError:
            return Rescued(Outcome.MOVED_ON)

    def _diagnose(self, head: Generation) -> Diagnosis:
        return diagnose(head, self.clock.now(), self.settings.lease_seconds, self.kinds)

    def _act(self, diagnosis: Diagnosis, head: Generation) -> Rescued:
        match diagnosis:
            case Diagnosis.OVERDUE:
                totals = self.store.settled(head)
                self.store.expire(head, totals)
                return self._noted_end(head, totals, Outcome.EXPIRED, "deadline_exceeded")
            case Diagnosis.LOST_WORKER:
                return self._replace_worker(head)
            case Diagnosis.LOST_MESSAGE:
                return self._send(self.store.send_again(head), Outcome.SENT_AGAIN)
            case Diagnosis.UNREADABLE:
                self.store.postpone(head)
                return Rescued(Outcome.POSTPONED)
            case Diagnosis.FRESH if head.due_at is None or head.due_at <= self.clock.now():
                self.store.rearm(head)
                return Rescued(Outcome.REARMED)
            case _:
                return Rescued(Outcome.NOTHING)

    def _replace_worker(self, head: Generation) -> Rescued:
        totals = None
        if head.barren >= self.settings.max_barren:
            totals = self.store.settled(head)
            if totals.steps_done == head.steps_done:
                self.store.crash_loop(head, totals)
                return self._noted_end(head, totals, Outcome.CRASH_LOOP, "crash_loop")
        return self._send(self.store.give_back(head, totals), Outcome.GIVEN_BACK)

    def _send(self, pending: Generation, outcome: Outcome) -> Rescued:
        sent = True
        try:
            self.dispatch.send(pending, self.clock.now())
        except DispatchFailedError:
            sent = False  # it is pending with a due_at: whoever looks next sends it again
        code = None if sent else "not_sent"
        self.store.note(pending, Event(str(outcome), self.clock.now(), pending.attempt, code))
        return Rescued(outcome if sent else Outcome.NOT_SENT)

    def _noted_end(self, head: Generation, totals: Totals, outcome: Outcome, code: str) -> Rescued:
        now = self.clock.now()
        ended = replace(head, version=head.version + 1, status=Status.FAILED, usage=totals.usage, finished_at=now)
        self.store.note(ended, Event("failed", now, head.attempt, code))
        return Rescued(outcome, ended)
