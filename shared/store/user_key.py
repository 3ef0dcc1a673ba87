"""The item of a user's sealed provider key, which exists while its generation is open. Never decrypts it."""

from datetime import timedelta

from shared.domain.generation import SCHEMA_VERSION, Generation
from shared.store.ground import Ground
from shared.store.marshalling import Item, expiry, marshal, unmarshal

_KEPT_BEYOND_DEADLINE = timedelta(hours=1)


def put(head: Generation, sealed: bytes) -> Item:
    """Return the write of the key. It must be in the transaction that creates `head`.

    Its time to live covers the one case in which nothing ends the generation: no function runs any more.
    """
    expires_at = head.deadline_at + _KEPT_BEYOND_DEADLINE
    values = {"sealed": sealed, "schema_version": SCHEMA_VERSION, "expires_at": expiry(expires_at)}
    return {"Put": {"Item": _key(head) | marshal(values)}}


def deletion(head: Generation) -> list[Item]:
    """Return the delete of `head`'s key, for the transaction that ends it; empty if it has no key."""
    return [{"Delete": {"Key": _key(head)}}] if head.own_key else []


class UserKeyReader:
    """Only the worker reads it, after its claim."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._clock = ground.table, ground.clock

    def get_user_key(self, head: Generation) -> bytes | None:
        """Return the sealed key; None if it was deleted or has expired."""
        item = self._table.get(_key(head))
        if item is None:
            return None
        values = unmarshal(item)
        return None if int(values["expires_at"]) <= self._clock.now().timestamp() else bytes(values["sealed"])


def _key(head: Generation) -> Item:
    return marshal({"pk": head.user_id, "sk": f"Y#{head.generation_id}"})
