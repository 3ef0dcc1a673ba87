"""Counts what a store reads, by DynamoDB's rule for the size of items; each read counts as strongly consistent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.store.whole import Store
from tests.simulation.capacity import read_units, size_of


@contextmanager
def counted(store: Store) -> Iterator[list[float]]:
    """Yield the units of each get and query within the block. Counts only returned items, although a filter's dropped
    items are read too."""
    units: list[float] = []

    def count(parsed: dict[str, Any], **_: Any) -> None:
        found = parsed.get("Items") or ([parsed["Item"]] if "Item" in parsed else [])
        units.append(read_units(sum(map(size_of, found)), consistent=True))

    table: Any = store.ground.table
    events = table._client.meta.events
    events.register("after-call.dynamodb", count)
    try:
        yield units
    finally:
        events.unregister("after-call.dynamodb", count)
