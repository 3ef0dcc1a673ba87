"""Admission by the rate limit and by a key, each checked against a real condition evaluator."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.errors import AdmissionRefusedError, KeyReusedError
from shared.domain.idempotency import KEY_SECONDS
from shared.domain.limits import Policy, Rate
from shared.store.marshalling import unmarshal
from shared.store.whole import Store
from tests.contract.admitting import FIVE, a_key, admit, kept, refusal
from tests.factories import SETTINGS, FakeClock

# ---- the rate limit


def test_the_sixth_within_the_window_is_refused_and_let_in_when_it_comes_back_as_told(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    left = []
    for _ in range(5):
        rate = admit(store, clock, owner).rate
        assert rate is not None
        left.append((rate.remaining, rate.seconds))
        clock.pass_seconds(10)
    assert left == [(4, 300), (3, 291), (2, 281), (1, 271), (0, 261)]
    stored = kept(dynamodb, owner)
    refused = refusal(store, clock, owner)
    assert (refused.code, refused.retry_after_seconds) == ("rate_limited", 251)
    assert refused.rate == Rate(FIVE, 0, 251)
    assert kept(dynamodb, owner) == stored, "a refusal stores nothing"
    clock.pass_seconds(refused.retry_after_seconds - 1)
    assert refusal(store, clock, owner).retry_after_seconds == 1
    clock.pass_seconds(1)
    assert admit(store, clock, owner).head is not None


def test_one_owners_limit_is_no_others(store: Store, clock: FakeClock, owner: str) -> None:
    for _ in range(5):
        admit(store, clock, owner)
    assert admit(store, clock, f"another {owner}").rate == Rate(FIVE, 4, 300)


def test_what_nothing_limits_leaves_no_trace_beside_the_generation(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    admitted = admit(store, clock, owner, Policy({}))
    assert admitted.rate is None
    assert sorted(sk[:2] for sk in kept(dynamodb, owner)) == ["G#", "I#"]


def test_the_state_of_a_limit_is_swept_a_day_after_nothing_of_it_counts_any_more(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    admit(store, clock, owner)
    key = {"pk": {"S": owner}, "sk": {"S": "L#create"}}
    item = unmarshal(dynamodb.get_item(TableName=SETTINGS.table_name, Key=key)["Item"])
    assert item["expires_at"] == int((clock.now() + timedelta(days=1, seconds=900)).timestamp())


def test_a_state_that_was_swept_or_erased_begins_anew(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    for _ in range(5):
        admit(store, clock, owner)
    dynamodb.delete_item(TableName=SETTINGS.table_name, Key={"pk": {"S": owner}, "sk": {"S": "L#create"}})
    assert admit(store, clock, owner).rate == Rate(FIVE, 4, 300)


# ---- the key


def test_the_same_key_and_request_is_answered_with_the_same_generation_and_counts_once(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    first = admit(store, clock, owner, key=a_key())
    stored = kept(dynamodb, owner)
    clock.pass_seconds(KEY_SECONDS - 1)
    again = admit(store, clock, owner, key=a_key())
    assert (again.generation_id, again.head) == (first.generation_id, None)
    assert kept(dynamodb, owner) == stored, "no orphan input either"


def test_a_key_is_answered_though_the_limit_is_full(store: Store, clock: FakeClock, owner: str) -> None:
    first = admit(store, clock, owner, key=a_key())
    for _ in range(4):
        admit(store, clock, owner)
    assert refusal(store, clock, owner).code == "rate_limited"
    again = admit(store, clock, owner, key=a_key())
    assert again.generation_id == first.generation_id
    assert again.rate == Rate(FIVE, 0, 300)


def test_a_key_with_another_request_is_refused_and_stores_nothing(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    admit(store, clock, owner, key=a_key())
    stored = kept(dynamodb, owner)
    with pytest.raises(KeyReusedError):
        admit(store, clock, owner, key=a_key(body="another body"))
    assert kept(dynamodb, owner) == stored


def test_the_same_key_of_two_owners_makes_two_generations(store: Store, clock: FakeClock, owner: str) -> None:
    first, second = (admit(store, clock, one, key=a_key()) for one in (owner, f"another {owner}"))
    assert first.head is not None
    assert second.head is not None


@pytest.mark.parametrize("body", ["body", "another body"])
def test_an_expired_key_is_a_new_one_though_its_item_is_still_there(
    store: Store, clock: FakeClock, owner: str, body: str
) -> None:
    first = admit(store, clock, owner, key=a_key())
    clock.pass_seconds(KEY_SECONDS)
    second = admit(store, clock, owner, key=a_key(body=body))
    assert second.head is not None
    assert second.generation_id != first.generation_id
    assert admit(store, clock, owner, key=a_key(body=body)).generation_id == second.generation_id


def test_a_refused_request_leaves_its_key_unused(store: Store, clock: FakeClock, owner: str) -> None:
    for _ in range(5):
        admit(store, clock, owner)
    with pytest.raises(AdmissionRefusedError):
        admit(store, clock, owner, key=a_key())
    clock.pass_seconds(301)
    assert admit(store, clock, owner, key=a_key(body="another body")).head is not None
