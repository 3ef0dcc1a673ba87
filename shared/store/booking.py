"""Books a generation's usage on its owner's day and, if the deployment has a daily limit, on the deployment's day.

Both must be in the transaction that changes the head, so that no charge is counted twice or lost.
"""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from shared.domain.generation import Generation, Usage
from shared.domain.settings import Settings
from shared.store import items
from shared.store.keys import usage_key
from shared.store.marshalling import Item, expiry, marshal
from shared.store.sweeps import NO_OWNER

PARTITIONS = 10
"""Partitions of a deployment's day. Each takes a thousand write units a second: some 5,000 ends a second in total."""
_SHARDS_IN_EACH = 10  # transactions that meet in one item must retry; more items mean fewer conflicts
_KEPT_DAYS = 3


def writes(
    head: Generation, usage: Usage, day: date, settings: Settings, *, generations: int, reserved_usd: Decimal
) -> list[Item]:
    """Return the writes that add to the days on which `head` counts.

    `reserved_usd` is for calls without a known charge. The day counts it until the charge arrives.
    """
    ours = Decimal(0) if head.own_key else usage.cost_usd + reserved_usd
    found = [_of_owner(head, usage, day, generations=generations, reserved_usd=reserved_usd)]
    if settings.max_deployment_daily_spend_usd and ours:
        found.append(_of_deployment(head, ours, day))
    return found


def partition_of(day: date, number: int) -> str:
    """Return the partition key of one of a day's PARTITIONS. No token's subject can equal it."""
    return f"{NO_OWNER} spend {day.isoformat()} {number}"


def _of_owner(head: Generation, usage: Usage, day: date, *, generations: int, reserved_usd: Decimal) -> Item:
    added: dict[str, Any] = {"generations": generations or None, **items.usage_values(usage)}
    if head.own_key:
        added["own_cost_usd"] = usage.cost_usd
    else:
        added["reserved_usd"] = reserved_usd or None
    names = [name for name, value in added.items() if value is not None]
    adds = ", ".join(f"#{name} :{name}" for name in names)
    return {
        "Update": {
            "Key": usage_key(head.user_id, day.isoformat()),
            # An erasure earlier that day set the sum to expire. Later usage must be kept.
            "UpdateExpression": f"ADD {adds} REMOVE expires_at",
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": marshal({f":{name}": added[name] for name in names}),
        }
    }


def _of_deployment(head: Generation, ours: Decimal, day: date) -> Item:
    drawn = hashlib.sha256(head.generation_id.encode()).digest()
    partition, shard = drawn[0] % PARTITIONS, drawn[1] % _SHARDS_IN_EACH
    lapses = datetime.combine(day, time(tzinfo=UTC)) + timedelta(days=_KEPT_DAYS)
    return {
        "Update": {
            "Key": marshal({"pk": partition_of(day, partition), "sk": f"spend {shard}"}),
            "UpdateExpression": "ADD spent_usd :ours SET expires_at = :lapses",
            "ExpressionAttributeValues": marshal({":ours": ours, ":lapses": expiry(lapses)}),
        }
    }
