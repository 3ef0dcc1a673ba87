"""The cost that one caller can cause per day, with and without a token: each call at the template's rate limit. Pure.

`tests/unit/test_exposure.py` checks the reads and writes against the store.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from operations import footprint as uses
from operations.cost import MILLION, Counts, bill
from operations.idle_cost import TEMPLATE
from operations.prices import Prices

_DAY_SECONDS = 86_400
_MEMORY_MB = 1_024
_ROUTE = re.compile(r"^        ([A-Z]+ /v1/\S+):\s+\{ThrottlingRateLimit: (?:!Ref )?(\w+),", re.MULTILINE)
_DEFAULT = re.compile(r"^      DefaultRouteSettings: \{ThrottlingRateLimit: !Ref (\w+),", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an attacker, at its highest cost for the deployment."""

    what: str
    route: str
    token: bool
    counts: Counts


@dataclass(frozen=True, slots=True)
class Exposure:
    """The maximum cost of a call: US dollars per million, and per day at `rate` calls a second."""

    call: Call
    rate: float
    usd_a_million: float

    @property
    def usd_a_day(self) -> float:
        return self.usd_a_million * self.rate * _DAY_SECONDS / MILLION


def rates(path: Path = TEMPLATE) -> dict[str, float]:
    """Return the rate limit of each route that has its own, and of all others under the empty name."""
    text = path.read_text()
    found = {route: _rate(text, limit) for route, limit in _ROUTE.findall(text)}
    http, *_sockets = _DEFAULT.findall(text)
    return found | {"": _rate(text, http)}


def _rate(text: str, limit: str) -> float:
    if limit.isdecimal():
        return float(limit)
    [default] = re.findall(rf"^  {limit}:\n(?:    .*\n|      .*\n)*?    Default: (\d+)$", text, re.MULTILINE)
    return float(default)


def _answered(processor_seconds: float, aws_calls: int, **more: float) -> Counts:
    seconds = uses.http_seconds(processor_seconds, aws_calls, _MEMORY_MB)
    gateway = Counts(api_calls=1, log_bytes=uses.ACCESS_LOG_BYTES, sent_bytes=600)
    return replace(gateway, invocations=1, http_gb_seconds=seconds * _MEMORY_MB / 1024, **_added(gateway, more))


def _added(to: Counts, more: dict[str, float]) -> dict[str, float]:
    return {name: getattr(to, name) + value for name, value in more.items()}


_REFUSED = Counts(api_calls=1, log_bytes=uses.ACCESS_LOG_BYTES, sent_bytes=300)
CALLS = (
    Call("no token or an invalid one: refused by API Gateway", "", False, _REFUSED),
    Call("a new invalid token each time, with TokenVerifier=function", "", False, _answered(0.002, 0)),
    Call("health", "GET /v1/health", False, _answered(0.002, 0)),
    Call("the OpenAPI document, 156 KB", "GET /v1/openapi.json", False, _answered(0.002, 0, sent_bytes=156_000)),
    Call(
        "a poll of an ended story",
        "",
        True,
        _answered(0.004, 2, read_units=3, sent_bytes=12_000),
    ),
    Call(
        "a create that is refused (429), body of 10 KB", "POST /v1/generations", True, _answered(0.008, 2, read_units=3)
    ),
    Call("a list whose filter matches nothing", "GET /v1/generations", True, _answered(0.02, 1, read_units=13)),
    Call(
        "a list with outputs of 256 KB",
        "GET /v1/generations",
        True,
        _answered(0.03, 3, read_units=80, sent_bytes=270_000),
    ),
    Call("a page of 100 cards, 80 KB", "GET /v1/cards", True, _answered(0.02, 1, read_units=21, sent_bytes=80_000)),
    Call(
        "30 long edits of suggestions, repeatedly",
        "POST /v1/generations/{generation_id}/suggestions",
        True,
        _answered(0.02, 5, read_units=16, write_units=264, sent_bytes=25_000),
    ),
    Call(
        "a ticket to a live connection that nobody opens",
        "POST /v1/live",
        True,
        _answered(0.004, 2, read_units=1, write_units=1),
    ),
    Call("an erasure of nothing", "DELETE /v1/me", True, _answered(0.01, 7, read_units=7)),
)


def exposures(prices: Prices, path: Path = TEMPLATE) -> list[Exposure]:
    """Return all calls, those without a token first."""
    limits = rates(path)
    found = [Exposure(call, limits.get(call.route, limits[""]), bill(call.counts, prices).usd) for call in CALLS]
    return sorted(found, key=lambda each: (each.call.token, -each.usd_a_day))


def as_text(found: list[Exposure]) -> Iterator[str]:
    yield (
        "What one caller can cost per day, at the limits of template.yaml. US dollars, without free tiers and taxes.\n"
    )
    yield f"{'':58}{'a second':>10}{'a million':>12}{'a day':>10}"
    for each in found:
        who = "token   " if each.call.token else "anybody "
        yield f"{who}{each.call.what:50.50}{each.rate:10,.0f}{each.usd_a_million:12,.2f}{each.usd_a_day:10,.2f}"
    yield ""
    yield "The limits count all callers of a route together, so this is also the maximum cost of a route."
    yield "Model costs: MaxDailySpendUsd limits each owner, and RateLimits limits how many generations they start."
