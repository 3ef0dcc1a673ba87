"""What an owner's request does to an open generation: cancel it."""

from shared.domain import rows
from shared.domain.errors import StoreUnavailableError, TransitionRefusedError
from shared.domain.generation import Generation
from shared.store.terminal import TerminalWrites

_CANCEL_TRIES = 20


class EndingWrites(TerminalWrites):
    """Each method is one row of the transition table."""

    __slots__ = ()

    def cancel(self, user_id: str, generation_id: str, op: str | None = None) -> Generation | None:
        """Cancel an open generation and return the head as it then is; None when there is none.

        A terminal generation is returned as it is: of a cancel that races the finish, one wins. A head that shows `op`,
        a new token, was canceled by this very call.
        """
        op = op or self.clock.token()
        for _ in range(_CANCEL_TRIES):
            head = self.get(user_id, generation_id)
            if head is None or head.terminal:
                return head
            try:
                self.finish(rows.CANCEL, head, self.settled(head), op=op)
            except TransitionRefusedError:
                continue  # it moved on between the read and the write: read again
            return self.get(user_id, generation_id)
        raise StoreUnavailableError("cancel lost every race")
