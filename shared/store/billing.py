"""The last thing that a worker may add to a generation which was ended under its hands: what it had spent by then."""

from collections.abc import Sequence

from shared.domain import rows
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Generation, StoredStep, Usage, apart_from_waste
from shared.domain.states import Status
from shared.store import items
from shared.store.expressions import Change, as_read, update_of
from shared.store.table import ConditionFailedError
from shared.store.terminal import TerminalWrites

_TRIES = 5


class BillWrites(TerminalWrites):
    """One row of the transition table. Nothing but usage is moved by it."""

    __slots__ = ()

    def ended_under(self, held: Generation) -> bool:
        """Whether the generation was canceled or failed by another while its holder was the one that `held` shows."""
        ended = self.get(held.user_id, held.generation_id)
        return ended is not None and _ended_under(held, ended)

    def bill(self, held: Generation, spent: Usage, steps: Sequence[StoredStep]) -> Usage:
        """Have a generation that was ended under its holder, and the owner's day, show all that it has spent.
        Return what had not been shown.

        `held` is the head as its holder knew it, `spent` all that the holder knows of, `steps` all that are stored:
        each that is not counted yet must be in `spent`. Repeating it changes nothing.

        Raises TransitionRefusedError when the generation has not ended, or not under this holder.
        """
        refused = TransitionRefusedError(rows.BILL.name, None)
        for _ in range(_TRIES):
            ended = self.get(held.user_id, held.generation_id)
            if ended is None or not _ended_under(held, ended):
                raise TransitionRefusedError(rows.BILL.name, ended)
            usage, steps_done = self._all_of(ended, spent, steps)
            if usage == ended.usage:
                return Usage()
            try:
                self._write_bill(ended, usage, steps_done)
            except TransitionRefusedError as moved:
                refused = moved  # dismissed or retried between the read and the write: read again
            else:
                return usage - ended.usage
        raise refused

    def _all_of(self, ended: Generation, spent: Usage, steps: Sequence[StoredStep]) -> tuple[Usage, int]:
        if ended.retried_as is None:
            return apart_from_waste(spent, steps), max(ended.steps_done, len(steps))
        # A step that was stored after the end is counted by the successor, if that has taken it over.
        taken = {step.op for step in self.get_steps(ended.user_id, ended.retried_as, results=False)}
        late = [step for step in steps if step.position > ended.steps_done and step.op in taken]
        own = [step for step in steps if step not in late]
        for step in late:
            spent -= step.unshown
        return apart_from_waste(spent, own), ended.steps_done

    def _write_bill(self, ended: Generation, usage: Usage, steps_done: int) -> None:
        now = self.clock.now()
        sets = items.usage_values(usage) | {"steps_done": steps_done}
        update = update_of(rows.BILL, Change(as_read(ended, now), sets))
        key = items.head_key(ended.user_id, ended.generation_id)
        day = (ended.finished_at or now).date()
        added = self.usage_write(ended, usage - ended.usage, day, generations=0)
        try:
            # Only the last holder writes usage now: where it is what was to be written, an earlier try has written it.
            self.table.transact(
                [{"Update": {"Key": key, **update}}, added], mine=lambda item: items.decode_head(item).usage == usage
            )
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(rows.BILL.name, current) from failed


def _ended_under(held: Generation, ended: Generation) -> bool:
    # Every change of holder raises the fence, cancel too; what else ends a generation leaves it.
    fence = held.fence + (1 if ended.status is Status.CANCELED else 0)
    return ended.status in rows.BILL.sources and ended.fence == fence
