"""Limits on what an owner may start: exact sliding windows and spending limits. Pure: it decides, `store` reads and
writes.

A window is exact because it keeps the time of every accepted request. Times are whole epoch milliseconds.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from shared.domain.settings import Settings

EVERY_KIND = "*"
_RATE = re.compile(r"(\*|[a-z][a-z0-9_]{0,31})=(10000|[1-9][0-9]{0,3})/([1-9][0-9]{0,6})")


@dataclass(frozen=True, slots=True)
class Limit:
    """Accepts at most `count` in any `seconds`. `name` is its name in the headers and in the stored state."""

    name: str
    count: int
    seconds: int

    @property
    def milliseconds(self) -> int:
        return self.seconds * 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """A deployment's limits for each owner. A limit of 0 is switched off."""

    limits: Mapping[str, Limit]
    max_running: int = 0
    max_daily_spend_usd: Decimal = Decimal(0)
    max_monthly_spend_usd: Decimal = Decimal(0)
    max_deployment_daily_spend_usd: Decimal = Decimal(0)
    """For all owners together; the others are for each owner."""

    @property
    def counts_open(self) -> bool:
        """Whether a limit depends on an owner's open generations."""
        return bool(self.max_running or self.max_daily_spend_usd or self.max_monthly_spend_usd)

    def limit_for(self, kind: str) -> Limit | None:
        """Return the rate limit that counts a generation of this kind; None if none does."""
        return self.limits.get(kind) or self.limits.get(EVERY_KIND)


@dataclass(frozen=True, slots=True)
class Rate:
    """The state of one rate limit: how many are left, and in how many seconds one more will be."""

    limit: Limit
    remaining: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """Return RateLimit and RateLimit-Policy, as draft-ietf-httpapi-ratelimit-headers defines them."""
        return {
            "ratelimit-policy": f'"{self.limit.name}";q={self.limit.count};w={self.limit.seconds}',
            "ratelimit": f'"{self.limit.name}";r={self.remaining};t={self.seconds}',
        }


@dataclass(frozen=True, slots=True)
class Accepted:
    """An owner's recent acceptances: the item `L#create`. Every acceptance writes a new version of it.

    `last_at` is the time of the last one, `longest` the longest time that one of them may stay open, both in
    milliseconds. `op` marks the write that made this version, None before the first.
    """

    windows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    last_at: int = 0
    longest: int = 0
    op: str | None = None

    def wait(self, limit: Limit, now: int) -> int:
        """Return the milliseconds from `now` until one more is allowed; 0 if it is allowed now.

        The bound is strict: times are cut to milliseconds, so two that are `seconds` apart may be slightly closer.
        """
        times = self._live(limit, now)
        if len(times) < limit.count:
            return 0
        return times[-limit.count] + limit.milliseconds + 1 - now

    def rate(self, limit: Limit, now: int) -> Rate:
        """Return how many a limit leaves, and the whole seconds, rounded up, until it allows one more."""
        times = self._live(limit, now)
        until_next = times[max(0, len(times) - limit.count)] + limit.milliseconds + 1 - now if times else 0
        # At most the window: the strict bound's extra millisecond must not add a second.
        return Rate(limit, max(0, limit.count - len(times)), min(whole_seconds(until_next), limit.seconds))

    def lapses_in(self, policy: Policy, now: int) -> int:
        """Return the milliseconds from `now` until no window of the policy holds any acceptance; 0 if none does."""
        lasts = ((limit, at) for limit in policy.limits.values() for at in self._live(limit, now)[-1:])
        return max((at + limit.milliseconds + 1 - now for limit, at in lasts), default=0)

    def take(self, policy: Policy, limit: Limit | None, now: int, open_for: int, op: str) -> "Accepted":
        """Return the state with one more acceptance in the window of `limit`, which may stay open for `open_for`.

        The caller must have checked `wait`.

        If this clock is behind the last stored time, the stored time is used. Stored times never go back, so none
        leaves a window too early.
        """
        at = max(now, self.last_at)
        limits = {each.name: each for each in policy.limits.values()}
        windows = {name: self._live(each, at) for name, each in limits.items()}
        if limit is not None:
            windows[limit.name] = (*windows[limit.name], at)
        return Accepted({name: times for name, times in windows.items() if times}, at, max(self.longest, open_for), op)

    def _live(self, limit: Limit, now: int) -> tuple[int, ...]:
        since = now - limit.milliseconds
        return tuple(at for at in self.windows.get(limit.name, ()) if at >= since)


def policy_of(settings: Settings) -> Policy:
    """Return the policy of the settings. Raises ValueError for a malformed RATE_LIMITS and for limits below 0."""
    return Policy(
        parse(settings.rate_limits),
        settings.max_running,
        _usd("MAX_DAILY_SPEND_USD", settings.max_daily_spend_usd),
        _usd("MAX_MONTHLY_SPEND_USD", settings.max_monthly_spend_usd),
        _usd("MAX_DEPLOYMENT_DAILY_SPEND_USD", settings.max_deployment_daily_spend_usd),
    )


def _usd(name: str, value: float) -> Decimal:
    if value < 0:
        raise ValueError(f"{name} is {value}. Set it to 0 (no limit) or more.")
    return Decimal(str(value)).normalize()


def parse(entries: Iterable[str]) -> dict[str, Limit]:
    """Read `kind=count/seconds` entries. `*` stands for all kinds that no entry names, and they share one window."""
    limits = {}
    for entry in entries:
        read = _RATE.fullmatch(entry)
        if read is None or read[1] in limits:
            raise ValueError(f"RATE_LIMITS has {entry!r}. Write each kind once, as kind=count/seconds.")
        name = "create" if read[1] == EVERY_KIND else f"create-{read[1]}"
        limits[read[1]] = Limit(name, int(read[2]), int(read[3]))
    return limits


def whole_seconds(milliseconds: int) -> int:
    """Return whole seconds, rounded up, so that this wait is long enough."""
    return -(-milliseconds // 1000)
