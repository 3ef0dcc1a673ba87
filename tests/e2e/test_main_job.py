"""A real text becomes cards on the real local stack: undisturbed, without its message, and with its worker killed."""

from collections.abc import Callable
from typing import Any

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import TEXT, Owner, eventually


def assert_cards(found: dict[str, object]) -> None:
    assert found["status"] == "succeeded", found
    assert found["progress"] == 100
    cards = found["output"]["suggestions"]  # type: ignore[index]
    assert len(cards) >= 8
    # Made from this text, and not from any text in the code.
    assert any(card["back"].rstrip(".").lower() in TEXT.lower() for card in cards)
    assert all(card["front"] and card["back"] for card in cards)


def test_a_text_becomes_cards(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit()
    found = alice.wait_for_end(generation_id)
    assert_cards(found)
    assert found["attempt"] == 1
    [call] = faults.calls(stack, generation_id)
    assert found["usage"] == {
        "calls": 1,
        "prompt_tokens": call["prompt_tokens"],
        "completion_tokens": call["completion_tokens"],
        "cost_usd": call["cost"],
        "wasted_cost_usd": 0.0,
    }
    used = faults.usage(stack, alice.name)
    assert {name: float(used[name]) for name in ("generations", "paid_calls", "cost_usd")} == {
        "generations": 1,
        "paid_calls": 1,
        "cost_usd": call["cost"],
    }


def test_the_sweeper_heals_a_generation_whose_message_was_lost(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        faults.take_message(stack, generation_id)
    # Nobody polls: only the sweeper can find it.
    eventually(
        lambda: (stack.invoke("sweeper"), faults.head(stack, alice.name, generation_id))[1],
        lambda head: head["status"] == "succeeded",
    )
    assert_cards(alice.look(generation_id))
    assert faults.head(stack, alice.name, generation_id)["dispatches"] >= 2
    assert len(faults.calls(stack, generation_id)) == 1


def test_a_generation_whose_worker_is_killed_in_the_model_call_ends_whole(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/slow:3")
    eventually(lambda: faults.calls(stack, generation_id), lambda calls: len(calls) == 1)
    faults.kill(faults.worker_of(stack, alice.name, generation_id))
    found = alice.wait_for_end(generation_id)
    assert_cards(found)
    assert found["attempt"] == 2
    faults.assert_paid_at_most_once_an_attempt(stack, generation_id)


def test_progress_is_seen_while_the_model_writes(alice: Owner) -> None:
    generation_id = alice.submit("local/stream:4")
    shown = set()

    def look() -> dict[str, Any]:
        found = alice.look(generation_id)
        shown.add(found["progress"])
        return found

    eventually(look, lambda found: found["status"] == "succeeded")
    assert len(shown - {0, 100}) >= 3, shown


def test_a_poll_that_knows_the_answer_already_gets_304_and_the_last_one_no_hint(alice: Owner) -> None:
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    full = alice.http.get(f"/v1/generations/{generation_id}")
    again = alice.http.get(f"/v1/generations/{generation_id}", headers={"if-none-match": full.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == full.headers["etag"]
    assert "retry-after" not in full.headers


def test_two_owners_never_see_each_others_generations(new_owner: Callable[[], Owner]) -> None:
    alice, bob = new_owner(), new_owner()
    generation_id = alice.submit()
    theirs = bob.http.get(f"/v1/generations/{generation_id}")
    absent = bob.http.get("/v1/generations/01900000-0000-7000-8000-000000000000")
    assert theirs.status_code == absent.status_code == 404
    assert {**theirs.json(), "request_id": ""} == {**absent.json(), "request_id": ""}
    alice.wait_for_end(generation_id)
