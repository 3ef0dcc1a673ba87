"""What becomes of one queue message: claim, run the kind's steps under a heartbeat, one final transition."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from functions.process.context import AttemptContext
from functions.process.dependencies import Dependencies
from functions.process.ending import Attempt, Ending, Endings, Handled, Unread
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

# The input is stored before its generation; were it gone all the same, this fails the kind's own validation.
_NO_INPUT = GenerationInput({}, "", "", "")


class _Worked(NamedTuple):
    """What an attempt came to before its end is written; no error means that all is stored."""

    attempt: Attempt
    limits: Limits
    error: GenerationError | LeaseLostError | None


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
        a newer version or an unknown kind, it could not be claimed, or nothing could be written for the rest of the
        lease, which then lapses, and a rescuer takes over.
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
        dependencies, settings = self.dependencies, self.dependencies.settings
        # The beats end, and their thread is joined, before the final write.
        seconds = settings.heartbeat_seconds
        # A message about the text so far may still be under way then: the final write does not wait for it.
        with dependencies.partials(head) if dependencies.partials else nullcontext() as partials:
            with Heartbeat(dependencies.heartbeats, head, dependencies.clock, seconds, handover_at) as heartbeat:
                worked = self._work(head, heartbeat, partials)
            if partials is not None:
                partials.stop()
            until = handover_at + settings.handover_margin_seconds / 2
            return Endings(dependencies, self.dispatch).end(*worked, until)

    def _work(self, head: Generation, heartbeat: Heartbeat, partials: "Partials | None") -> _Worked:
        try:
            kind = self.kinds.load(head.kind)
        except RAISED as raised:
            return _Worked(Unread(head), Limits(), broken(head, "it cannot be loaded", raised))
        try:
            content, steps = self._read(head)
        except RAISED as raised:
            return _Worked(Unread(head), kind.limits, end_of(raised, head))
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
        """Return what was sent in, and what is stored. What is damaged can be read by nobody, now or later."""
        reads = self.dependencies.store.reads
        try:
            content = reads.get_input(head.key) or _NO_INPUT
        except STORAGE:
            raise
        except Exception as damaged:
            raise GenerationError("input_unreadable", "What was sent in cannot be read any more.") from damaged
        try:
            return content, reads.get_steps(head.key)
        except STORAGE:
            raise
        except Exception as damaged:
            raise GenerationError("step_unreadable", "A stored step cannot be read any more.") from damaged


def _run(context: AttemptContext, kind: Kind, content: GenerationInput) -> GenerationError | LeaseLostError | None:
    """Run the kind's steps; return the error that ended the attempt, None when all is stored and is what it says."""
    try:
        given = from_json(kind.input, content.content)
    except ValidationError:
        return GenerationError("input_unreadable", "What was sent in is not what this version of the kind takes.")
    except RAISED as raised:
        return end_of(raised, context.head)
    try:
        context.check_output(kind.run(context, given))
    except RAISED as raised:
        return end_of(raised, context.head)
    return None
