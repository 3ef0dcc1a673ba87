"""An owner cancels: before the work, during it, and at the moment of its end."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually

NOBODYS = "01900000-0000-7000-8000-000000000000"


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
    # The stream was closed before the model said what it had cost: its worker asks for the bill, and adds that alone.
    billed = alice.wait_for(generation_id, lambda now: now["usage"]["calls"] == 1)
    assert billed["usage"] == {
        "calls": 1,
        "prompt_tokens": call["prompt_tokens"],
        "completion_tokens": call["completion_tokens"],
        "cost_usd": call["cost"],
        "wasted_cost_usd": call["cost"],
    }
    assert billed == found | {"usage": billed["usage"], "version": found["version"] + 1}
    assert faults.usage(stack, alice.name)["cost_usd"] == Decimal(str(call["cost"]))


def test_of_a_cancel_that_races_the_end_one_wins_and_what_was_paid_is_counted_once(
    stack: LocalStack, alice: Owner
) -> None:
    def cancel_around_the_end(place: float) -> tuple[str, str]:
        generation_id = alice.submit("local/slow:3")
        [call] = eventually(lambda: faults.calls(stack, generation_id), bool)
        # From well before to well after, most of them within the moments of the end itself.
        time.sleep(max(0.0, call["received_at"] + 3 + 2 * place**3 - time.time()))
        return generation_id, str(alice.cancel(generation_id)["status"])

    places = [number / 4 for number in range(-4, 5)]
    with ThreadPoolExecutor(len(places)) as pool:
        # The processes that will cancel are started first: no race is run from a cold start.
        list(pool.map(lambda _: alice.http.post(f"/v1/generations/{NOBODYS}/cancel"), places))
        ended = list(pool.map(cancel_around_the_end, places))
    assert {winner for _, winner in ended} == {"succeeded", "canceled"}, ended
    for generation_id, winner in ended:
        found = alice.look(generation_id)
        assert found["status"] == winner
        assert ("output" in found) == (winner == "succeeded")


def test_nobody_cancels_what_is_another_owners(new_owner: Callable[[], Owner]) -> None:
    alice, bob = new_owner(), new_owner()
    generation_id = alice.submit()
    theirs = bob.http.post(f"/v1/generations/{generation_id}/cancel")
    assert theirs.status_code == 404
    assert alice.wait_for_end(generation_id)["status"] == "succeeded"
