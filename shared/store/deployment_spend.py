"""The spend of all owners together today: the sum over the day's shards, cached for seconds. Writes nothing."""

from datetime import datetime
from decimal import Decimal

from shared.store.booking import PARTITIONS, partition_of
from shared.store.ground import Ground
from shared.store.marshalling import marshal, unmarshal

CACHE_SECONDS = 5.0
"""How old a cached sum may be. A sum takes ten queries: some five read units."""


class DeploymentSpend:
    """Open generations are not included: a generation is booked when it ends.

    The reads are eventually consistent, at half the price. A lag of milliseconds does not matter, because the sum is
    cached for seconds.
    """

    def __init__(self, ground: Ground) -> None:
        self._table, self._clock = ground.table, ground.clock
        self._ceiling_usd = ground.settings.max_deployment_daily_spend_usd
        self._day, self._spent, self._read_at = "", Decimal(0), 0.0

    def spent_today(self, moment: datetime) -> Decimal:
        """Return the sum of the day (UTC), in US dollars, at most CACHE_SECONDS old."""
        day, now = moment.date(), self._clock.monotonic()
        if self._day != day.isoformat() or now - self._read_at >= CACHE_SECONDS:
            spent = sum((self._sum_of(partition_of(day, number)) for number in range(PARTITIONS)), Decimal(0))
            self._day, self._spent, self._read_at = day.isoformat(), spent, now
        return self._spent

    def percent(self, moment: datetime) -> float:
        """Return the spent share of MaxDeploymentDailySpendUsd. Without that limit, return 0 and read nothing."""
        return 100 * float(self.spent_today(moment)) / self._ceiling_usd if self._ceiling_usd else 0.0

    def _sum_of(self, partition: str) -> Decimal:
        found = self._table.query(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues=marshal({":pk": partition})
        )
        return sum((Decimal(unmarshal(shard).get("spent_usd", 0)) for shard in found), Decimal(0))
