"""Reads when a server asks to retry, in any of its forms. Read with distrust; at most a day."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_WAIT_SECONDS = 86_400.0
_UNITS = {
    unit: seconds
    for units, seconds in (
        ("ms millisecond milliseconds", 0.001),
        ("s sec secs second seconds", 1.0),
        ("m min mins minute minutes", 60.0),
        ("h hr hrs hour hours", 3600.0),
        ("d day days", 86_400.0),
    )
    for unit in units.split()
}
_MILLISECOND_HEADERS = ("retry-after-ms", "x-retry-after-ms", "x-ms-retry-after-ms")
_HEADERS = ("retry-after", "llm_provider-retry-after", "x-retry-after")
_MILLISECOND_KEYS = frozenset({"retry_after_ms", "retryafterms"})
_KEYS = frozenset({"retry_after", "retry_after_seconds", "retryafter", "retryafterseconds", "retrydelay"})
_SAID = ("try again in ", "retry in ", "retry after ", "try again after ", "wait ")
_NOT_A_SPAN = 1_000_000_000.0
"""From this value on, a number of seconds is a time since 1970."""

_MOST_NESTED = 8
_LONGEST_DATE = 64


def retry_after_of(headers: Mapping[str, str], body: Any, message: str, now: datetime) -> float | None:
    """Return the seconds to wait; None if the server set none or the value makes no sense.

    `headers` has lower-case names. A date is compared with the server's own `Date`, if present, so that clocks may
    differ. Gateways forward the model's own value in the body: as a key or in a sentence.
    """
    wait = _in_headers(headers, now)
    if wait is None:
        wait = next(_in_body(body, now, 0), None)
    if wait is None:
        wait = _in_words(message)
    return None if wait is None else min(wait, LONGEST_WAIT_SECONDS)


def _in_headers(headers: Mapping[str, str], now: datetime) -> float | None:
    for name in _MILLISECOND_HEADERS:
        if (wait := _number(headers.get(name))) is not None:
            return wait / 1000
    here = _moment(headers.get("date", "")) or now
    for name in _HEADERS:
        if (wait := _wait(headers.get(name), here)) is not None:
            return wait
    return _reset(headers, here)


def _reset(headers: Mapping[str, str], here: datetime) -> float | None:
    """Of several limits, the exhausted ones say when: x-ratelimit-reset, -reset-tokens, -reset-requests, ..."""
    resets = {name: value for name, value in headers.items() if "ratelimit" in name and "reset" in name}
    spent = {name for name in resets if _number(headers.get(name.replace("reset", "remaining"))) == 0}
    waits = [_wait(value, here) for name, value in resets.items() if name in spent or not spent]
    return max((wait for wait in waits if wait is not None), default=None)


def _in_body(value: Any, now: datetime, depth: int) -> Iterator[float]:
    if depth > _MOST_NESTED:
        return
    if isinstance(value, list):
        for part in value:
            yield from _in_body(part, now, depth + 1)
    if not isinstance(value, dict):
        return
    for name, part in value.items():
        key = name.lower().replace("-", "_")
        if isinstance(part, dict) and key == "headers":
            wait = _in_headers({str(k).lower(): str(v) for k, v in part.items()}, now)
        elif key in _MILLISECOND_KEYS:
            wait = None if (number := _number(part)) is None else number / 1000
        else:
            wait = _wait(part, now) if key in _KEYS else None
        if wait is not None:
            yield wait
        yield from _in_body(part, now, depth + 1)


def _in_words(message: str) -> float | None:
    lower = message.lower()
    for said in _SAID:
        _, found, rest = lower.partition(said)
        if not found:
            continue
        number, _, unit = rest[:40].partition(" ")
        # "45 seconds" is two words, "1m30s." is one. "1,200" is one number.
        plain = number.replace(",", "")
        two_words = _number(plain) is not None and unit[:1].isalpha()
        spoken = plain + unit.split()[0].strip(".,;)") if two_words else plain
        wait = _span(spoken if _span(spoken) is not None else plain, exact=False)
        if wait is not None:
            return wait
    return None


def _wait(value: Any, here: datetime) -> float | None:
    """Read a number of seconds, a span such as 1m30s, a time since 1970 in seconds or milliseconds, or a date."""
    number = _number(value)
    if number is not None:
        if number < _NOT_A_SPAN:
            return number
        since = number / 1000 if number >= _NOT_A_SPAN * 100 else number
        return max(0.0, since - here.timestamp())
    if isinstance(value, dict):
        return _number(value.get("seconds"))
    if not isinstance(value, str):
        return None
    span = _span(value)
    if span is not None:
        return span
    moment = _moment(value)
    return None if moment is None else max(0.0, (moment - here).total_seconds())


def _span(text: str, *, exact: bool = True) -> float | None:
    """Return the seconds of a span such as 34s, 1m30.5s, 20ms or 45, or of a span at the start of the text."""
    total, at, found = 0.0, 0, False
    text = text.strip()[:40]
    while at < len(text) and text[at].isdecimal() and text[at].isascii():
        begin = at
        while at < len(text) and (text[at] in "0123456789."):
            at += 1
        number, begin_unit = _number(text[begin:at].rstrip(".")), at
        while at < len(text) and text[at].isascii() and text[at].isalpha():
            at += 1
        unit = _UNITS.get(text[begin_unit:at] or "s")
        if number is None or unit is None:
            break
        total, found = total + number * unit, True
    return total if found and (not exact or at == len(text)) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(text: str) -> datetime | None:
    if len(text) > _LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a number of twenty digits is not a year
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
