"""Shared by the tests of admission: an owner who asks, and the owner's items in the table afterwards."""

from typing import Any

import pytest

from shared.domain.errors import AdmissionRefusedError
from shared.domain.idempotency import IdempotencyKey
from shared.domain.limits import Limit, Policy
from shared.store.admission import Admission, Admitted
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_generation, an_input

FIVE = Limit("create", 5, 300)
LIMITED = Policy({"*": FIVE})


def a_key(name: str = "key", body: str = "body") -> IdempotencyKey:
    return IdempotencyKey("owner", name, {"body": body})


def admit(
    store: Store, clock: FakeClock, owner: str, policy: Policy = LIMITED, key: IdempotencyKey | None = None, **more: Any
) -> Admitted:
    generation = a_generation(clock, user_id=owner, **more)
    return store.admission.admit(generation, an_input(), Admission(policy, key))


def refusal(store: Store, clock: FakeClock, owner: str, policy: Policy = LIMITED) -> AdmissionRefusedError:
    with pytest.raises(AdmissionRefusedError) as refused:
        admit(store, clock, owner, policy)
    return refused.value


def kept(dynamodb: Any, owner: str) -> list[str]:
    """The sort keys of all of an owner's items in the table."""
    found = dynamodb.query(
        TableName=SETTINGS.table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": owner}},
        ConsistentRead=True,
    )
    return [item["sk"]["S"] for item in found["Items"]]


def heads(dynamodb: Any, owner: str) -> list[str]:
    return [sk.removeprefix("G#") for sk in kept(dynamodb, owner) if sk.startswith("G#")]
