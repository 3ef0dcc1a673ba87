"""What a worker does to the generation that it holds. Each method is one row of the transition table.

The head's own thread of heartbeats writes beside the work, so no row here takes for granted that it is alone.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.domain import rows
from shared.domain.errors import DeadlinePassedError, LeaseLostError, TransitionRefusedError
from shared.domain.generation import SCHEMA_VERSION, ErrorInfo, Generation, StoredStep, Totals
from shared.domain.states import Status, Transition
from shared.store import items
from shared.store.billing import BillWrites
from shared.store.expressions import Change, as_read, update_of
from shared.store.pictures import PictureWrites
from shared.store.table import ConditionFailedError, Mine
from shared.store.terminal import TerminalWrites
from shared.store.timeline import TimelineWrites
from shared.store.user_key import UserKeyReads


class WorkerWrites(TerminalWrites):
    """Every method but claim and store_step needs the lease and raises LeaseLostError when it is gone."""

    __slots__ = ()

    def claim(self, user_id: str, generation_id: str, fence: int, holder: str, kinds: tuple[str, ...]) -> Generation:
        """Take a pending generation; `holder` must be new for each claim. Raises TransitionRefusedError."""
        now = self.clock.now()
        change = Change(
            guards={
                "fence": fence,
                "now": now,
                "kinds": kinds,
                "schema_version": SCHEMA_VERSION,
                "max_fruitless_attempts": self.settings.max_fruitless_attempts,
            },
            sets={"holder": holder, "heartbeat_at": now, "not_before": None, "stage": None},
            adds={"attempt": 1, "fruitless_attempts": 1},
            once={"started_at": now},
        )
        key = items.head_key(user_id, generation_id)
        try:
            item = self.table.update(
                key, update_of(rows.CLAIM, change), mine=lambda item: items.unmarshal(item).get("holder") == holder
            )
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(rows.CLAIM.name, current) from failed
        return items.decode_head(item)

    def heartbeat(self, head: Generation, progress: int, stage: str | None) -> Generation:
        """Renew the lease, and show progress and stage if they moved. Progress never goes down, even if beats overtake.

        Raises DeadlinePassedError when the generation is still mine and its deadline has passed.
        """
        now = self.clock.now()
        moved = progress > head.progress or stage != head.stage
        sets: dict[str, Any] = {"heartbeat_at": now}
        if moved:
            sets |= {"progress": progress, "stage": stage, "progress_at": now}
        guards = as_read(head, now) | {"progress": progress}
        change = Change(guards, sets, {"version": 1} if moved else {})
        # A beat that a later one of mine, or an advance, has overtaken has nothing left to say.
        return self._as_holder(
            rows.HEARTBEAT,
            head,
            change,
            mine=lambda item: _is_held(item, head) and _deadline(item) > now,
        )

    def begin_call(
        self, head: Generation, step: str, reserved_usd: Decimal, totals: Totals | None = None
    ) -> Generation:
        """Count the call that is about to be sent; without this nobody calls the provider.

        `reserved_usd` is what all calls whose cost is not known yet may cost, this one included. `totals`, where
        given, are shown with it: what was spent so far is then known, whatever becomes of this worker.

        Whether the step's and the cost's ceilings allow it, the caller has checked on `head`, which only it moves.
        """
        now = self.clock.now()
        again = head.step_calls if head.call_step == step else 0
        change = Change(
            guards=as_read(head, now),
            sets={
                "heartbeat_at": now,
                "calls": head.calls + 1,
                "call_step": step,
                "step_calls": again + 1,
                "reserved_usd": reserved_usd,
                **_news(head, totals),
            },
            # A cancel goes by the version: it must not count what was spent before this and forget the rest.
            adds={"version": 1} if _news(head, totals) else {},
        )
        return self._as_holder(
            rows.BEGIN_CALL,
            head,
            change,
            mine=lambda item: _is_held(item, head) and items.decode_head(item).calls == head.calls + 1,
        )

    def store_step(self, head: Generation, step: StoredStep) -> StoredStep:
        """Store a step's result unless one is stored; return the one that is. Not fenced: a result that was paid
        for depends on the input alone, and a late holder's saves the next one a call."""
        expires_at = head.deadline_at + timedelta(days=self.settings.retention_days + 1)
        try:
            item = items.encode_step(head.user_id, head.generation_id, step, expires_at)
            self.table.put_new(self.objects.offload(item, f"{head.fence}-{step.name}"))
        except ConditionFailedError as failed:
            return items.decode_step(self.objects.restore(failed.item)) if failed.item else step
        return step

    def advance(self, head: Generation, totals: Totals, progress: int, reserved_usd: Decimal) -> Generation:
        """Show on the head what is stored.

        It goes by the usage as read: a first copy that was held up on its way, and comes after the second and after
        later heartbeats, would take progress back.
        """
        now = self.clock.now()
        sets = items.usage_values(totals.usage) | {
            "steps_done": totals.steps_done,
            "reserved_usd": reserved_usd,
            "progress": progress,
            "progress_at": now,
            "fruitless_attempts": 0,
            "releases": 0,
            "heartbeat_at": now,
        }
        change = Change(as_read(head, now), sets)
        return self._as_holder(rows.ADVANCE, head, change, mine=lambda item: _shows(item, head, totals))

    def succeed(self, head: Generation, totals: Totals, output_step: str) -> None:
        """End it well: the last step's advance and the finish are one write."""
        more = {"progress": 100, "output_step": output_step, "fruitless_attempts": 0, "releases": 0, "stage": None}
        self._end(rows.SUCCEED, head, totals, more=more)

    def fail(self, head: Generation, totals: Totals, error: ErrorInfo) -> None:
        """End it with the error that its owner reads."""
        self._end(rows.FAIL, head, totals, error=error)

    def release(
        self, head: Generation, totals: Totals, *, not_before: datetime | None, counted: bool, reserved_usd: Decimal
    ) -> Generation:
        """Give it back in order, to be claimed from `not_before` on; the caller dispatches what is returned.

        The step's count of calls is as `head` has it: its holder has taken back those that were refused.
        """
        now = self.clock.now()
        op = self.clock.token()
        due_at = (not_before or now) + timedelta(seconds=self.settings.dispatch_grace_seconds)
        sets = items.usage_values(totals.usage) | {
            "steps_done": totals.steps_done,
            "reserved_usd": reserved_usd,
            "step_calls": head.step_calls,
            "fruitless_attempts": max(0, head.fruitless_attempts - 1),
            "releases": head.releases + (1 if counted else 0),
            "not_before": not_before,
            "due_at": min(due_at, head.deadline_at),
            "holder": None,
            "op": op,
        }
        change = Change(as_read(head, now), sets)
        return self._as_holder(rows.RELEASE, head, change, mine=lambda item: items.unmarshal(item).get("op") == op)

    def _as_holder(
        self, transition: Transition, head: Generation, change: Change, mine: Mine | None = None
    ) -> Generation:
        key = items.head_key(head.user_id, head.generation_id)
        try:
            item = self.table.update(key, update_of(transition, change), mine or (lambda _item: False))
        except ConditionFailedError as failed:
            raise _lost(failed.item, head, self.clock.now()) from failed
        return items.decode_head(item)

    def _end(
        self,
        transition: Transition,
        head: Generation,
        totals: Totals,
        *,
        error: ErrorInfo | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            self.finish(transition, head, totals, op=self.clock.token(), error=error, more=more)
        except TransitionRefusedError as refused:
            raise LeaseLostError(transition.name) from refused


def _news(head: Generation, totals: Totals | None) -> dict[str, Any]:
    """Return what of `totals` the head does not show yet."""
    if totals is None or (totals.usage, totals.steps_done) == (head.usage, head.steps_done):
        return {}
    news = items.usage_values(totals.usage) | {"steps_done": totals.steps_done}
    # A rescuer that sees the steps counted takes it that they have ended a row of fruitless attempts.
    return news | ({"fruitless_attempts": 0, "releases": 0} if totals.steps_done > head.steps_done else {})


def _is_held(item: items.Item, head: Generation) -> bool:
    current = items.decode_head(item)
    return (current.status, current.fence, current.holder) == (Status.RUNNING, head.fence, head.holder)


def _shows(item: items.Item, head: Generation, totals: Totals) -> bool:
    # Only the holder moves what these count, and it is at one write at a time: another copy of this one was applied.
    shown = items.decode_head(item)
    return _is_held(item, head) and (shown.steps_done, shown.usage) == (totals.steps_done, totals.usage)


def _deadline(item: items.Item) -> datetime:
    return items.decode_head(item).deadline_at


def _lost(item: items.Item | None, head: Generation, now: datetime) -> DeadlinePassedError | LeaseLostError:
    """Tell the two refusals of a holder apart: its deadline has passed, or it holds nothing any more."""
    if item is not None and _is_held(item, head) and _deadline(item) <= now:
        return DeadlinePassedError(head.generation_id)
    return LeaseLostError(head.generation_id)


class WorkerStore(WorkerWrites, BillWrites, TimelineWrites, UserKeyReads, PictureWrites):
    """The part of the store that a worker needs."""

    __slots__ = ()
