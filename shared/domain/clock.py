"""Time and identity. The only module that asks the system for the time, a random token or an id.

Tests and the simulator pass a clock of their own; nothing else in the code reads the time.
"""

import secrets
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The clock that the code uses. `now` is UTC in whole milliseconds; `monotonic` is seconds and never goes back."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def token(self) -> str:
        """Return 16 characters that no other call returns. They mark a holder or an operation."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1): the jitter of a delay."""
        ...

    def new_id(self) -> str:
        """Return a new generation's id: a UUIDv7, so that ids sort by creation time."""
        ...


class SystemClock:
    """The real time and the operating system's randomness."""

    def now(self) -> datetime:
        # Whole milliseconds, so that a stored time compares equal to the one that was written.
        return from_epoch_milliseconds(time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        return time.monotonic()

    def token(self) -> str:
        return secrets.token_hex(8)

    def random(self) -> float:
        return secrets.randbelow(1 << 53) / (1 << 53)

    def new_id(self) -> str:
        return uuid7(epoch_milliseconds(self.now()), secrets.randbits(74))


def uuid7(milliseconds: int, random_bits: int) -> str:
    """Return the UUIDv7 of RFC 9562, section 5.7: 48 bits of epoch milliseconds and 74 random bits."""
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return str(uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low))


def from_epoch_milliseconds(milliseconds: int) -> datetime:
    """Return the UTC time that lies `milliseconds` after the epoch, exactly."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def epoch_milliseconds(moment: datetime) -> int:
    """Return the whole milliseconds from the epoch to `moment`, which must be aware."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def midnight_after(moment: datetime) -> datetime:
    """Return the end of the day (UTC) in which `moment` lies."""
    return (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def month_after(moment: datetime) -> datetime:
    """Return the end of the month (UTC) in which `moment` lies."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
