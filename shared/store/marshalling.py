"""Values as the attributes of an item, and back.

Times are epoch seconds with milliseconds; texts of more than a line are JSON, compressed with zlib.
"""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.domain.clock import epoch_milliseconds, from_epoch_milliseconds
from shared.store.values import deserialize, serialize

Item = dict[str, Any]


def marshal(values: Mapping[str, Any]) -> Item:
    """Return DynamoDB's form of `values`. Datetimes become epoch seconds, and None is omitted."""
    return {name: serialize(_plain(value)) for name, value in values.items() if value is not None}


def unmarshal(item: Item) -> Item:
    return {name: deserialize(value) for name, value in item.items()}


def _plain(value: object) -> object:
    return to_epoch(value) if isinstance(value, datetime) else value


def to_epoch(moment: datetime) -> Decimal:
    """Return `moment` as epoch seconds, exact to the millisecond, in DynamoDB's own form: no trailing zeros."""
    return Decimal(epoch_milliseconds(moment)) / 1000


def from_epoch(value: Decimal) -> datetime:
    return from_epoch_milliseconds(int(value * 1000))


def pack(value: Mapping[str, Any]) -> bytes:
    """Return `value` as compressed JSON, because DynamoDB bills writes by the kilobyte. Raises ValueError for NaN."""
    return zlib.compress(json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def unpack(data: bytes) -> dict[str, Any]:
    """Undo `pack`. NaN, which an earlier version stored, becomes null, because JSON has no NaN."""
    return _object(zlib.decompress(data))


def unpack_within(data: bytes, most_bytes: int) -> dict[str, Any] | None:
    """Undo `pack`, or return None if the JSON is larger than this many bytes. Unpacking stops there."""
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(data, most_bytes + 1)
    return None if len(text) > most_bytes else _object(text)


def _object(text: bytes) -> dict[str, Any]:
    unpacked = json.loads(text, parse_constant=lambda _name: None)
    if not isinstance(unpacked, dict):
        raise TypeError("the packed value is not an object")
    return unpacked


def expiry(moment: datetime | None) -> int | None:
    """DynamoDB's time to live takes whole epoch seconds."""
    return None if moment is None else epoch_milliseconds(moment) // 1000
