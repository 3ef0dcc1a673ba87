"""The only place where a row becomes a write, and the only writer of heads."""

from collections.abc import Sequence
from typing import Any

from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Called, Generation
from shared.domain.marks import Write, knows_itself
from shared.domain.row import At, Mark, Row
from shared.domain.states import TERMINAL
from shared.store import booking, items, user_key
from shared.store.expressions import as_read, update_of
from shared.store.ground import Ground
from shared.store.keys import head_key
from shared.store.marshalling import Item
from shared.store.table import ConditionFailedError, Mine


class Mover:
    """Every method raises TransitionRefusedError, with the stored head, if the row's conditions do not hold.

    The row's mark identifies a write whose response was lost. Such a write counts as a success.
    """

    def __init__(self, ground: Ground) -> None:
        self._table, self._clock, self._settings = ground.table, ground.clock, ground.settings

    def move[Given](
        self, row: Row[Given], head: Generation | Called, given: Given, more: dict[str, Any] | None = None
    ) -> Generation:
        """Change a head along a row without other items. Return the head as it then is.

        `more` are values for guards that the head as read does not provide.
        """
        at = self._at(row)
        sets = self._sets(row, head, at, given)
        update = update_of(row, as_read(head, at.now) | (more or {}), sets)
        try:
            item = self._table.update(head_key(head.key), update, _mine(row, Write(head, sets, at)))
        except ConditionFailedError as failed:
            raise refused(row, failed) from failed
        return items.decode_head(item)

    def move_with[Given](
        self,
        row: Row[Given],
        head: Generation,
        given: Given,
        beside: Sequence[Item],
        *,
        op: str | None = None,
    ) -> None:
        """Change a head and write `beside`, all or nothing. `op` is the mark's token, a new one if omitted.

        A terminal row also books the usage on the day and deletes the owner's key.
        """
        at = self._at(row, op)
        sets = self._sets(row, head, at, given)
        write = {"Update": {"Key": head_key(head.key), **update_of(row, as_read(head, at.now), sets)}}
        if row.target in TERMINAL:
            booked = booking.writes(
                head, sets["usage"], at.now.date(), self._settings, generations=1, reserved_usd=sets["reserved_usd"]
            )
            beside = [*beside, *booked, *user_key.deletion(head)]
        try:
            self._table.transact([write, *beside], _mine(row, Write(head, sets, at)))
        except ConditionFailedError as failed:
            if failed.index == 0:
                raise refused(row, failed) from failed
            # Another item's condition failed. Only the head shows whether an earlier try of ours succeeded.
            item = self._table.get(head_key(head.key))
            if item is None or not _mine(row, Write(head, sets, at))(item):
                raise TransitionRefusedError(row.name, items.decode_head(item) if item else None) from failed

    def write_of[Given](self, row: Row[Given], head: Generation, given: Given) -> Item:
        """Return a row's write for a transaction that begins with another item. The caller interprets a refusal."""
        at = self._at(row)
        update = update_of(row, as_read(head, at.now), self._sets(row, head, at, given))
        return {"Update": {"Key": head_key(head.key), **update}}

    def _at(self, row: Row[Any], op: str | None = None) -> At:
        token = op or (self._clock.token() if row.mark is Mark.OP else "")
        return At(self._clock.now(), token, self._settings)

    def _sets(self, row: Row[Any], head: Generation | Called, at: At, given: Any) -> dict[str, Any]:
        marked = {"op": at.op} if row.mark is Mark.OP else {}
        return {**row.sets(head, at, given), **marked}


def refused(row: Row[Any], failed: ConditionFailedError) -> TransitionRefusedError:
    """Return the error for a head's condition that did not hold."""
    return TransitionRefusedError(row.name, items.decode_head(failed.item) if failed.item else None)


def _mine(row: Row[Any], write: Write) -> Mine:
    return lambda item: knows_itself(row.mark, items.decode_head(item), write)
