"""If a user's own key is used, ours is never sent, however the generation ends: the ledger shows whose it was."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import KEY_PARAMETER, LocalStack
from tests.canary import Secret
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually, own_text


@pytest.fixture
def carol(stack: LocalStack) -> Iterator[Owner]:
    """An owner that the end of the test does not check: two paid calls in one step are allowed, and so is an
    erasure."""
    owner = Owner(stack, f"carol-{uuid.uuid4()}")
    yield owner
    owner.close()


@pytest.fixture(scope="module")
def ours(stack: LocalStack) -> str:
    answer = stack.client("ssm").get_parameter(Name=KEY_PARAMETER, WithDecryption=True)
    return faults.fingerprint(answer["Parameter"]["Value"])


def keys_of(stack: LocalStack, generation_id: str) -> list[str]:
    return [call["key_fingerprint"] for call in faults.calls(stack, generation_id)]


def is_kept(stack: LocalStack, owner: Owner, generation_id: str) -> bool:
    return any(item["sk"] == f"Y#{generation_id}" for item in faults.items(stack, owner.name))


def retry(owner: Owner, generation_id: str, **body: Any) -> str:
    answer = owner.http.post(f"/v1/generations/{generation_id}/retry", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["generation_id"])


@pytest.mark.parametrize(("model", "calls"), [("local/cards", 1), ("local/repair", 2), ("local/limited:2:1", 3)])
def test_every_call_is_made_with_the_users_key(
    stack: LocalStack, carol: Owner, ours: str, model: str, calls: int
) -> None:
    key = Secret()
    with faults.denied(stack, "process", "ssm:GetParameter"), faults.environment(stack, "process"):
        # A new process, that may not even read our key, has no other to send.
        generation_id = carol.submit(model, user_provided_key=key.text)
        found = carol.wait_for_end(generation_id)
    assert (found["status"], found["own_key"]) == ("succeeded", True)
    assert len(keys_of(stack, generation_id)) >= calls
    assert set(keys_of(stack, generation_id)) == {faults.fingerprint(key.text)}
    assert faults.fingerprint(key.text) != ours
    assert not is_kept(stack, carol, generation_id)


def test_without_one_ours_is_used(stack: LocalStack, alice: Owner, ours: str) -> None:
    generation_id = alice.submit()
    assert "own_key" not in alice.wait_for_end(generation_id)
    assert set(keys_of(stack, generation_id)) == {ours}


def test_who_takes_over_from_a_dead_worker_uses_the_users_key_too(stack: LocalStack, alice: Owner) -> None:
    key = Secret()
    generation_id = alice.submit("local/slow_first:1:20", user_provided_key=key.text)
    eventually(lambda: keys_of(stack, generation_id), bool)
    assert is_kept(stack, alice, generation_id)
    faults.kill(faults.worker_of(stack, alice.name, generation_id))
    assert alice.wait_for_end(generation_id)["attempt"] >= 2
    assert len(keys_of(stack, generation_id)) >= 2
    assert set(keys_of(stack, generation_id)) == {faults.fingerprint(key.text)}


def test_a_refused_key_is_the_users_fault_and_a_retry_goes_on_with_another(stack: LocalStack, alice: Owner) -> None:
    bad, good = Secret(f"bad-{Secret().text}"), Secret()
    first = alice.submit(user_provided_key=bad.text)
    found = alice.wait_for_end(first)
    assert found["error"]["code"] == "user_key_refused"
    refused = alice.http.post(f"/v1/generations/{first}/retry")
    assert (refused.status_code, refused.json()["code"]) == (400, "user_key_required")
    second = retry(alice, first, user_provided_key=good.text)
    alice.generations.append(second)
    assert alice.wait_for_end(second)["status"] == "succeeded"
    assert set(keys_of(stack, first)) == {faults.fingerprint(bad.text)}
    assert set(keys_of(stack, second)) == {faults.fingerprint(good.text)}


def test_while_kms_refuses_the_worker_nothing_is_sent_and_it_goes_on_afterwards(
    stack: LocalStack, alice: Owner
) -> None:
    key = Secret()
    with faults.denied(stack, "process", "kms:Decrypt"):
        generation_id = alice.submit(user_provided_key=key.text)
        events = f"/v1/generations/{generation_id}/events"
        eventually(
            lambda: [line.get("code") for line in alice.http.get(events).json()["events"]],
            lambda codes: "user_key_unavailable" in codes,
        )
        assert keys_of(stack, generation_id) == []
        assert is_kept(stack, alice, generation_id)
    assert alice.wait_for_end(generation_id)["status"] == "succeeded"
    assert set(keys_of(stack, generation_id)) == {faults.fingerprint(key.text)}


def test_while_kms_refuses_the_create_nothing_is_stored(stack: LocalStack, alice: Owner) -> None:
    body = {"source_text": own_text(), "user_provided_key": Secret().text}
    with faults.denied(stack, "create", "kms:Encrypt"):
        answer = alice.http.post("/v1/generations", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert faults.items(stack, alice.name) == []


def test_a_key_that_is_gone_from_the_table_fails_the_generation_and_ours_is_not_sent(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit(user_provided_key=Secret().text)
        key = {"pk": {"S": alice.name}, "sk": {"S": f"Y#{generation_id}"}}
        stack.client("dynamodb").delete_item(TableName=stack.table_name, Key=key)
    assert alice.wait_for_end(generation_id)["error"]["code"] == "user_key_missing"
    assert keys_of(stack, generation_id) == []


def test_a_key_that_was_sealed_for_another_generation_is_of_no_use(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        mine, other = (alice.submit(user_provided_key=Secret().text) for _ in range(2))
        sealed = {item["sk"]: item["sealed"] for item in faults.items(stack, alice.name) if item["sk"][:2] == "Y#"}
        faults.change_item(stack, alice.name, f"Y#{mine}", {"sealed": sealed[f"Y#{other}"]})
    assert alice.wait_for_end(mine)["error"]["code"] == "user_key_missing"
    assert alice.wait_for_end(other)["status"] == "succeeded"
    assert keys_of(stack, mine) == []


@pytest.mark.parametrize("ender", ["sweeper", "status", "actions"])
def test_whoever_ends_it_takes_the_key_along(stack: LocalStack, alice: Owner, ender: str) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit(user_provided_key=Secret().text)
        assert is_kept(stack, alice, generation_id)
        if ender == "actions":
            alice.cancel(generation_id)
        else:
            faults.change_head(stack, alice.name, generation_id, {"deadline_at": 1, "due_at": 1})
            if ender == "sweeper":
                stack.invoke("sweeper")
            else:
                alice.look(generation_id)
        found = faults.head(stack, alice.name, generation_id)
        assert found["status"] == ("canceled" if ender == "actions" else "failed")
        assert not is_kept(stack, alice, generation_id)


def test_an_erasure_takes_the_key_along(stack: LocalStack, carol: Owner) -> None:
    with faults.no_delivery(stack):
        carol.submit(user_provided_key=Secret().text)
        assert carol.http.delete("/v1/me").status_code in {200, 202}
        assert not [item for item in faults.items(stack, carol.name) if item["sk"].startswith(("Y#", "G#"))]
