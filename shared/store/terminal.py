"""The write that ends a generation, whoever ends it: head, owner's usage and owner's key in one transaction."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import ErrorInfo, Generation, Totals, Usage, settle
from shared.domain.states import Transition
from shared.store import items, user_key
from shared.store.expressions import Change, as_read, update_of
from shared.store.reads import Reads
from shared.store.table import ConditionFailedError


class TerminalWrites(Reads):
    """A terminal head leaves the due index and gets its time to live."""

    __slots__ = ()

    def settled(self, head: Generation) -> Totals:
        """Return what the head must show once the steps that it does not count yet are counted."""
        return settle(head, self.get_steps(head.user_id, head.generation_id, results=False))

    def finish(
        self,
        transition: Transition,
        head: Generation,
        totals: Totals,
        *,
        op: str,
        error: ErrorInfo | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """End `head` along `transition`, count its usage on the owner's day, delete its key; all or nothing.

        Raises TransitionRefusedError when a guard does not hold; `op` recognises a finish whose answer was lost.
        """
        now = self.clock.now()
        ends: dict[str, Any] = {
            "finished_at": now,
            "expires_at": items.expiry(now + timedelta(days=self.settings.retention_days)),
            "steps_done": totals.steps_done,
            "error": error and items.error_value(error),
            "op": op,
            "holder": None,
            "not_before": None,
        }
        sets = ends | items.usage_values(totals.usage) | dict(more or {})
        update = update_of(transition, Change(as_read(head, now), sets))
        key = items.head_key(head.user_id, head.generation_id)
        used = self.usage_write(head, totals.usage, now.date(), generations=1)
        try:
            self.table.transact(
                [{"Update": {"Key": key, **update}}, used, *user_key.deletion(head)],
                mine=lambda item: items.unmarshal(item).get("op") == op,
            )
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(transition.name, current) from failed

    def usage_write(self, head: Generation, usage: Usage, day: date, *, generations: int) -> items.Item:
        """Return what adds to the usage of the owner's day; it belongs into the transaction that moves `head`."""
        added: dict[str, Any] = {"generations": generations or None, **items.usage_values(usage)}
        if head.own_key:
            added["own_cost_usd"] = usage.cost_usd
        names = [name for name, value in added.items() if value is not None]
        adds = ", ".join(f"#{name} :{name}" for name in names)
        return {
            "Update": {
                "Key": items.usage_key(head.user_id, day.isoformat()),
                # An erasure earlier that day has left the sum to lapse; what comes after it is to be kept.
                "UpdateExpression": f"ADD {adds} REMOVE expires_at",
                "ExpressionAttributeNames": {f"#{name}": name for name in names},
                "ExpressionAttributeValues": items.marshal({f":{name}": added[name] for name in names}),
            }
        }
