"""The faults that the local page offers: each does what it says to the generation that it names, and ends."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")
UNKNOWN = "01940000-0000-7000-8000-000000000001"


@pytest.fixture
def page(stack: LocalStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.page_url, timeout=30) as client:
        yield client


def workers_of(page: httpx.Client, generation_id: str) -> list[dict[str, Any]]:
    answer = page.get("/faults")
    assert answer.status_code == 200, answer.text
    return [worker for worker in answer.json()["workers"] if generation_id in worker["generation_ids"]]


def start(page: httpx.Client, owner: Owner, model: str) -> tuple[str, int]:
    """Return a running generation and the pid of its worker, as the page shows them."""
    generation_id = owner.submit(model)
    [worker] = eventually(lambda: workers_of(page, generation_id), lambda found: len(found) == 1)
    return generation_id, worker["pid"]


def test_the_worker_that_holds_a_generation_is_killed_and_another_ends_it(page: httpx.Client, alice: Owner) -> None:
    generation_id, pid = start(page, alice, "local/stream:3")
    answer = page.post("/faults/kill", json={"generation_id": generation_id})
    assert (answer.status_code, answer.json()) == (200, {"pid": pid})
    alice.stack.hurry(generation_id)
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    assert pid not in [worker["pid"] for worker in page.get("/faults").json()["workers"]]


def test_a_frozen_worker_stands_still_for_as_long_as_it_was_said_and_goes_on(page: httpx.Client, alice: Owner) -> None:
    generation_id, pid = start(page, alice, "local/stream:6")
    answer = page.post("/faults/freeze", json={"generation_id": generation_id, "seconds": 1.5})
    assert (answer.status_code, answer.json()["pid"]) == (200, pid)
    eventually(lambda: state_of(pid), lambda state: state == "T")
    [worker] = workers_of(page, generation_id)
    assert worker["frozen_until"] == answer.json()["frozen_until"]
    eventually(lambda: state_of(pid), lambda state: state != "T")
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 1), "shorter than the lease: nothing was lost"


def test_a_worker_that_wakes_too_late_changes_nothing(page: httpx.Client, alice: Owner) -> None:
    generation_id, _pid = start(page, alice, "local/stream:3")
    assert page.post("/faults/freeze", json={"generation_id": generation_id, "seconds": 12}).status_code == 200
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    eventually(lambda: page.get("/faults").json()["workers"], lambda all_: not any(w["frozen_until"] for w in all_))
    assert alice.look(generation_id) == found


def test_the_next_message_of_a_user_is_lost_and_sent_again(
    page: httpx.Client, stack: LocalStack, alice: Owner, new_owner: Any
) -> None:
    bob: Owner = new_owner()
    assert page.post("/faults/lose", json={"sub": alice.name}).status_code == 200
    assert page.post("/faults/lose", json={}).status_code == 409, "one at a time"
    assert page.get("/faults").json()["losing"]["sub"] == alice.name
    others, hers = bob.submit(), alice.submit()
    looked = eventually(lambda: page.get("/faults").json(), lambda found: found["losing"] is None)
    assert looked["lost"][-1] == hers
    assert faults.head(stack, alice.name, hers)["status"] == "pending"
    assert alice.wait_for_end(hers)["status"] == "succeeded"
    assert faults.head(stack, alice.name, hers)["dispatches"] == 2
    assert bob.wait_for_end(others)["status"] == "succeeded"
    assert faults.head(stack, bob.name, others)["dispatches"] == 1, "another's message is not lost"


def test_what_nobody_holds_can_neither_be_killed_nor_frozen(page: httpx.Client, alice: Owner) -> None:
    ended = alice.submit()
    alice.wait_for_end(ended)
    for generation_id in (ended, UNKNOWN):
        assert page.post("/faults/kill", json={"generation_id": generation_id}).status_code == 409
        assert page.post("/faults/freeze", json={"generation_id": generation_id, "seconds": 1}).status_code == 409


def test_the_page_gets_a_token_for_any_user(page: httpx.Client, stack: LocalStack) -> None:
    found = page.post("/faults/tokens", json={"sub": "ada"}).json()
    headers = {"authorization": f"Bearer {found['token']}"}
    assert httpx.get(f"{stack.api_url}/v1/generations", headers=headers, timeout=30).json()["generations"] == []
    assert found["expires_at"].endswith("Z")


def test_the_page_is_told_where_the_api_is_and_may_call_it(page: httpx.Client, stack: LocalStack) -> None:
    found = page.get("/config.json")
    assert found.headers["cache-control"] == "no-store"
    assert found.json() == {"apiUrl": stack.api_url, "local": {"faults": "/faults"}}
    asking = {"origin": stack.page_url.rstrip("/"), "access-control-request-method": "POST"}
    allowed = httpx.options(f"{stack.api_url}/v1/generations", headers=asking, timeout=30)
    assert allowed.headers["access-control-allow-origin"] == asking["origin"]


def state_of(pid: int) -> str:
    """Return the letter that /proc gives a process's state: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0]
