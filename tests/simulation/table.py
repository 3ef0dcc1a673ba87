"""One table in memory, with its sparse index, as DynamoDB would keep them. Knows keys and items, no expressions.

Items are never changed in place: a reader's item stays as it was.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tests.simulation.expressions import Item

Key = tuple[str, str]
INDEX = "due"


class Change(NamedTuple):
    """The effect of one write on one item; None if there was none, or is none any more."""

    key: Key
    before: Item | None
    after: Item | None


class Entry(NamedTuple):
    """One item's place in the index."""

    shard: str
    due_at: Decimal
    key: Key


def projected(item: Item | None) -> Item | None:
    """Return the index entry of an item, which has only its keys; None for an item that is not in it."""
    if item is None or "due_shard" not in item or "due_at" not in item:
        return None
    return {name: item[name] for name in ("pk", "sk", "due_shard", "due_at")}


def no_lag() -> float:
    return 0.0


@dataclass
class FakeTable:
    """`watch` gets each write, whole, right after it; `lag` says for how long the index does not show it."""

    now: Callable[[], float]
    watch: Callable[[list[Change]], None] = lambda _changes: None
    lag: Callable[[], float] = no_lag
    items: dict[Key, Item] = field(default_factory=dict)
    older: dict[Key, Item | None] = field(default_factory=dict)
    """Each item before its last write: an eventually consistent read may still return it."""
    _sorted: dict[str, list[str]] = field(default_factory=dict)
    _index: dict[Key, Entry] = field(default_factory=dict)
    _shards: dict[str, list[tuple[Decimal, Key]]] = field(default_factory=dict)
    """The index's entries, each shard in the order in which a query reads it."""
    _on_its_way: deque[tuple[float, Key, Entry | None]] = field(default_factory=deque)

    def apply(self, changes: list[Change]) -> None:
        """Write all of them at once."""
        for key, before, after in changes:
            self.older[key] = before
            if after is None:
                if before is not None:
                    del self.items[key]
                    self._sorted[key[0]].remove(key[1])
            else:
                if before is None:
                    insort(self._sorted.setdefault(key[0], []), key[1])
                self.items[key] = after
            self._note(key, after)
        self.watch(changes)

    def _note(self, key: Key, after: Item | None) -> None:
        entry = None
        if after is not None and "due_shard" in after and "due_at" in after:
            entry = Entry(after["due_shard"]["S"], Decimal(after["due_at"]["N"]), key)
        lag = self.lag()
        if lag or self._on_its_way or self._index.get(key) != entry:
            # A later write is never shown before an earlier one.
            visible = self.now() + lag
            if self._on_its_way:
                visible = max(visible, self._on_its_way[-1][0])
            self._on_its_way.append((visible, key, entry))

    def keys_between(self, partition: str, low: str, high: str) -> list[str]:
        """Return the partition's sort keys from `low` on and below `high`, in order."""
        keys = self._sorted.get(partition, [])
        return keys[bisect_left(keys, low) : bisect_left(keys, high)]

    def indexed(self, shard: str) -> Iterator[Entry]:
        """Yield a shard's entries by due time, as far as the index has followed."""
        now = self.now()
        while self._on_its_way and self._on_its_way[0][0] <= now:
            _at, key, entry = self._on_its_way.popleft()
            self._follow(key, entry)
        return (Entry(shard, due_at, key) for due_at, key in self._shards.get(shard, []))

    def _follow(self, key: Key, entry: Entry | None) -> None:
        before = self._index.pop(key, None)
        if before is not None:
            held = self._shards[before.shard]
            del held[bisect_left(held, before[1:])]
        if entry is not None:
            self._index[key] = entry
            insort(self._shards.setdefault(entry.shard, []), entry[1:])
