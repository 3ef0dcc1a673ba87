"""The items of the rate limit's state and of idempotency keys, and the conditions of their writes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.clock import from_epoch_milliseconds
from shared.domain.generation import SCHEMA_VERSION, Generation
from shared.domain.idempotency import KEY_SECONDS, IdempotencyKey
from shared.domain.limits import Accepted, Policy
from shared.store.keys import accepted_key, idempotency_key
from shared.store.marshalling import Item, expiry, marshal, unmarshal


@dataclass(frozen=True, slots=True)
class StoredKey:
    """The request that a key was used for."""

    body_hash: bytes
    generation_id: str


def decode_accepted(item: Item | None) -> Accepted:
    """Return the state, which is empty before the first acceptance. An expired item holds only old times."""
    if item is None:
        return Accepted()
    values = unmarshal(item)
    windows = {name: tuple(int(at) for at in times) for name, times in values["windows"].items()}
    return Accepted(windows, int(values["last_at"]), int(values["longest"]), values["op"])


def encode_accepted(user_id: str, accepted: Accepted, policy: Policy, *, replaces: Accepted) -> Item:
    """Return the write of the state. Its condition: the state that it was made from is unchanged."""
    kept = max(accepted.longest, *(limit.milliseconds for limit in policy.limits.values()), 0)
    expires_at = from_epoch_milliseconds(accepted.last_at + kept) + timedelta(days=1)
    item = accepted_key(user_id) | marshal(
        {
            "windows": {name: list(times) for name, times in accepted.windows.items()},
            "last_at": accepted.last_at,
            "longest": accepted.longest,
            "op": accepted.op,
            "schema_version": SCHEMA_VERSION,
            "expires_at": expiry(expires_at),
        }
    )
    if replaces.op is None:
        return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    return {
        "Put": {
            "Item": item,
            # No counted version: after expiry or erasure, a new item could repeat the number.
            "ConditionExpression": "#op = :op",
            "ExpressionAttributeNames": {"#op": "op"},
            "ExpressionAttributeValues": marshal({":op": replaces.op}),
        }
    }


def decode_key(item: Item, now: datetime) -> StoredKey | None:
    """Return the request that a key was used for; None if the item has expired, even if DynamoDB has not deleted it
    yet."""
    values = unmarshal(item)
    if int(values["expires_at"]) <= int(now.timestamp()):
        return None
    return StoredKey(bytes(values["body_hash"]), values["generation_id"])


def encode_key(generation: Generation, key: IdempotencyKey, now: datetime) -> Item:
    """Return the write that stores a key. Its condition: the key is unused or expired."""
    return {
        "Put": {
            "Item": idempotency_key(generation.user_id, key.key)
            | marshal(
                {
                    "body_hash": key.body_hash,
                    "generation_id": generation.generation_id,
                    "schema_version": SCHEMA_VERSION,
                    "expires_at": expiry(now + timedelta(seconds=KEY_SECONDS)),
                }
            ),
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
            "ExpressionAttributeValues": marshal({":now": expiry(now)}),
        }
    }
