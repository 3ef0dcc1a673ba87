"""The owner's requests that cancel an open generation or dismiss an ended one."""

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
        """Cancel an open generation and return the head as it then is; None if there is no such generation.

        Returns a terminal generation unchanged: if a cancel races the end, one of them wins. If the head shows `op`, a
        new token, this call canceled it. Also cancels an open generation whose status only a newer version knows.
        """
        op = op or self._clock.token()
        for _ in range(_CANCEL_TRIES):
            head = self.reads.get(key)
            if head is None or head.terminal:
                return head
            try:
                self._mover.move_with(rows.CANCEL, head, self.reads.settled(head), (), op=op)
            except TransitionRefusedError:
                continue  # the head changed between the read and the write; read again
            return self.reads.get(key)
        raise StoreUnavailableError("cancel lost every race")

    def dismiss(self, head: Generation) -> None:
        """Mark an ended generation as dismissed. A second call changes nothing.

        Raises TransitionRefusedError if it is open or missing.
        """
        self._mover.move(rows.DISMISS, head, None)
