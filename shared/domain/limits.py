"""How much an owner may start: exact sliding windows and ceilings. Pure: it decides, `store` reads and writes.

A window is exact because it keeps the time of every accepted request in it. Times are whole epoch milliseconds.
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
    """At most `count` accepted in any `seconds`. `name` is its name in the headers and in the stored state."""

    name: str
    count: int
    seconds: int

    @property
    def milliseconds(self) -> int:
        return self.seconds * 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """What a deployment allows each of its owners. A ceiling of 0 is switched off."""

    limits: Mapping[str, Limit]
    max_running: int = 0
    max_daily_spend_usd: Decimal = Decimal(0)
    max_monthly_spend_usd: Decimal = Decimal(0)
    max_deployment_daily_spend_usd: Decimal = Decimal(0)
    """Of all owners together; the others are each owner's own."""

    @property
    def counts_open(self) -> bool:
        """Whether a limit goes by the generations that an owner has open."""
        return bool(self.max_running or self.max_daily_spend_usd or self.max_monthly_spend_usd)

    def limit_for(self, kind: str) -> Limit | None:
        """Return the limit whose window a generation of this kind goes into; None when nothing limits it."""
        return self.limits.get(kind) or self.limits.get(EVERY_KIND)


@dataclass(frozen=True, slots=True)
class Rate:
    """Where an owner stands with one limit: how many are left, and in how many seconds one more will be."""

    limit: Limit
    remaining: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """Return RateLimit and RateLimit-Policy, as draft-ietf-httpapi-ratelimit-headers has them."""
        return {
            "ratelimit-policy": f'"{self.limit.name}";q={self.limit.count};w={self.limit.seconds}',
            "ratelimit": f'"{self.limit.name}";r={self.remaining};t={self.seconds}',
        }


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an owner was let in for lately: the item `L#create`, of which every acceptance writes a new version.

    `last_at` is the time of the last one, `longest` the longest that one of them may stay open, both in milliseconds;
    `op` marks the write that made this version, None before the first.
    """

    windows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    last_at: int = 0
    longest: int = 0
    op: str | None = None

    def wait(self, limit: Limit, now: int) -> int:
        """Return the milliseconds from `now` until one more is allowed; 0 when it is now.

        The bound is strict: times are cut to milliseconds, and two that are `seconds` apart may be a little closer.
        """
        times = self._live(limit, now)
        if len(times) < limit.count:
            return 0
        return times[-limit.count] + limit.milliseconds + 1 - now

    def rate(self, limit: Limit, now: int) -> Rate:
        """Return what is left of a limit, and the whole seconds, rounded up, until one more is."""
        times = self._live(limit, now)
        until_next = times[max(0, len(times) - limit.count)] + limit.milliseconds + 1 - now if times else 0
        # At most the window: the strict bound's millisecond is no second of its own.
        return Rate(limit, max(0, limit.count - len(times)), min(whole_seconds(until_next), limit.seconds))

    def lapses_in(self, policy: Policy, now: int) -> int:
        """Return the milliseconds from `now` until no window of the policy holds any of these; 0 when none does."""
        lasts = ((limit, at) for limit in policy.limits.values() for at in self._live(limit, now)[-1:])
        return max((at + limit.milliseconds + 1 - now for limit, at in lasts), default=0)

    def take(self, policy: Policy, limit: Limit | None, now: int, open_for: int, op: str) -> "Accepted":
        """Return the state with one more accepted, which may stay open for `open_for`, in the window of `limit`.

        The caller has asked `wait`.

        A clock behind the one before it takes that one's time: stored times never go back, so that none is dropped
        from a window before its time.
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
    """Return the policy that the settings name. Raises ValueError for RATE_LIMITS of another form, and below 0."""
    return Policy(
        parse(settings.rate_limits),
        settings.max_running,
        _usd("MAX_DAILY_SPEND_USD", settings.max_daily_spend_usd),
        _usd("MAX_MONTHLY_SPEND_USD", settings.max_monthly_spend_usd),
        _usd("MAX_DEPLOYMENT_DAILY_SPEND_USD", settings.max_deployment_daily_spend_usd),
    )


def _usd(name: str, value: float) -> Decimal:
    if value < 0:
        raise ValueError(f"{name} must be 0, for no ceiling, or more, and is {value}")
    return Decimal(str(value)).normalize()


def parse(entries: Iterable[str]) -> dict[str, Limit]:
    """Read `kind=count/seconds` entries; `*` is every kind that none names, and those share one window."""
    limits = {}
    for entry in entries:
        read = _RATE.fullmatch(entry)
        if read is None or read[1] in limits:
            raise ValueError(f"RATE_LIMITS must be kind=count/seconds, each kind once, and has {entry!r}")
        name = "create" if read[1] == EVERY_KIND else f"create-{read[1]}"
        limits[read[1]] = Limit(name, int(read[2]), int(read[3]))
    return limits


def whole_seconds(milliseconds: int) -> int:
    """Return seconds rounded up: who waits so long has waited long enough."""
    return -(-milliseconds // 1000)
