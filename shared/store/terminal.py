"""The write that ends a generation, whoever ends it: the head and the owner's usage in one transaction."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.errors import TransitionRefusedError
from shared.generation import ErrorInfo, Generation, Totals, settle
from shared.lifecycle import Transition
from shared.store import items
from shared.store.expressions import Change, as_read, update_of
from shared.store.reads import Reads
from shared.store.table import ConditionFailedError


class TerminalWrites(Reads):
    """A terminal head leaves the due index and gets its time to live."""

    __slots__ = ()

    def settled(self, head: Generation) -> Totals:
        """Return what the head must show once the steps that it does not count yet are counted."""
        return settle(head, self.get_steps(head.user_id, head.generation_id))

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
        """End `head` along `transition`, with its usage counted on the owner's day, both or neither.

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
        try:
            self.table.transact(
                [{"Update": {"Key": key, **update}}, self._usage_write(head, totals, now.date().isoformat())],
                mine=lambda item: items.unmarshal(item).get("op") == op,
            )
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(transition.name, current) from failed

    def _usage_write(self, head: Generation, totals: Totals, day: str) -> items.Item:
        added = {"generations": 1, **items.usage_values(totals.usage)}
        return {
            "Update": {
                "Key": items.usage_key(head.user_id, day),
                "UpdateExpression": "ADD " + ", ".join(f"#{name} :{name}" for name in added),
                "ExpressionAttributeNames": {f"#{name}": name for name in added},
                "ExpressionAttributeValues": items.marshal({f":{name}": value for name, value in added.items()}),
            }
        }
