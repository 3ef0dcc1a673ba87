"""An owner erases everything, while a worker is at work on it: nothing is left, nothing comes back, no other loses."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually


@pytest.fixture
def leaver(stack: LocalStack) -> Iterator[Owner]:
    """An owner of whom nothing may remain: the data that the end of a test checks no longer exists."""
    owner = Owner(stack, f"leaver-{uuid.uuid4()}")
    yield owner
    owner.close()


def erase(owner: Owner) -> httpx.Response:
    answer = owner.http.delete("/v1/me")
    assert answer.status_code in {200, 202}, answer.text
    assert answer.json()["done"] == (answer.status_code == 200)
    assert ("retry-after" in answer.headers) == (answer.status_code == 202)
    return answer


def erase_to_the_end(owner: Owner) -> None:
    eventually(lambda: erase(owner), lambda answer: answer.status_code == 200)


def of_generations(stack: LocalStack, owner: Owner) -> list[str]:
    """Return the remaining sort keys, except those that enforce the owner's limits for a second longer."""
    return [item["sk"] for item in faults.items(stack, owner.name) if not item["sk"].startswith("L#")]


def finished(stack: LocalStack, generation_id: str) -> list[dict[str, Any]]:
    return eventually(
        lambda: faults.calls(stack, generation_id),
        lambda calls: bool(calls) and all(call["finished_at"] is not None for call in calls),
    )


def test_a_worker_at_work_is_cut_off_and_nothing_of_it_comes_back(
    stack: LocalStack, leaver: Owner, new_owner: Callable[[], Owner]
) -> None:
    bob = new_owner()
    bobs = bob.submit()
    bob.wait_for_end(bobs)
    before = faults.items(stack, bob.name)
    ended = leaver.submit()
    leaver.wait_for_end(ended)
    running = leaver.submit("local/stream:60")
    leaver.wait_for(running, lambda found: found["progress"] > 5)
    first = erase(leaver)
    assert first.status_code == 202, "the worker's lease is not over"
    for generation_id in (ended, running):
        assert leaver.http.get(f"/v1/generations/{generation_id}").status_code == 404
    [call] = finished(stack, running)
    assert call["outcome"] == "client_closed", "what nobody will see is not paid for to the end"
    erase_to_the_end(leaver)
    assert faults.items(stack, leaver.name) == [], "nothing at all"
    assert leaver.http.get("/v1/generations").json() == {"generations": [], "next_cursor": None}
    assert leaver.http.get("/v1/usage").json()["days"] == []
    assert faults.items(stack, bob.name) == before, "another owner's items are as they were"


def test_a_step_that_a_worker_stores_after_the_deletion_goes_as_well(stack: LocalStack, leaver: Owner) -> None:
    with faults.gated(stack, "process", "dynamodb") as gate:
        storing = gate.hold(lambda operation, body: operation == "PutItem" and "S#" in body)
        generation_id = leaver.submit()
        storing.wait()
        assert erase(leaver).status_code == 202
        assert of_generations(stack, leaver) == ["X#erase"]
        storing.let_go()
        assert of_generations(stack, leaver) == [f"S#{generation_id}#cards", "X#erase"]
        erase_to_the_end(leaver)
        # Its final write finds no head.
        eventually(
            lambda: [line for line in stack.log_lines("process") if generation_id in line],
            lambda lines: any("the lease was lost" in line for line in lines),
        )
    assert faults.items(stack, leaver.name) == []


def test_who_has_erased_everything_may_begin_anew(stack: LocalStack, leaver: Owner) -> None:
    leaver.wait_for_end(leaver.submit())
    erase_to_the_end(leaver)
    generation_id = leaver.submit()
    assert leaver.wait_for_end(generation_id)["status"] == "succeeded"
    assert [entry["generation_id"] for entry in leaver.http.get("/v1/generations").json()["generations"]] == [
        generation_id
    ]
    erase_to_the_end(leaver)
    assert faults.items(stack, leaver.name) == []
