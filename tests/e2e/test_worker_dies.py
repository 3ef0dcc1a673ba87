"""A worker's process is killed at every point where it matters: the generation ends whole, and is paid for once.

The gate holds the worker's request to DynamoDB, so that each kill falls between two writes and not near them.
"""

from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.gate import Gate
from tests.e2e.owner import Owner, eventually


@pytest.fixture(scope="module")
def gate(stack: LocalStack) -> Iterator[Gate]:
    with faults.gated(stack, "process", "dynamodb") as gate:
        yield gate


def test_a_worker_killed_before_its_first_heartbeat_is_replaced(stack: LocalStack, gate: Gate, alice: Owner) -> None:
    reading = gate.hold(lambda operation, body: operation == "GetItem" and "I#" in body)
    generation_id = alice.submit()
    reading.wait()
    claimed = faults.head(stack, alice.name, generation_id)
    assert claimed["heartbeat_at"] == claimed["started_at"], "nothing but the claim has been written"
    faults.kill(faults.worker_of(stack, alice.name, generation_id))
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    assert len(faults.calls(stack, generation_id)) == 1


def test_a_worker_killed_between_the_stored_step_and_the_final_write_is_not_paid_for_again(
    stack: LocalStack, gate: Gate, alice: Owner
) -> None:
    ending = gate.hold(lambda operation, body: operation == "TransactWriteItems" and "succeeded" in body)
    generation_id = alice.submit()
    ending.wait()
    assert any(item["sk"].startswith("S#") for item in faults.items(stack, alice.name))
    faults.kill(faults.worker_of(stack, alice.name, generation_id))
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    [call] = faults.calls(stack, generation_id)
    assert found["usage"] == usage_of(call)


def test_a_worker_killed_after_the_final_write_leaves_it_as_it_is_when_its_message_comes_back(
    stack: LocalStack, gate: Gate, alice: Owner
) -> None:
    reading = gate.hold(lambda operation, body: operation == "GetItem" and "I#" in body)
    ended = gate.hold(lambda operation, body: operation == "TransactWriteItems" and "succeeded" in body, once_done=True)
    with faults.queue_attributes(stack, stack.queue_url, VisibilityTimeout="4"):
        generation_id = alice.submit()
        reading.wait()
        worker = faults.worker_of(stack, alice.name, generation_id)
        reading.let_go()
        ended.wait()
        before = alice.look(generation_id)
        assert before["status"] == "succeeded"
        faults.kill(worker)
        [unacknowledged] = messages.in_queue(stack, stack.queue_url, generation_id)
        assert unacknowledged["ReceiveCount"] == 1
        # It is delivered again, recognised as outdated, and only then deleted.
        eventually(lambda: messages.in_queue(stack, stack.queue_url, generation_id), lambda found: not found)
    assert alice.look(generation_id) == before
    [call] = faults.calls(stack, generation_id)
    assert before["usage"] == usage_of(call)


def usage_of(call: dict[str, object]) -> dict[str, object]:
    return {
        "calls": 1,
        "prompt_tokens": call["prompt_tokens"],
        "completion_tokens": call["completion_tokens"],
        "cost_usd": call["cost"],
        "wasted_cost_usd": 0.0,
    }
