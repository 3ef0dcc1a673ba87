"""What an owner's request does to one generation: cancel it while it is open, dismiss it once it has ended."""

from shared.domain import rows
from shared.domain.errors import StoreUnavailableError, TransitionRefusedError
from shared.domain.generation import Generation, GenerationKey
from shared.store.ground import Ground
from shared.store.move import Mover
from shared.store.reads import Reader

_CANCEL_TRIES = 20


class EndingStore:
    """Each method is one row of the table."""

    def __init__(self, ground: Ground) -> None:
        self._clock, self._mover = ground.clock, Mover(ground)
        self.reads = Reader(ground)

    def cancel(self, key: GenerationKey, op: str | None = None) -> Generation | None:
        """Cancel an open generation and return the head as it then is; None when there is none.

        A terminal generation is returned as it is: of a cancel that races the finish, one wins. A head that shows `op`,
        a new token, was canceled by this very call. An open one with a status of a newer version is canceled, too.
        """
        op = op or self._clock.token()
        for _ in range(_CANCEL_TRIES):
            head = self.reads.get(key)
            if head is None or head.terminal:
                return head
            try:
                self._mover.move_with(rows.CANCEL, head, self.reads.settled(head), (), op=op)
            except TransitionRefusedError:
                continue  # it moved on between the read and the write: read again
            return self.reads.get(key)
        raise StoreUnavailableError("cancel lost every race")

    def dismiss(self, head: Generation) -> None:
        """Mark an ended generation as dismissed; a second time changes nothing.

        Raises TransitionRefusedError for one that is open or gone.
        """
        self._mover.move(rows.DISMISS, head, None)
