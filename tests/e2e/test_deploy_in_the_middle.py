"""A new version of the code finishes the previous version's work: its items and its messages, as it wrote them.

In schema version 1, three attributes of the head had other names.
"""

from collections.abc import Mapping
from typing import Any

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually

OLD_NAMES = {"fruitless_attempts": "barren", "isolated": "alone", "dispatches": "sends"}


def write_as_the_version_before(stack: LocalStack, owner: Owner, generation_id: str) -> None:
    """Rewrite the generation's head and input as schema version 1 had them."""
    head = faults.head(stack, owner.name, generation_id)
    renamed = {old: head[new] for new, old in OLD_NAMES.items() if new in head}
    faults.change_item(stack, owner.name, f"G#{generation_id}", renamed | {"schema_version": 1}, list(OLD_NAMES))
    faults.change_item(stack, owner.name, f"I#{generation_id}", {"schema_version": 1}, [])


def submit_as_the_version_before(stack: LocalStack, owner: Owner, model: str = "local/cards") -> str:
    """Return a generation that the version before stored, and whose message it did not send yet."""
    generation_id = owner.submit(model)
    faults.take_message(stack, generation_id)
    write_as_the_version_before(stack, owner, generation_id)
    return generation_id


def test_a_generation_and_a_message_of_the_version_before_are_worked_on(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        good, bad = (submit_as_the_version_before(stack, alice, model) for model in ("local/cards", "local/refuse"))
        for one in (good, bad):
            messages.send(stack, messages.body(alice.name, one, fence=1))
    assert alice.wait_for_end(good)["status"] == "succeeded"
    assert alice.wait_for_end(bad)["error"]["code"] == "output_refused"
    assert [len(faults.calls(stack, one)) for one in (good, bad)] == [1, 1]


def test_a_generation_of_the_version_before_whose_message_was_lost_is_rescued(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        generation_id = submit_as_the_version_before(stack, alice)
    assert alice.wait_for_end(generation_id)["status"] == "succeeded"
    assert faults.head(stack, alice.name, generation_id)["dispatches"] == 2


def test_a_worker_of_the_version_before_that_ended_with_the_deploy_is_replaced(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/slow_first:1:60")
    eventually(lambda: faults.calls(stack, generation_id), lambda calls: len(calls) == 1)
    faults.kill(faults.worker_of(stack, alice.name, generation_id))
    write_as_the_version_before(stack, alice, generation_id)
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)


def test_a_step_that_the_version_before_stored_is_not_paid_for_again(stack: LocalStack, alice: Owner) -> None:
    model_of = alice.submit()
    output = alice.wait_for_end(model_of)["output"]
    [step] = [item for item in faults.items(stack, alice.name) if item["sk"].startswith("S#")]
    with faults.no_delivery(stack):
        generation_id = submit_as_the_version_before(stack, alice)
        faults.put_item(stack, without_usage(step) | {"sk": step["sk"].replace(model_of, generation_id)})
        messages.send(stack, messages.body(alice.name, generation_id, fence=1))
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["output"]) == ("succeeded", output)
    assert faults.calls(stack, generation_id) == []


def test_a_generation_of_the_version_before_is_canceled_and_ends_at_its_deadline_as_any(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.no_delivery(stack):
        canceled, late = (submit_as_the_version_before(stack, alice) for _ in range(2))
        assert alice.cancel(canceled)["status"] == "canceled"
        created_at = faults.head(stack, alice.name, late)["created_at"]
        faults.change_head(stack, alice.name, late, {"deadline_at": created_at})
        assert alice.wait_for_end(late)["error"]["code"] == "deadline_exceeded"


def park_as_the_version_after(stack: LocalStack, owner: Owner) -> str:
    """Return a generation that the version after has given a status which this version has no word for."""
    generation_id = owner.submit()
    faults.take_message(stack, generation_id)
    faults.change_head(stack, owner.name, generation_id, {"status": "parked", "fence": 7})
    owner.generations.remove(generation_id)  # it is erased in the end: nothing is left to judge
    return generation_id


def test_a_status_of_the_version_after_is_read_listed_canceled_expired_and_erased(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.no_delivery(stack):
        read, canceled, late = (park_as_the_version_after(stack, alice) for _ in range(3))
    assert alice.look(read)["status"] == "pending", "the closest word of this version's contract"
    listed = alice.http.get("/v1/generations").json()["generations"]
    assert {one["generation_id"] for one in listed} >= {read, canceled, late}
    assert alice.cancel(canceled)["status"] == "canceled"
    created_at = faults.head(stack, alice.name, late)["created_at"]
    faults.change_head(stack, alice.name, late, {"deadline_at": created_at})
    assert alice.wait_for_end(late)["error"]["code"] == "deadline_exceeded"
    alice.http.delete("/v1/me").raise_for_status()
    assert not [item for item in faults.items(stack, alice.name) if item["sk"].startswith("G#")]


def without_usage(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step as one without a cost, which therefore reports none."""
    left_out = {"paid_calls", "prompt_tokens", "completion_tokens", "cost_usd", "schema_version"}
    return {name: value for name, value in step.items() if name not in left_out}
