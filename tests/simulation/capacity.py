"""DynamoDB's charges for a request: write and read units by the size of items, the index's apart.

By AWS's rules for sizes and units, which `tests/contract/test_capacity.py` compares with an emulator's answers:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from collections.abc import Iterable
from typing import Any

from tests.simulation.expressions import Item, Value
from tests.simulation.table import INDEX, Change, projected

PAGE_BYTES = 1024 * 1024
"""A query stops once it has read this much."""
MOST_ITEM_BYTES = 400 * 1024
_WRITE_BYTES, _READ_BYTES = 1024, 4096


def size_of(item: Item) -> int:
    """Bytes of an item: names and strings in UTF-8, and half a byte a digit."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Value) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "N":
        digits = held.strip("-").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1
    if kind == "B":
        return len(bytes(held))
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size(member) for name, member in held.items())
    if kind == "L":
        return 3 + sum(1 + _size(member) for member in held)
    return 1


def write_units(change: Change) -> int:
    """Units of the table for one write: by the larger of the item before and after, and one for nothing at all."""
    largest = max(size_of(change.before or {}), size_of(change.after or {}))
    return max(1, -(-largest // _WRITE_BYTES))


def index_units(change: Change) -> int:
    """Units of the index for one write: a changed key is a delete and a put, what is not projected costs nothing."""
    before, after = projected(change.before), projected(change.after)
    if before == after:
        return 0
    return sum(-(-size_of(entry) // _WRITE_BYTES) for entry in (before, after) if entry)


def read_units(read: int, *, consistent: bool) -> float:
    """Units for this many bytes read in one request; an eventually consistent read costs half."""
    units = max(1, -(-read // _READ_BYTES))
    return float(units) if consistent else units / 2


def of_writes(table: str, changes: Iterable[Change], times: int = 1) -> dict[str, Any]:
    """Return ConsumedCapacity as `INDEXES` has it. In a transaction a write of the table counts twice."""
    changes = list(changes)
    return _consumed(table, times * sum(map(write_units, changes)), sum(map(index_units, changes)))


def of_read(table: str, units: float, *, index: bool) -> dict[str, Any]:
    return _consumed(table, 0.0 if index else units, units if index else 0.0)


def _consumed(name: str, table: float, index: float) -> dict[str, Any]:
    answer: dict[str, Any] = {"TableName": name, "CapacityUnits": float(table + index)}
    answer["Table"] = {"CapacityUnits": float(table)}
    if index:
        answer["GlobalSecondaryIndexes"] = {INDEX: {"CapacityUnits": float(index)}}
    return answer
