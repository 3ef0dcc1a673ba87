"""The owner cancels or dismisses a generation."""

from dataclasses import dataclass

from shared.aws.journal import log_ended
from shared.aws.metrics import measure
from shared.domain.clock import Clock
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Event
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.store.damage import reading
from shared.store.ending import EndingStore
from shared.store.timeline import Timeline
from shared.view.view import etag, view


@dataclass(frozen=True, slots=True)
class EndingService:
    """Every action is idempotent: a repeated call gets the same response."""

    store: EndingStore
    timeline: Timeline
    clock: Clock

    def cancel(self, request: Request) -> Response:
        """Cancel an open generation and return its new state.

        Returns an ended generation unchanged: if a cancel races the end, one of them wins.
        """
        op = self.clock.token()
        head = self.store.cancel(request.key, op)
        if head is None:
            raise ProblemError("not_found")
        if head.op == op:
            log_ended(head, self.store.reads.asked(head.key))
            measure({}, [head])
        as_it_ended = head.dismissed_at is None and head.retried_as is None
        if head.status is Status.CANCELED and head.finished_at is not None and as_it_ended:
            # A second call writes the same line again: the version names it, unless something else raised the version.
            self.timeline.note(head, Event("canceled", head.finished_at, head.attempt))
        with reading():
            return Response(200, view(head), {"etag": etag(head)})

    def dismiss(self, request: Request) -> Response:
        """Remove an ended generation from the feed. It can still be read by its id."""
        head = self.store.reads.get(request.key)
        if head is None:
            raise ProblemError("not_found")
        if not head.terminal:
            raise ProblemError("not_terminal")
        try:
            self.store.dismiss(head)
        except TransitionRefusedError as gone:  # an ended generation stays ended, so only its deletion can interfere
            raise ProblemError("not_found") from gone
        return Response(204)
