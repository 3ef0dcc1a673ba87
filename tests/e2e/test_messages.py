"""SQS delivers at least once, in any order, and keeps unreadable messages: none of this may cost a generation."""

import json

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually


def assert_done_in_one_attempt(stack: LocalStack, owner: Owner, generation_id: str) -> None:
    found = owner.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 1)
    assert len(faults.calls(stack, generation_id)) == 1


def await_empty(stack: LocalStack, generation_id: str) -> None:
    """Wait until every message of the generation has been handled and deleted."""
    eventually(lambda: messages.in_queue(stack, stack.queue_url, generation_id), lambda left: not left)


def test_a_message_that_comes_three_times_at_once_and_again_at_the_end_starts_the_work_once(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        duplicate = messages.body(alice.name, generation_id, fence=1)
        messages.send(stack, duplicate)
        messages.send(stack, duplicate)
    assert_done_in_one_attempt(stack, alice, generation_id)
    before = faults.items(stack, alice.name)
    messages.send(stack, duplicate)
    await_empty(stack, generation_id)
    assert faults.items(stack, alice.name) == before


def test_an_old_message_does_not_start_what_waits_for_the_providers_time(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/limited:1:4")
    waiting = alice.wait_for(generation_id, lambda found: "not_before" in found)
    assert (waiting["status"], waiting["attempt"]) == ("pending", 1)
    late = messages.send(stack, messages.body(alice.name, generation_id, fence=1))
    eventually(
        lambda: [message["MessageId"] for message in messages.in_queue(stack, stack.queue_url, generation_id)],
        lambda left: late not in left,
    )
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    first, second = faults.calls(stack, generation_id)
    assert second["received_at"] - first["finished_at"] >= 4


def test_of_messages_that_come_in_the_wrong_order_only_the_newest_counts(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        faults.take_message(stack, generation_id)
        # As after two releases.
        faults.change_head(stack, alice.name, generation_id, {"fence": 5})
        for fence in (5, 1, 3):
            messages.send(stack, messages.body(alice.name, generation_id, fence))
    assert_done_in_one_attempt(stack, alice, generation_id)
    await_empty(stack, generation_id)


def test_a_message_redriven_from_the_dead_letter_queue_starts_what_it_named(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        message = json.dumps(faults.take_message(stack, generation_id))
        messages.send(stack, message, stack.dead_letter_queue_url)
        # SQS redrives by sending again: the message has another id.
        dead = faults.take_message(stack, generation_id, stack.dead_letter_queue_url)
        messages.send(stack, json.dumps(dead))
    assert_done_in_one_attempt(stack, alice, generation_id)
    await_empty(stack, generation_id)


def test_what_nobody_can_read_goes_back_alone_and_ends_in_the_dead_letter_queue(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.queue_attributes(stack, stack.queue_url, VisibilityTimeout="1"):
        with faults.no_delivery(stack):
            first = alice.submit()
            bad = {
                messages.send(stack, "not JSON at all"),
                messages.send(stack, json.dumps({"v": 1, "user_id": alice.name})),
                messages.send(stack, messages.body(alice.name, first, fence=1, version=2)),
            }
            last = alice.submit()
        assert_done_in_one_attempt(stack, alice, first)
        assert_done_in_one_attempt(stack, alice, last)
        dead = eventually(
            lambda: [
                message
                for message in messages.in_queue(stack, stack.dead_letter_queue_url, "")
                if message["MessageId"] in bad
            ],
            lambda found: len(found) == len(bad),
        )
    assert {message["ReceiveCount"] for message in dead} == {5}


def test_a_head_of_an_unknown_kind_or_a_newer_schema_does_not_stop_the_sweep_and_ends_at_its_deadline(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.no_delivery(stack):
        unknown, newer, good = alice.submit(), alice.submit(), alice.submit()
        for generation_id in alice.generations:
            faults.take_message(stack, generation_id)
    faults.change_head(stack, alice.name, unknown, {"kind": "hologram"})
    faults.change_head(stack, alice.name, newer, {"schema_version": 99})
    due = {one: faults.head(stack, alice.name, one)["due_at"] for one in (unknown, newer)}
    eventually(
        lambda: (stack.invoke("sweeper"), faults.head(stack, alice.name, good))[1],
        lambda head: head["status"] == "succeeded",
    )
    for one in (unknown, newer):
        head = eventually(
            lambda one=one: (stack.invoke("sweeper"), faults.head(stack, alice.name, one))[1],  # type: ignore[misc]
            lambda head, one=one: head["due_at"] > due[one],  # type: ignore[misc]
        )
        assert (head["status"], head["fence"], head["dispatches"]) == ("pending", 1, 1)
        faults.change_head(stack, alice.name, one, {"deadline_at": head["created_at"] + 1})
        found = alice.wait_for_end(one)
        assert (found["status"], found["error"]["code"]) == ("failed", "deadline_exceeded")
        assert faults.calls(stack, one) == []
