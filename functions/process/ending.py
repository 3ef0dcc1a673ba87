"""Ends an attempt: the holder's single final write of the head, plus its log lines, events and messages."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from functions.process.attempt import Attempt
from functions.process.dependencies import Dependencies
from functions.process.unexpected import STORAGE, about
from shared.aws.dispatch import Dispatch, DispatchFailedError
from shared.aws.journal import log_ended
from shared.aws.logs import logger
from shared.domain import retry_policy
from shared.domain.codes.failures import FAILURES
from shared.domain.errors import GenerationError, LeaseLostError, StorageUnavailableError, TransitionRefusedError
from shared.domain.generation import ErrorInfo, Event, Generation
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.kinds.contract import Limits

_PAUSES_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Pauses before each try to release an attempt that could not be ended. Together less than a lease; after that a
rescuer acts."""


class Ending(StrEnum):
    """How a worker finished with a message. `passed_over`: there was nothing to do."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RELEASED = "released"
    LEASE_LOST = "lease_lost"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True)
class Handled:
    """The outcome of one message.

    `ended` is the generation as this worker ended it. `billed_usd` is the deployment's late spend on a generation that
    another writer ended. `ours` means that the operator must act, because other generations fail the same way until
    then.
    """

    ending: Ending
    ended: Generation | None = None
    billed_usd: Decimal = Decimal(0)
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Endings:
    """Ends the attempts of one worker. Safe to use from several threads."""

    dependencies: Dependencies
    dispatch: Dispatch

    def end(
        self, attempt: Attempt, limits: Limits, error: GenerationError | LeaseLostError | None, until: float
    ) -> Handled:
        """Write the attempt's end (None means success), and return the outcome of the message.

        If the end cannot be written, releases the generation with its spend instead, and retries that until the
        monotonic time `until`, within the lease. Raises the STORAGE error if nothing helped.
        """
        ours = isinstance(error, GenerationError) and is_ours(error.code)
        try:
            return replace(self._end(attempt, limits, error), ours=ours)
        except LeaseLostError:
            return replace(self._lost(attempt), ours=ours)
        except STORAGE as failed:
            logger().error("an end could not be written", extra=about(attempt.head) | {"reason": str(failed)})
            return replace(self._give_back(attempt, limits, until), ours=True)

    def _give_back(self, attempt: Attempt, limits: Limits, until: float) -> Handled:
        clock = self.dependencies.clock
        until = min(until, clock.monotonic() + self.dependencies.settings.lease_seconds)
        for pause, following in zip(_PAUSES_SECONDS, (*_PAUSES_SECONDS[1:], None), strict=True):
            self.dependencies.sleep(pause)
            try:
                return self._end(attempt, limits, StorageUnavailableError())
            except LeaseLostError:
                return self._lost(attempt)
            except STORAGE:
                if following is None or clock.monotonic() + following >= until:
                    raise
        raise AssertionError("the last try returns or raises")

    def _lost(self, attempt: Attempt) -> Handled:
        """Another worker holds it, or it has ended. This attempt may only write its cost, and only if no later attempt
        will count it. Best effort: nobody waits for it."""
        head, billed = attempt.head, Decimal(0)
        logger().info("the lease was lost", extra={**about(head), **attempt.logged})
        try:
            billed = attempt.bill().cost_usd
        except (*STORAGE, TransitionRefusedError):
            logger().warning("what the attempt has spent is not counted", extra=about(head))
        return Handled(Ending.LEASE_LOST, billed_usd=Decimal(0) if head.own_key else billed)

    def _end(self, attempt: Attempt, limits: Limits, error: GenerationError | LeaseLostError | None) -> Handled:
        if isinstance(error, LeaseLostError):
            raise error
        if error is None:
            self.dependencies.store.succeed(attempt.head, attempt.totals, attempt.last_step, attempt.made_by)
            return Handled(Ending.SUCCEEDED, self._as_ended(attempt, status=Status.SUCCEEDED, call=attempt.made_by))
        decision = self._decide(attempt.head, limits, error)
        log = logger().error if is_ours(error.code) else logger().info
        said: dict[str, Any] = {"code": error.code, "decision": repr(decision), **attempt.logged}
        log("the attempt ended", extra=about(attempt.head) | said)
        if isinstance(decision, retry_policy.GiveUp):
            return self._fail(attempt, decision)
        return self._release(attempt, error.code, decision)

    def _decide(
        self, head: Generation, limits: Limits, error: GenerationError
    ) -> retry_policy.Retry | retry_policy.GiveUp:
        clock = self.dependencies.clock
        return retry_policy.decide(
            error,
            head.releases,
            _policy(limits, self.dependencies.settings),
            attempt=head.attempt,
            jitter=clock.random(),
            seconds_left=(head.deadline_at - clock.now()) / timedelta(seconds=1),
        )

    def _fail(self, attempt: Attempt, decision: retry_policy.GiveUp) -> Handled:
        store, now = self.dependencies.store, self.dependencies.clock.now()
        attempt.recount()
        head = attempt.head
        said = ErrorInfo(decision.code, decision.message)
        store.fail(head, attempt.totals, said, attempt.ended_with)
        ended = replace(head, version=head.version + 1)
        store.timeline.note(ended, Event("failed", now, head.attempt, decision.code, call=attempt.ended_with))
        shown = self._as_ended(attempt, status=Status.FAILED, error=said, call=attempt.ended_with)
        return Handled(Ending.FAILED, shown)

    def _release(self, attempt: Attempt, code: str, decision: retry_policy.Retry) -> Handled:
        store, now = self.dependencies.store, self.dependencies.clock.now()
        if attempt.unsure:
            # The head is about to show the step's calls. The step must be counted with them: the next holder would add
            # the calls of an uncounted step again.
            attempt.recount()
        head = attempt.head
        pending = store.release(
            head,
            attempt.totals,
            not_before=now + timedelta(seconds=decision.delay_seconds) if decision.delay_seconds else None,
            counted=decision.counted,
            reserved_usd=attempt.reserved_usd,
            because=code,
        )
        try:
            self.dispatch.send(pending, self.dependencies.clock.now())
        except DispatchFailedError:
            logger().exception("given back and not dispatched; left to a rescuer", extra=about(head))
        event = Event("released", now, head.attempt, code, decision.delay_seconds, attempt.ended_with)
        store.timeline.note(pending, event)
        return Handled(Ending.RELEASED)

    def _as_ended(self, attempt: Attempt, **ended: Any) -> Generation:
        now = self.dependencies.clock.now()
        head = replace(attempt.head, usage=attempt.totals.usage, finished_at=now, **ended)
        log_ended(head, attempt.asked)
        return head


def is_ours(code: str) -> bool:
    """Whether the operator must act on a failure with this code."""
    known = FAILURES.get(code)
    return known is not None and known.is_ours


def _policy(limits: Limits, settings: Settings) -> retry_policy.RetryPolicy:
    releases = settings.max_releases if limits.max_attempts is None else limits.max_attempts - 1
    return retry_policy.RetryPolicy(releases, settings.retry_base_seconds)
