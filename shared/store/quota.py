"""An owner's use of limits: open generations, today's spend, and what each limit leaves. Writes nothing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from shared.domain.clock import epoch_milliseconds, uuid7
from shared.domain.generation import Generation
from shared.domain.limits import Accepted, Policy, Rate
from shared.store import items
from shared.store.admission_items import decode_accepted
from shared.store.damage import if_readable, reading
from shared.store.ground import Ground
from shared.store.keys import accepted_key, days_of_month, usage_key
from shared.store.marshalling import marshal

_SKEW_MILLISECONDS = 60_000


class Spent(NamedTuple):
    """An owner's spend and reservations so far, in US dollars, without what their own keys paid."""

    today: Decimal
    month: Decimal
    """0 if the policy has no monthly limit: then it is not read."""

    def left_of(self, policy: Policy) -> list[Decimal]:
        """Return what each of the owner's limits leaves."""
        ceilings = ((policy.max_daily_spend_usd, self.today), (policy.max_monthly_spend_usd, self.month))
        return [ceiling - spent for ceiling, spent in ceilings if ceiling]


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """An owner's use of a policy at this moment."""

    rates: tuple[Rate, ...]
    running: int
    spent: Spent

    @property
    def spent_today_usd(self) -> Decimal:
        return self.spent.today


class QuotaReader:
    """Every read is strongly consistent."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._clock = ground.table, ground.clock

    def use(self, user_id: str, policy: Policy) -> QuotaUse:
        """Return the owner's use of each rate limit, of open generations and of today's spend."""
        now = self._clock.now()
        with reading():
            accepted = decode_accepted(self._table.get(accepted_key(user_id)))
        running = self.open_heads(user_id, accepted, now)
        rates = tuple(accepted.rate(limit, epoch_milliseconds(now)) for limit in policy.limits.values())
        return QuotaUse(rates, len(running), self.spent(user_id, policy, running, now))

    def open_heads(self, user_id: str, accepted: Accepted, now: datetime) -> list[Generation]:
        """Return the owner's open generations, without those that should have ended a minute ago.

        A generation is open if it has a `due_at`, even with a status that only a newer version knows. An unreadable
        head counts towards no limit.

        Reads nothing if the last acceptance was too long ago for anything to be open. `longest` is the longest time
        that an accepted generation may stay open, so that changed settings cannot hide older generations.
        """
        since = epoch_milliseconds(now) - accepted.longest - _SKEW_MILLISECONDS
        if accepted.last_at < since:
            return []
        found = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :oldest AND :newest",
            FilterExpression="attribute_exists(due_at)",
            ExpressionAttributeValues=marshal({":pk": user_id, ":oldest": f"G#{uuid7(since, 0)}", ":newest": "G#g"}),
        )
        heads = (if_readable(partial(items.decode_head, item)) for item in found)
        return [head for head in heads if head is not None]

    def spent(self, user_id: str, policy: Policy, running: list[Generation], now: datetime) -> Spent:
        """Return the spend booked today and this month (UTC), plus what open generations have spent and reserved.

        Excludes what the owner's own keys paid: the limits guard the deployment's account. A month is the sum of its
        days. Reading 31 small items costs two units, while an item per month would cost two units at each end.
        """
        with reading():
            return self._spent(user_id, policy, running, now)

    def _spent(self, user_id: str, policy: Policy, running: list[Generation], now: datetime) -> Spent:
        ours = (head for head in running if not head.own_key)
        open_usd = sum((head.usage.cost_usd + head.reserved_usd for head in ours), Decimal(0))
        today = usage_key(user_id, now.date().isoformat())
        if not policy.max_monthly_spend_usd:
            return Spent(items.charged(self._table.get(today)) + open_usd, Decimal(0))
        found = self._table.query(**days_of_month(user_id, f"{now:%Y-%m}"))
        days = {day["sk"]["S"]: items.charged(day) for day in found}
        booked = days.get(today["sk"]["S"], Decimal(0))
        return Spent(booked + open_usd, sum(days.values(), Decimal(0)) + open_usd)
