"""An owner cancels: before the work, during it, and at the moment of its end."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually


def test_a_generation_canceled_while_it_waits_is_never_begun(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        found = alice.cancel(generation_id)
        assert found["status"] == "canceled"
        assert alice.cancel(generation_id) == found, "a second time changes nothing"
        assert messages.in_queue(stack, stack.queue_url, generation_id)
    eventually(lambda: messages.in_queue(stack, stack.queue_url, generation_id), lambda left: not left)
    assert alice.look(generation_id) == found
    assert faults.calls(stack, generation_id) == []


def test_canceling_a_running_generation_closes_the_models_stream_within_moments(
    stack: LocalStack, alice: Owner
) -> None:
    generation_id = alice.submit("local/stream:60")
    alice.wait_for(generation_id, lambda found: found["progress"] > 5)
    canceled_at = time.time()
    found = alice.cancel(generation_id)
    assert found["status"] == "canceled"
    [call] = eventually(lambda: faults.calls(stack, generation_id), lambda calls: calls[0]["finished_at"] is not None)
    assert call["outcome"] == "client_closed"
    # A heartbeat is half a second here; the rest is a slow machine's.
    assert call["finished_at"] - canceled_at < 5
    # The stream was closed before the model said what it had cost: nothing is known to have been spent.
    assert found["usage"]["calls"] == 0
    assert alice.look(generation_id) == found


def test_of_a_cancel_that_races_the_end_one_wins_and_what_was_paid_is_counted_once(
    stack: LocalStack, alice: Owner
) -> None:
    generations = [alice.submit("local/slow:1") for _ in range(20)]
    winners = {"succeeded": 0, "canceled": 0}

    def cancel_at_the_end(generation_id: str) -> None:
        eventually(
            lambda: faults.calls(stack, generation_id), lambda calls: bool(calls) and calls[0]["outcome"] is not None
        )
        answer = alice.cancel(generation_id)
        assert answer["status"] in winners
        winners[answer["status"]] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(cancel_at_the_end, generations))
    for generation_id in generations:
        found = alice.look(generation_id)
        assert ("output" in found) == (found["status"] == "succeeded")
    assert sum(winners.values()) == len(generations)


def test_nobody_cancels_what_is_another_owners(new_owner: Callable[[], Owner]) -> None:
    alice, bob = new_owner(), new_owner()
    generation_id = alice.submit()
    theirs = bob.http.post(f"/v1/generations/{generation_id}/cancel")
    assert theirs.status_code == 404
    assert alice.wait_for_end(generation_id)["status"] == "succeeded"
