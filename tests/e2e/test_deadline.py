"""A generation ends at its deadline, wherever it is then; that it waits for the provider is in test_retries."""

from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually


@pytest.fixture(autouse=True, scope="module")
def soon(stack: LocalStack) -> Iterator[None]:
    with faults.environment(stack, "create", DEADLINE_SECONDS="6"):
        yield


def test_a_generation_that_nobody_began_by_its_deadline_fails_and_its_message_does_nothing(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        # Nobody polls: the sweeper ends it.
        eventually(
            lambda: (stack.invoke("sweeper"), faults.head(stack, alice.name, generation_id))[1],
            lambda head: head["status"] != "pending",
        )
        found = alice.look(generation_id)
        assert (found["status"], found["error"]["code"]) == ("failed", "deadline_exceeded")
    eventually(lambda: messages.in_queue(stack, stack.queue_url, generation_id), lambda left: not left)
    assert alice.look(generation_id) == found
    assert faults.calls(stack, generation_id) == []


def test_a_generation_that_runs_at_its_deadline_fails_and_the_models_stream_is_closed(
    stack: LocalStack, alice: Owner
) -> None:
    generation_id = alice.submit("local/hang")
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"], found["error"]["code"]) == ("failed", 1, "deadline_exceeded")
    assert found["finished_at"] >= found["deadline_at"]
    [call] = eventually(lambda: faults.calls(stack, generation_id), lambda calls: calls[0]["finished_at"] is not None)
    assert call["outcome"] == "client_closed"
