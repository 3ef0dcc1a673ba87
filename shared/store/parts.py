"""What a head stands on, its input and what it takes over: stored before it, deleted again when it does not come.

What a process that dies in between leaves has a time to live; the bucket's rule deletes its objects.
"""

from contextlib import suppress
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared.domain.errors import StoreUnavailableError
from shared.store.objects import named_by

if TYPE_CHECKING:
    from shared.domain.generation import GenerationKey
    from shared.store.ground import Ground
    from shared.store.items import Item

_AT_ONCE = 100  # the most that one transaction takes


class Parts:
    """The parts of one generation that is to be let in, as far as this call has stored them."""

    def __init__(self, ground: "Ground", key: "GenerationKey") -> None:
        self._table, self._objects, self._key = ground.table, ground.objects, key
        self._items: list[Item] = []
        self._keys: list[str] = []

    def put(self, item: "Item", name: str) -> None:
        """Store an item, and before it, as the object `name`, what is too large for one."""
        self._items.append({part: item[part] for part in ("pk", "sk")})
        stored = self._objects.offload(item, name)
        self._keys += named_by(stored)
        self._table.put(stored)

    def copy(self, source: "GenerationKey", name: str) -> None:
        """Store a copy of another generation's picture under the same name."""
        copied = self._objects.key_of_picture(self._key, name)
        self._keys.append(copied)
        self._objects.copy(self._objects.key_of_picture(source, name), copied)

    def discard(self) -> None:
        """Delete all that was stored. Only for a head that is known not to have come.

        Raises nothing that the store or the bucket says: what could not be deleted goes by its time to live.
        """
        with suppress(StoreUnavailableError, ClientError):
            self._objects.delete(self._keys)
            # A transaction, though it costs twice as much: no function but the erasure's has the right to any other.
            for keys in batched(self._items, _AT_ONCE, strict=False):
                self._table.transact([{"Delete": {"Key": key}} for key in keys], mine=lambda _item: False)
        self._items, self._keys = [], []
