"""The changes that a rescuer (the sweeper, or `status` when it reads) makes to a stale generation: one thin method for
each row.

Every write is conditional on the strongly read head. If several rescuers act at once, one wins, and the others get
TransitionRefusedError.
"""

from shared.domain import rows
from shared.domain.generation import Generation, Totals
from shared.store.ground import Ground
from shared.store.move import Mover
from shared.store.reads import Reader
from shared.store.timeline import Timeline


class RescuerStore:
    """Every due_at written here is at most the deadline."""

    def __init__(self, ground: Ground) -> None:
        self._mover = Mover(ground)
        self.reads = Reader(ground)
        self.timeline = Timeline(ground)

    def rearm(self, head: Generation) -> Generation:
        """Set the next check to the end of the lease, which is still fresh."""
        return self._mover.move(rows.REARM, head, None)

    def postpone(self, head: Generation) -> Generation:
        """Leave a head that this version cannot read to a version that can, or to its deadline."""
        return self._mover.move(rows.POSTPONE, head, None)

    def give_back(self, head: Generation, totals: Totals | None) -> Generation:
        """Make a lost worker's generation pending again. It runs alone from now on. The caller dispatches the returned
        head.

        `totals`, if given, counts steps that were stored but not counted yet. They reset the count of fruitless
        attempts.
        """
        return self._mover.move(rows.GIVE_BACK, head, totals)

    def send_again(self, head: Generation) -> Generation:
        """Record that a lost message is sent again. The fence stays, because the first message may still be queued."""
        return self._mover.move(rows.SEND_AGAIN, head, None)

    def crash_loop(self, head: Generation, totals: Totals) -> None:
        """Fail a generation whose recent workers all crashed without saving anything."""
        self._mover.move_with(rows.CRASH_LOOP, head, totals, ())

    def expire(self, head: Generation, totals: Totals) -> None:
        """Fail a generation whose deadline has passed, even if a worker holds it."""
        self._mover.move_with(rows.EXPIRE, head, totals, ())
