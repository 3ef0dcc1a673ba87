"""Rescues one stale generation. The sweeper, and `status` when it reads, use the same code.

Decides from the strongly read head. If several rescuers act at once, one wins and dispatches; the others change
nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from shared.aws.dispatch import Dispatch, DispatchFailedError
from shared.aws.journal import log_ended
from shared.domain.clock import Clock
from shared.domain.diagnosis import STALE, Diagnosis, Rescued, RescueOutcome, diagnose
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import ErrorInfo, Event, Generation, Totals
from shared.domain.rows.rescuer import CRASH_LOOP_ERROR, DEADLINE_ERROR
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.store.rescuer import RescuerStore


@dataclass(frozen=True, slots=True)
class Rescuer:
    """Resolves stale generations, one at a time. Safe to run in any number at once."""

    store: RescuerStore
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    kinds: Collection[str]

    def rescue_if_stale(self, head: Generation) -> Rescued | None:
        """Rescue a head that was just strongly read; return None if it is not stale. Raises as `rescue` does."""
        diagnosis = self._diagnose(head)
        return self._resolve(diagnosis, head) if diagnosis in STALE else None

    def rescue(self, head: Generation) -> Rescued:
        """Do what the strongly read head requires. Raises StoreUnavailableError; the generation stays safe."""
        return self._resolve(self._diagnose(head), head)

    def _diagnose(self, head: Generation) -> Diagnosis:
        return diagnose(head, self.clock.now(), self.settings.lease_seconds, self.kinds)

    def _resolve(self, diagnosis: Diagnosis, head: Generation) -> Rescued:
        try:
            return self._act(diagnosis, head)
        except TransitionRefusedError:
            return Rescued(RescueOutcome.MOVED_ON)

    def _act(self, diagnosis: Diagnosis, head: Generation) -> Rescued:
        match diagnosis:
            case Diagnosis.OVERDUE:
                totals = self.store.reads.settled(head)
                self.store.expire(head, totals)
                return self._noted_end(head, totals, RescueOutcome.EXPIRED, DEADLINE_ERROR)
            case Diagnosis.LOST_WORKER:
                return self._replace_worker(head)
            case Diagnosis.LOST_MESSAGE:
                return self._send(self.store.send_again(head), RescueOutcome.SENT_AGAIN)
            case Diagnosis.UNREADABLE:
                self.store.postpone(head)
                return Rescued(RescueOutcome.POSTPONED)
            case Diagnosis.FRESH if head.due_at is None or head.due_at <= self.clock.now():
                self.store.rearm(head)
                return Rescued(RescueOutcome.REARMED)
            case _:
                return Rescued(RescueOutcome.NOTHING)

    def _replace_worker(self, head: Generation) -> Rescued:
        totals = None
        if head.fruitless_attempts >= self.settings.max_fruitless_attempts:
            totals = self.store.reads.settled(head)
            if totals.steps_done == head.steps_done:
                self.store.crash_loop(head, totals)
                return self._noted_end(head, totals, RescueOutcome.CRASH_LOOP, CRASH_LOOP_ERROR)
        return self._send(self.store.give_back(head, totals), RescueOutcome.GIVEN_BACK)

    def _send(self, pending: Generation, outcome: RescueOutcome) -> Rescued:
        sent = True
        try:
            self.dispatch.send(pending, self.clock.now())
        except DispatchFailedError:
            sent = False  # it is pending with a due_at, so the next rescuer sends it again
        code = None if sent else "not_sent"
        self.store.timeline.note(pending, Event(str(outcome), self.clock.now(), pending.attempt, code))
        return Rescued(outcome if sent else RescueOutcome.NOT_SENT)

    def _noted_end(self, head: Generation, totals: Totals, outcome: RescueOutcome, error: ErrorInfo) -> Rescued:
        now = self.clock.now()
        ended = replace(head, version=head.version + 1, status=Status.FAILED, usage=totals.usage, finished_at=now)
        ended = replace(ended, error=error)
        log_ended(ended, self.store.reads.asked(head.key))
        self.store.timeline.note(ended, Event("failed", now, head.attempt, error.code))
        return Rescued(outcome, ended)
