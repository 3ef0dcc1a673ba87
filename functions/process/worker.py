"""What becomes of one queue message: claim, run the kind's steps under a heartbeat, one final transition."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from functions.process.context import AttemptContext
from functions.process.dependencies import Dependencies
from functions.process.heartbeat import Heartbeat
from shared.aws.dispatch import Dispatch, DispatchFailedError, QueueMessage
from shared.aws.journal import log_ended
from shared.aws.logs import logger
from shared.domain import retry_policy
from shared.domain.codes.failures import FAILURES
from shared.domain.errors import (
    DeadlinePassedError,
    GenerationError,
    LeaseLostError,
    MessageRefusedError,
    StoreUnavailableError,
    TransitionRefusedError,
)
from shared.domain.generation import SCHEMA_VERSION, ErrorInfo, Event, Generation, GenerationInput
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Kind, Limits

# The input is stored before its generation; were it gone all the same, this fails the kind's own validation.
_NO_INPUT = GenerationInput({}, "", "", "")
_OURS = frozenset(name for name, code in FAILURES.items() if code.is_ours)


class Ending(StrEnum):
    """How a worker was done with a message. `passed_over`: there was nothing to do for it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RELEASED = "released"
    LEASE_LOST = "lease_lost"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one message.

    `ended` is the generation as this worker ended it. `billed_usd` is what was found to have been spent, of the
    deployment's money, on one that another had ended. `ours` says that whoever runs the deployment must act: others
    will end the same until then.
    """

    ending: Ending
    ended: Generation | None = None
    billed_usd: Decimal = Decimal(0)
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on one generation at a time for each thread; safe to use from several."""

    dependencies: Dependencies
    dispatch: Dispatch
    name: str
    kinds: Catalog

    def handle(self, message: QueueMessage, handover_at: float) -> Handled:
        """Do what the message asks, or nothing when the generation has moved on.

        Returns what became of it when the message may be deleted. Raises when it must go back to the queue: it names
        a newer version or an unknown kind, the store is not to be reached, or something unexpected happened; the
        lease then lapses, and a rescuer takes over.
        """
        dependencies = self.dependencies
        holder = f"{self.name[-8:]}-{dependencies.clock.token()}"
        try:
            head = dependencies.store.claim(message.called, holder, self.kinds.names())
        except TransitionRefusedError as refused:
            self._not_claimed(message, refused.current)
            return Handled(Ending.PASSED_OVER)
        return self._attempt(head, handover_at)

    def _not_claimed(self, message: QueueMessage, current: Generation | None) -> None:
        if current is None or current.fence != message.fence or current.terminal:
            return  # a duplicate, a late one, or a generation that is gone
        unknown = not current.status.known or current.kind not in self.kinds.names()
        if unknown or current.schema_version > SCHEMA_VERSION:
            told = f"kind {current.kind!r}, status {current.status!s}, schema {current.schema_version}"
            raise MessageRefusedError(f"{told}: not this version's")
        if current.status is not Status.PENDING:
            return
        now = self.dependencies.clock.now()
        if current.not_before is not None and current.not_before > now:
            self.dispatch.send(current, now)
        # Past its deadline, or fruitless too often: a rescuer ends it, and its due_at calls one.

    def _attempt(self, head: Generation, handover_at: float) -> Handled:
        dependencies = self.dependencies
        # The beats end, and their thread is joined, before the final write.
        seconds = dependencies.settings.heartbeat_seconds
        with Heartbeat(dependencies.heartbeats, head, dependencies.clock, seconds, handover_at) as heartbeat:
            content = dependencies.store.reads.get_input(head.key) or _NO_INPUT
            steps = dependencies.store.reads.get_steps(head.key)
            kind = self.kinds.load(head.kind)
            context = AttemptContext(head, kind, content, steps, dependencies, heartbeat)
            error = _run(context, kind, content)
            if not isinstance(error, LeaseLostError):
                context.ask_for_bills()
        ours = isinstance(error, GenerationError) and error.code in _OURS
        try:
            return replace(self._finish(context, error), ours=ours)
        except LeaseLostError:
            billed = self._bill(context)
            return Handled(Ending.LEASE_LOST, billed_usd=Decimal(0) if head.own_key else billed, ours=ours)

    def _finish(self, context: AttemptContext, error: GenerationError | LeaseLostError | None) -> Handled:
        if isinstance(error, LeaseLostError):
            raise error
        return self._succeed(context) if error is None else self._end(context, error)

    def _bill(self, context: AttemptContext) -> Decimal:
        """Another holds it, or it has ended: nothing of this attempt may be written but what it has cost, and that only
        where nobody else will ever count for the generation again. Best effort: nobody waits for it."""
        logger().info("the lease was lost", extra=_about(context.head) | context.logged)
        try:
            return context.bill().cost_usd
        except (StoreUnavailableError, TransitionRefusedError):
            logger().warning("what the attempt has spent is not counted", extra=_about(context.head))
            return Decimal(0)

    def _succeed(self, context: AttemptContext) -> Handled:
        self.dependencies.store.succeed(context.head, context.totals, context.last_step, context.made_by)
        return Handled(Ending.SUCCEEDED, self._as_ended(context, status=Status.SUCCEEDED, call=context.made_by))

    def _as_ended(self, context: AttemptContext, **ended: Any) -> Generation:
        now = self.dependencies.clock.now()
        head = replace(context.head, usage=context.totals.usage, finished_at=now, **ended)
        log_ended(head, context.asked)
        return head

    def _end(self, context: AttemptContext, error: GenerationError) -> Handled:
        dependencies, head, now = self.dependencies, context.head, self.dependencies.clock.now()
        policy = _policy(self.kinds.load(head.kind).limits, dependencies.settings)
        left = (head.deadline_at - now) / timedelta(seconds=1)
        decision = retry_policy.decide(
            error,
            head.releases,
            policy,
            attempt=head.attempt,
            jitter=dependencies.clock.random(),
            seconds_left=left,
        )
        log = logger().error if error.code in _OURS else logger().info
        about = _about(head) | {"code": error.code, "decision": repr(decision)} | context.logged
        log("the attempt ended", extra=about)
        if isinstance(decision, retry_policy.GiveUp):
            context.recount()
            told = ErrorInfo(decision.code, decision.message)
            dependencies.store.fail(head, context.totals, told, context.ended_with)
            ended = replace(head, version=head.version + 1)
            dependencies.store.timeline.note(
                ended, Event("failed", now, head.attempt, decision.code, call=context.ended_with)
            )
            return Handled(
                Ending.FAILED,
                self._as_ended(context, status=Status.FAILED, error=told, call=context.ended_with),
            )
        pending = dependencies.store.release(
            head,
            context.totals,
            not_before=now + timedelta(seconds=decision.delay_seconds) if decision.delay_seconds else None,
            counted=decision.counted,
            reserved_usd=context.reserved_usd,
            because=error.code,
        )
        try:
            self.dispatch.send(pending, dependencies.clock.now())
        except DispatchFailedError:
            logger().exception("given back and not dispatched; left to a rescuer", extra=_about(head))
        dependencies.store.timeline.note(
            pending, Event("released", now, head.attempt, error.code, decision.delay_seconds, context.ended_with)
        )
        return Handled(Ending.RELEASED)


def _policy(limits: Limits, settings: Settings) -> retry_policy.RetryPolicy:
    releases = settings.max_releases if limits.max_attempts is None else limits.max_attempts - 1
    return retry_policy.RetryPolicy(releases, settings.retry_base_seconds)


def _run(context: AttemptContext, kind: Kind, content: GenerationInput) -> GenerationError | LeaseLostError | None:
    """Run the kind's steps; return the error that ended the attempt, None when all is stored."""
    try:
        given = kind.input.model_validate(content.content)
    except ValidationError:
        return GenerationError("input_unreadable", "What was sent in is not what this version of the kind takes.")
    try:
        kind.run(context, given)
    except DeadlinePassedError:
        return GenerationError("deadline_exceeded", "The generation was not done by its deadline.")
    except (GenerationError, LeaseLostError) as error:
        return error
    return None


def _about(head: Generation) -> dict[str, Any]:
    return {"generation_id": head.generation_id, "kind": head.kind, "attempt": head.attempt, "fence": head.fence}
