"""How a user's sealed provider key stands in the table, as long as its generation is open. Never opens it."""

from datetime import timedelta

from shared.domain.generation import SCHEMA_VERSION, Generation
from shared.store import items
from shared.store.ground import Ground

_KEPT_BEYOND_DEADLINE = timedelta(hours=1)


def put(head: Generation, sealed: bytes) -> items.Item:
    """Return the write of the key; it belongs into the transaction that creates `head`.

    Its time to live is for the one case in which nobody ends the generation: nobody runs any more.
    """
    expires_at = head.deadline_at + _KEPT_BEYOND_DEADLINE
    values = {"sealed": sealed, "schema_version": SCHEMA_VERSION, "expires_at": items.expiry(expires_at)}
    return {"Put": {"Item": _key(head) | items.marshal(values)}}


def deletion(head: Generation) -> list[items.Item]:
    """Return what deletes the key of `head`, in the transaction that ends it; nothing where it has none of its own."""
    return [{"Delete": {"Key": _key(head)}}] if head.own_key else []


class UserKeyReader:
    """Read by the worker alone, after its claim."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._clock = ground.table, ground.clock

    def get_user_key(self, head: Generation) -> bytes | None:
        """Return the sealed key; None when it has been deleted or its time is over."""
        item = self._table.get(_key(head))
        if item is None:
            return None
        values = items.unmarshal(item)
        return None if int(values["expires_at"]) <= self._clock.now().timestamp() else bytes(values["sealed"])


def _key(head: Generation) -> items.Item:
    return items.marshal({"pk": head.user_id, "sk": f"Y#{head.generation_id}"})
