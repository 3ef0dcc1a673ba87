"""Replaces everything that differs between runs in recorded answers, so that they name no machine and stay plausible.

Every id, time and token keeps its form and its order. Nothing else changes.
"""

import json
import random
import re
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)
"""The apparent start of the recording."""
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_DATE = re.compile(r'"\d{4}-\d\d(-\d\d)?"')
_EPOCH = re.compile(r"(?<![\d.-])\d{10}(?:\d{3})?(?!\d)|(?<=-)\d{10}(?:\d{3})?(?=[\"\\-])")
_HEX = re.compile(r"\b[0-9a-f]{20,}\b")


class Stable:
    """`addresses` are replaced literally. `began` is when the recording did, in epoch seconds."""

    def __init__(self, addresses: Mapping[str, str], began: float | None = None) -> None:
        self._addresses = addresses
        self._shift = FIRST - datetime.fromtimestamp(began or time.time(), UTC)
        self._seeds: dict[str, int] = {}

    def of(self, recorded: Any) -> Any:
        """Return the same JSON value with stable ids, times, tokens and addresses."""
        text = json.dumps(recorded, ensure_ascii=False)
        for address, stable in self._addresses.items():
            text = text.replace(address, stable)
        steps: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
            (_UUID, self._uuid),
            (_HEX, self._hex),
            (_MOMENT, self._moment),
            (_DATE, self._date),
            (_EPOCH, self._epoch),
        )
        for pattern, made in steps:
            text = pattern.sub(lambda match, made=made: made(match[0]), text)  # type: ignore[misc]
        return json.loads(text)

    def _random(self, of: str) -> random.Random:
        return random.Random(self._seeds.setdefault(of, len(self._seeds)))  # noqa: S311 - no secret

    def _uuid(self, found: str) -> str:
        version = int(found[14])
        bits = self._random(found).getrandbits(128)
        if version == 7:  # its first 48 bits are the time, in milliseconds (RFC 9562)
            milliseconds = int(found.replace("-", "")[:12], 16) + int(self._shift / timedelta(milliseconds=1))
            bits = (milliseconds << 80) | (bits & ((1 << 80) - 1))
        fields = (bits & ~(0xF << 76) & ~(0x3 << 62)) | (version << 76) | (0x2 << 62)
        return str(uuid.UUID(int=fields))

    def _hex(self, found: str) -> str:
        return f"{self._random(found).getrandbits(4 * len(found)):0{len(found)}x}"

    def _moment(self, found: str) -> str:
        at = datetime.fromisoformat(found) + self._shift
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _date(self, found: str) -> str:
        return f'"{FIRST:%Y-%m-%d}"' if found.count("-") == 2 else f'"{FIRST:%Y-%m}"'

    def _epoch(self, found: str) -> str:
        unit = timedelta(milliseconds=1) if len(found) == 13 else timedelta(seconds=1)
        return str(int(found) + int(self._shift / unit))
