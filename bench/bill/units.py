"""DynamoDB's published rules for the cost of a read. Pure.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html Writes are not here: the
emulator reports theirs, with the index apart. For reads it counts calls, not sizes.
"""

import base64
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

READ_UNIT_BYTES = 4096
STORAGE_OVERHEAD_BYTES = 100
"""Of each stored item, beside what is in it."""


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return the bytes of an item, its names and values, as DynamoDB's wire or a client of it has it."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def read_units(items: Iterable[Mapping[str, Any]], *, strong: bool) -> float:
    """Return what one request that finds these items costs; one that finds nothing costs the least there is."""
    units = max(1, math.ceil(sum(map(item_bytes, items)) / READ_UNIT_BYTES))
    return float(units) if strong else units / 2


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    return _BYTES[kind](content)


def _number_bytes(digits: str) -> int:
    return (len(digits.strip("-0.").replace(".", "")) + 1) // 2 + 1


def _binary_bytes(content: str | bytes) -> int:
    return len(content if isinstance(content, bytes) else base64.b64decode(content))


_BYTES: Mapping[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "N": _number_bytes,
    "B": _binary_bytes,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "M": lambda members: 3 + len(members) + item_bytes(members),
    "L": lambda members: 3 + sum(1 + _value_bytes(each) for each in members),
}
"""Sets are missing: no item has one."""
