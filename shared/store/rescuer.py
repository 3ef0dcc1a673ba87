"""What a rescuer, the sweeper or a reading `status`, does to a stale generation. Each method is one row of the table.

Every write goes by the head as it was strongly read: of many rescuers one wins, the others get
TransitionRefusedError.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.domain import rows
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import ErrorInfo, Generation, Totals
from shared.domain.states import Transition
from shared.store import items
from shared.store.expressions import Change, as_read, update_of
from shared.store.table import ConditionFailedError, Mine
from shared.store.terminal import TerminalWrites
from shared.store.timeline import TimelineWrites

_MAX_DOUBLINGS = 5


class RescuerWrites(TerminalWrites):
    """Every due_at that is written here is at most the deadline."""

    __slots__ = ()

    def rearm(self, head: Generation) -> Generation:
        """Look again when the lease that is still fresh would be over."""
        beat = head.heartbeat_at or self.clock.now()
        return self._move_due(rows.REARM, head, beat + timedelta(seconds=self.settings.lease_seconds))

    def postpone(self, head: Generation) -> Generation:
        """Leave a head that this code cannot read to one that can, or to its deadline."""
        return self._move_due(rows.POSTPONE, head, self._after_grace(self.clock.now(), 0))

    def give_back(self, head: Generation, totals: Totals | None) -> Generation:
        """Make a lost worker's generation pending again, alone for good; the caller dispatches what is returned.

        `totals`, where given, counts steps that were stored and not counted: the attempts were not fruitless after all.
        """
        now = self.clock.now()
        sets: dict[str, Any] = {
            "isolated": True,
            "due_at": min(self._after_grace(now, 0), head.deadline_at),
            "holder": None,
            "dispatches": head.dispatches + 1,
        }
        if totals is not None:
            sets |= items.usage_values(totals.usage) | {"steps_done": totals.steps_done, "fruitless_attempts": 0}
        return self._marked(rows.GIVE_BACK, head, now, sets)

    def send_again(self, head: Generation) -> Generation:
        """Note that a lost message is sent again; the fence stays: the first may still be queued."""
        now = self.clock.now()
        due_at = self._after_grace(max(now, head.not_before or now), head.dispatches)
        sets = {"dispatches": head.dispatches + 1, "due_at": min(due_at, head.deadline_at)}
        return self._marked(rows.SEND_AGAIN, head, now, sets)

    def crash_loop(self, head: Generation, totals: Totals) -> None:
        """Fail a generation whose every worker of late died without storing anything."""
        error = ErrorInfo("crash_loop", "The worker ended without a result several times in a row.")
        self.finish(rows.CRASH_LOOP, head, totals, op=self.clock.token(), error=error)

    def expire(self, head: Generation, totals: Totals) -> None:
        """Fail a generation whose deadline has passed, whoever holds it."""
        error = ErrorInfo("deadline_exceeded", "The generation was not done by its deadline.")
        self.finish(rows.EXPIRE, head, totals, op=self.clock.token(), error=error)

    def _after_grace(self, moment: datetime, doublings: int) -> datetime:
        grace = self.settings.dispatch_grace_seconds * 2.0 ** min(doublings, _MAX_DOUBLINGS)
        return moment + timedelta(seconds=grace)

    def _move_due(self, transition: Transition, head: Generation, due_at: datetime) -> Generation:
        due_at = min(due_at, head.deadline_at)
        change = Change(as_read(head, self.clock.now()), {"due_at": due_at})
        # No mark: whoever moved the same head to the same time has done what was to be done.
        return self._update(transition, head, change, mine=lambda item: items.decode_head(item).due_at == due_at)

    def _marked(self, transition: Transition, head: Generation, now: datetime, sets: Mapping[str, Any]) -> Generation:
        op = self.clock.token()
        change = Change(as_read(head, now), {**sets, "op": op})
        return self._update(transition, head, change, mine=lambda item: items.unmarshal(item).get("op") == op)

    def _update(self, transition: Transition, head: Generation, change: Change, mine: Mine) -> Generation:
        key = items.head_key(head.user_id, head.generation_id)
        try:
            item = self.table.update(key, update_of(transition, change), mine)
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(transition.name, current) from failed
        return items.decode_head(item)


class RescuerStore(RescuerWrites, TimelineWrites):
    """The part of the store that a rescue needs."""

    __slots__ = ()
