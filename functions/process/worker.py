"""Processes one queue message: claim, run the kind's steps with heartbeats, one final transition."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from functions.process.attempt import Attempt, Unread
from functions.process.context import AttemptContext
from functions.process.dependencies import Dependencies
from functions.process.ending import Ending, Endings, Handled
from functions.process.heartbeat import Heartbeat
from functions.process.unexpected import RAISED, STORAGE, broken, end_of
from shared.aws.dispatch import Dispatch, QueueMessage
from shared.domain.errors import (
    GenerationError,
    LeaseLostError,
    MessageRefusedError,
    TransitionRefusedError,
)
from shared.domain.generation import SCHEMA_VERSION, Generation, GenerationInput, StoredStep
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Kind, Limits
from shared.kinds.values import from_json

if TYPE_CHECKING:
    from functions.process.partials import Partials

# The input is stored before its generation. If it is missing anyway, this fails the kind's own validation.
_NO_INPUT = GenerationInput({}, "", "", "")


class _Worked(NamedTuple):
    """The result of an attempt before its end is written. No error means that everything is stored."""

    attempt: Attempt
    limits: Limits
    error: GenerationError | LeaseLostError | None


@dataclass(frozen=True, slots=True)
class Worker:
    """Processes one generation at a time in each thread. Safe to use from several threads."""

    dependencies: Dependencies
    dispatch: Dispatch
    name: str
    kinds: Catalog

    def handle(self, message: QueueMessage, handover_at: float) -> Handled:
        """Process the message, or do nothing if the generation has moved on.

        Returns the outcome if the message may be deleted. Raises if the message must go back to the queue:
        - It names a newer version or an unknown kind.
        - The generation could not be claimed.
        - Nothing could be written for the rest of the lease. The lease then expires, and a rescuer takes over.
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
            return  # a duplicate, a late message, or a missing generation
        unknown = not current.status.known or current.kind not in self.kinds.names()
        if unknown or current.schema_version > SCHEMA_VERSION:
            told = f"kind {current.kind!r}, status {current.status!s}, schema {current.schema_version}"
            raise MessageRefusedError(f"{told}: not of this version")
        if current.status is not Status.PENDING:
            return
        now = self.dependencies.clock.now()
        if current.not_before is not None and current.not_before > now:
            self.dispatch.send(current, now)
        # Past its deadline, or fruitless too often: a rescuer ends it at its due_at.

    def _attempt(self, head: Generation, handover_at: float) -> Handled:
        dependencies, settings = self.dependencies, self.dependencies.settings
        # The heartbeats end, and their thread is joined, before the final write.
        seconds = settings.heartbeat_seconds
        # A message about the text so far may still be on its way: the final write does not wait for it.
        with dependencies.partials(head) if dependencies.partials else nullcontext() as partials:
            with Heartbeat(dependencies.heartbeats, head, dependencies.clock, seconds, handover_at) as heartbeat:
                worked = self._work(head, heartbeat, partials)
            if partials is not None:
                partials.stop()
            until = handover_at + settings.handover_margin_seconds / 2
            return Endings(dependencies, self.dispatch).end(*worked, until)

    def _work(self, head: Generation, heartbeat: Heartbeat, partials: "Partials | None") -> _Worked:
        unread = Unread(head, self.dependencies.store.reads.settled)
        try:
            kind = self.kinds.load(head.kind)
        except RAISED as raised:
            return _Worked(unread, Limits(), broken(head, "it cannot be loaded", raised))
        try:
            content, steps = self._read(head)
        except RAISED as raised:
            return _Worked(unread, kind.limits, end_of(raised, head))
        shown = partials if kind.shows_partials else None
        context = AttemptContext(head, kind, content, steps, self.dependencies, heartbeat, shown)
        error = _run(context, kind, content)
        if not isinstance(error, LeaseLostError):
            try:
                context.ask_for_bills()
            except RAISED as raised:
                error = error or end_of(raised, head)
        return _Worked(context, kind.limits, error)

    def _read(self, head: Generation) -> tuple[GenerationInput, list[StoredStep]]:
        """Return the input and the stored steps. Raises GenerationError if they are damaged, because no retry can read
        them."""
        reads = self.dependencies.store.reads
        try:
            content = reads.get_input(head.key) or _NO_INPUT
        except STORAGE:
            raise
        except Exception as damaged:
            raise GenerationError("input_unreadable", "The stored input cannot be read.") from damaged
        try:
            return content, reads.get_steps(head.key)
        except STORAGE:
            raise
        except Exception as damaged:
            raise GenerationError("step_unreadable", "A stored step result cannot be read.") from damaged


def _run(context: AttemptContext, kind: Kind, content: GenerationInput) -> GenerationError | LeaseLostError | None:
    """Run the kind's steps. Returns the error that ended the attempt; None if everything is stored and valid."""
    try:
        given = from_json(kind.input, content.content)
    except ValidationError:
        return GenerationError("input_unreadable", "The stored input does not fit this version of the kind.")
    except RAISED as raised:
        return end_of(raised, context.head)
    try:
        context.check_output(kind.run(context, given))
    except RAISED as raised:
        return end_of(raised, context.head)
    return None
