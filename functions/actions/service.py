"""What an owner does to a generation of theirs: cancel it."""

from dataclasses import dataclass

from shared.api import Answer, ProblemError, Request
from shared.generation import Event
from shared.lifecycle import Status
from shared.store import Store
from shared.view import etag, view


@dataclass(frozen=True, slots=True)
class ActionsService:
    """Every action is idempotent: a second time answers as the first did."""

    store: Store

    def cancel(self, request: Request) -> Answer:
        """End an open generation as canceled and answer it as it then is.

        A generation that ended before is answered as it ended: of a cancel that races the finish, one wins.
        """
        head = self.store.cancel(request.owner, request.generation_id)
        if head is None:
            raise ProblemError("not_found")
        if head.status is Status.CANCELED and head.finished_at is not None:
            self.store.note(head, Event("canceled", head.finished_at, head.attempt))
        return Answer(200, view(head), {"etag": etag(head)})
