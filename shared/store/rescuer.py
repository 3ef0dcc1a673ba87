"""What a rescuer, the sweeper or a reading `status`, does to a stale generation: a thin word for each row.

Every write goes by the head as it was strongly read: of many rescuers one wins, the others get
TransitionRefusedError.
"""

from shared.domain import rows
from shared.domain.generation import Generation, Totals
from shared.store.ground import Ground
from shared.store.move import Mover
from shared.store.reads import Reader
from shared.store.timeline import Timeline


class RescuerStore:
    """Every due_at that is written here is at most the deadline."""

    def __init__(self, ground: Ground) -> None:
        self._mover = Mover(ground)
        self.reads = Reader(ground)
        self.timeline = Timeline(ground)

    def rearm(self, head: Generation) -> Generation:
        """Look again when the lease that is still fresh would be over."""
        return self._mover.move(rows.REARM, head, None)

    def postpone(self, head: Generation) -> Generation:
        """Leave a head that this code cannot read to one that can, or to its deadline."""
        return self._mover.move(rows.POSTPONE, head, None)

    def give_back(self, head: Generation, totals: Totals | None) -> Generation:
        """Make a lost worker's generation pending again, isolated for good; the caller dispatches what is returned.

        `totals`, where given, counts steps that were stored and not counted: the attempts were not fruitless after all.
        """
        return self._mover.move(rows.GIVE_BACK, head, totals)

    def send_again(self, head: Generation) -> Generation:
        """Note that a lost message is sent again; the fence stays: the first may still be queued."""
        return self._mover.move(rows.SEND_AGAIN, head, None)

    def crash_loop(self, head: Generation, totals: Totals) -> None:
        """Fail a generation whose every worker of late died without storing anything."""
        self._mover.move_with(rows.CRASH_LOOP, head, totals, ())

    def expire(self, head: Generation, totals: Totals) -> None:
        """Fail a generation whose deadline has passed, whoever holds it."""
        self._mover.move_with(rows.EXPIRE, head, totals, ())
