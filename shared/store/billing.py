"""The last thing that a worker may add to a generation which was ended under its hands: what it had spent by then."""

from collections.abc import Sequence

from shared.domain import rows
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Generation, GenerationKey, StoredStep, Totals, Usage, apart_from_waste
from shared.domain.rows.worker import Billed
from shared.domain.states import Status
from shared.store import booking
from shared.store.ground import Ground
from shared.store.move import Mover
from shared.store.reads import Reader

_TRIES = 5


class Bills:
    """One row of the table. Nothing but usage is moved by it."""

    def __init__(self, ground: Ground) -> None:
        self._clock, self._settings = ground.clock, ground.settings
        self._mover, self._reads = Mover(ground), Reader(ground)

    def ended_under(self, held: Generation) -> bool:
        """Whether the generation was canceled or failed by another while its holder was the one that `held` shows."""
        ended = self._reads.get(held.key)
        return ended is not None and _ended_under(held, ended)

    def bill(self, held: Generation, spent: Usage, steps: Sequence[StoredStep]) -> Usage:
        """Have a generation that was ended under its holder, and the owner's day, show all that it has spent.
        Return what had not been shown.

        `held` is the head as its holder knew it, with what it reserves for calls without a bill. `spent` is all that
        the holder knows of, `steps` all that are stored: each that is not counted yet must be in `spent`. Repeating it
        changes nothing.

        Raises TransitionRefusedError when the generation has not ended, or not under this holder.
        """
        refused = TransitionRefusedError(rows.BILL.name, None)
        for _ in range(_TRIES):
            ended = self._reads.get(held.key)
            if ended is None or not _ended_under(held, ended):
                raise TransitionRefusedError(rows.BILL.name, ended)
            totals = self._all_of(ended, spent, steps)
            if (totals.usage, held.reserved_usd) == (ended.usage, ended.reserved_usd):
                return Usage()
            day = (ended.finished_at or self._clock.now()).date()
            missed, reserved_usd = totals.usage - ended.usage, held.reserved_usd - ended.reserved_usd
            booked = booking.writes(ended, missed, day, self._settings, generations=0, reserved_usd=reserved_usd)
            try:
                self._mover.move_with(rows.BILL, ended, Billed(totals, held.reserved_usd), booked)
            except TransitionRefusedError as moved:
                refused = moved  # dismissed or retried between the read and the write: read again
            else:
                return missed
        raise refused

    def _all_of(self, ended: Generation, spent: Usage, steps: Sequence[StoredStep]) -> Totals:
        if ended.retried_as is None:
            return Totals(max(ended.steps_done, len(steps)), apart_from_waste(spent, steps))
        # A step that was stored after the end is counted by the successor, if that has taken it over.
        successor = GenerationKey(ended.user_id, ended.retried_as)
        taken = {step.op for step in self._reads.get_steps(successor, results=False)}
        late = [step for step in steps if step.position > ended.steps_done and step.op in taken]
        own = [step for step in steps if step not in late]
        for step in late:
            spent -= step.unshown
        return Totals(ended.steps_done, apart_from_waste(spent, own))


def _ended_under(held: Generation, ended: Generation) -> bool:
    # Every change of holder raises the fence, cancel too; what else ends a generation leaves it.
    fence = held.fence + (1 if ended.status is Status.CANCELED else 0)
    return ended.status in rows.BILL.sources and ended.fence == fence
