"""The keys of the table's items. docs/architecture.md lists what each item holds."""

import hashlib

from shared.domain.generation import GenerationKey
from shared.store.marshalling import Item, marshal

DUE_SHARDS = 10


def head_key(key: GenerationKey) -> Item:
    return marshal({"pk": key.owner, "sk": f"G#{key.generation_id}"})


def input_key(key: GenerationKey) -> Item:
    return marshal({"pk": key.owner, "sk": f"I#{key.generation_id}"})


def step_key(key: GenerationKey, name: str) -> Item:
    return marshal({"pk": key.owner, "sk": f"S#{key.generation_id}#{name}"})


def step_prefix(generation_id: str) -> str:
    return f"S#{generation_id}#"


def usage_key(user_id: str, day: str) -> Item:
    return marshal({"pk": user_id, "sk": f"U#{day}"})


def days_of_month(user_id: str, month: str) -> Item:
    """Return the query for an owner's usage on each day of a month (YYYY-MM)."""
    return {
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
        "ExpressionAttributeValues": marshal({":pk": user_id, ":prefix": f"U#{month}-"}),
    }


def accepted_key(user_id: str) -> Item:
    return marshal({"pk": user_id, "sk": "L#create"})


def idempotency_key(user_id: str, key: str) -> Item:
    return marshal({"pk": user_id, "sk": f"K#{key}"})


def due_shard(generation_id: str) -> str:
    """Return the index shard of the generation. It never changes, and ids spread evenly over shards."""
    return str(hashlib.sha256(generation_id.encode()).digest()[0] % DUE_SHARDS)
