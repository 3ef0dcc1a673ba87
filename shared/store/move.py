"""The one place where a row becomes a write, and the only writer of heads."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Called, Generation, Usage
from shared.domain.marks import Write, knows_itself
from shared.domain.row import At, Mark, Row
from shared.domain.states import TERMINAL
from shared.store import items, user_key
from shared.store.expressions import as_read, update_of
from shared.store.ground import Ground
from shared.store.table import ConditionFailedError, Mine


class Mover:
    """Every method raises TransitionRefusedError, with the head as it stands, when the row does not hold.

    A write whose answer was lost is known by its row's mark, and counts as the success that it was.
    """

    def __init__(self, ground: Ground) -> None:
        self._table, self._clock, self._settings = ground.table, ground.clock, ground.settings

    def move[Given](
        self, row: Row[Given], head: Generation | Called, given: Given, more: dict[str, Any] | None = None
    ) -> Generation:
        """Move a head along a row that takes nothing else with it; return the head as it then is.

        `more` are values for guards that the head as read does not answer.
        """
        at = self._at(row)
        sets = self._sets(row, head, at, given)
        update = update_of(row, as_read(head, at.now) | (more or {}), sets)
        try:
            item = self._table.update(items.head_key(head.key), update, _mine(row, Write(head, sets, at)))
        except ConditionFailedError as failed:
            raise refused(row, failed) from failed
        return items.decode_head(item)

    def move_with[Given](
        self,
        row: Row[Given],
        head: Generation,
        given: Given,
        beside: Sequence[items.Item],
        *,
        op: str | None = None,
    ) -> None:
        """Move a head and write `beside`, all or nothing; `op` is the mark's token, a new one unless it is given.

        A row that ends a generation counts its usage on the owner's day and deletes the owner's key with it.
        """
        at = self._at(row, op)
        sets = self._sets(row, head, at, given)
        write = {"Update": {"Key": items.head_key(head.key), **update_of(row, as_read(head, at.now), sets)}}
        if row.target in TERMINAL:
            used = counted(head, sets["usage"], at.now.date(), generations=1, reserved_usd=sets["reserved_usd"])
            beside = [*beside, used, *user_key.deletion(head)]
        try:
            self._table.transact([write, *beside], _mine(row, Write(head, sets, at)))
        except ConditionFailedError as failed:
            if failed.index == 0:
                raise refused(row, failed) from failed
            # Another item's condition: only the head tells whether an earlier try of ours was applied.
            item = self._table.get(items.head_key(head.key))
            if item is None or not _mine(row, Write(head, sets, at))(item):
                raise TransitionRefusedError(row.name, items.decode_head(item) if item else None) from failed

    def write_of[Given](self, row: Row[Given], head: Generation, given: Given) -> items.Item:
        """Return a row's write for a transaction that begins with another item. The caller tells its refusal."""
        at = self._at(row)
        update = update_of(row, as_read(head, at.now), self._sets(row, head, at, given))
        return {"Update": {"Key": items.head_key(head.key), **update}}

    def _at(self, row: Row[Any], op: str | None = None) -> At:
        token = op or (self._clock.token() if row.mark is Mark.OP else "")
        return At(self._clock.now(), token, self._settings)

    def _sets(self, row: Row[Any], head: Generation | Called, at: At, given: Any) -> dict[str, Any]:
        marked = {"op": at.op} if row.mark is Mark.OP else {}
        return {**row.sets(head, at, given), **marked}


def refused(row: Row[Any], failed: ConditionFailedError) -> TransitionRefusedError:
    """Return what to raise for a head's condition that did not hold."""
    return TransitionRefusedError(row.name, items.decode_head(failed.item) if failed.item else None)


def counted(head: Generation, usage: Usage, day: date, *, generations: int, reserved_usd: Decimal) -> items.Item:
    """Return what adds to the usage of the owner's day; it belongs into the transaction that moves `head`.

    `reserved_usd` is for calls whose bill has not come: the day is charged with it, and given it back by a bill.
    """
    added: dict[str, Any] = {"generations": generations or None, **items.usage_values(usage)}
    if head.own_key:
        added["own_cost_usd"] = usage.cost_usd
    else:
        added["reserved_usd"] = reserved_usd or None
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


def _mine(row: Row[Any], write: Write) -> Mine:
    return lambda item: knows_itself(row.mark, items.decode_head(item), write)
