"""The only change that a worker may make after another writer ended its generation: adding the usage up to then."""

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
    """One row of the table. It changes only usage."""

    def __init__(self, ground: Ground) -> None:
        self._clock, self._settings = ground.clock, ground.settings
        self._mover, self._reads = Mover(ground), Reader(ground)

    def ended_under(self, held: Generation) -> bool:
        """Whether another writer canceled or failed the generation while the holder in `held` held it."""
        ended = self._reads.get(held.key)
        return ended is not None and _ended_under(held, ended)

    def bill(self, held: Generation, spent: Usage, steps: Sequence[StoredStep]) -> Usage:
        """Add the missing usage to a generation that another writer ended, and to the owner's day. Return what was
        added.

        `held` is the head as its holder knew it, with its reservation for calls without a known charge. `spent` is all
        usage that the holder knows; `steps` are all stored steps. Each uncounted step must be included in `spent`.
        Repeating the call changes nothing.

        Raises TransitionRefusedError if the generation has not ended, or ended with another holder.
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
                refused = moved  # dismissed or retried between the read and the write; read again
            else:
                return missed
        raise refused

    def _all_of(self, ended: Generation, spent: Usage, steps: Sequence[StoredStep]) -> Totals:
        if ended.retried_as is None:
            return Totals(max(ended.steps_done, len(steps)), apart_from_waste(spent, steps))
        # If a successor took over a step that was stored after the end, the successor counts it.
        successor = GenerationKey(ended.user_id, ended.retried_as)
        taken = {step.op for step in self._reads.get_steps(successor, results=False)}
        late = [step for step in steps if step.position > ended.steps_done and step.op in taken]
        own = [step for step in steps if step not in late]
        for step in late:
            spent -= step.unshown
        return Totals(ended.steps_done, apart_from_waste(spent, own))


def _ended_under(held: Generation, ended: Generation) -> bool:
    # Every change of holder raises the fence, and so does cancel. Other ends leave it unchanged.
    fence = held.fence + (1 if ended.status is Status.CANCELED else 0)
    return ended.status in rows.BILL.sources and ended.fence == fence
