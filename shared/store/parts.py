"""The parts of a head: its input and the steps that it takes over. They are stored first, and deleted if the head is
not stored.

If the process dies in between, the items have a time to live, and the bucket's rule deletes the objects.
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
    from shared.store.marshalling import Item

_AT_ONCE = 100  # the maximum of one transaction


class Parts:
    """The parts of one new generation that this call has stored so far."""

    def __init__(self, ground: "Ground", key: "GenerationKey") -> None:
        self._table, self._objects, self._key = ground.table, ground.objects, key
        self._items: list[Item] = []
        self._keys: list[str] = []

    def put(self, item: "Item", name: str) -> None:
        """Store an item. A value that is too large is first stored as the object `name`."""
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
        """Delete everything that was stored. Call it only if the head is known not to be stored.

        Raises no error of the store or the bucket: the time to live removes what could not be deleted.
        """
        with suppress(StoreUnavailableError, ClientError):
            self._objects.delete(self._keys)
            # A transaction, although it costs twice as much: only the erasure's function has the right to other
            # deletes.
            for keys in batched(self._items, _AT_ONCE, strict=False):
                self._table.transact([{"Delete": {"Key": key}} for key in keys], mine=lambda _item: False)
        self._items, self._keys = [], []
