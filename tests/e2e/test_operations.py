"""The operator's tools on the running system: nothing is found after faults that it heals, and what is done helps."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local import deployment
from local.stack import LocalStack
from operations.findings import MOVING
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually
from tests.e2e.test_retry import retry


def operate(stack: LocalStack, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command as an operator does, in a separate process; return its exit code and its JSON."""
    environment = {"PATH": os.environ["PATH"], **deployment.environment(stack.endpoint)}
    command = [str(Path(sys.executable).with_name("unstuck")), *arguments, "--stack", deployment.STACK_NAME, "--json"]
    run = subprocess.run(  # noqa: S603 - our own command
        [*command, "--show-owners"], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout)


def findings(stack: LocalStack, owner: Owner) -> list[tuple[str, str]]:
    """The doctor's findings about one owner: other tests leave data in the table that no code would write.

    On a busy machine, workers that beat twice a second can change something with each of its reads. Then it says that
    it has not compared the items, and is run again, as it asks for.
    """

    def look() -> list[tuple[str, str]]:
        _, told = operate(stack, "doctor", "--pages-per-second", "0")
        assert told["complete"]
        return [(found["code"], found["item"]) for found in told["findings"] if found["owner"] == owner.name]

    return eventually(look, lambda found: MOVING.code not in dict(found))


def accept_a_card(owner: Owner, generation_id: str) -> None:
    answer = owner.http.patch(f"/v1/generations/{generation_id}/suggestions/1", json={"decision": "accepted"})
    assert answer.status_code == 200, answer.text


def test_after_a_busy_while_with_workers_killed_the_doctor_finds_nothing(stack: LocalStack, alice: Owner) -> None:
    quick = [alice.submit(model) for model in ("local/cards", "local/cut_first", "local/flaky:2", "local/refuse")]
    streaming = [alice.submit("local/stream:6") for _ in range(3)]
    canceled = alice.submit("local/stream:30")
    alice.wait_for(canceled, lambda found: found["progress"] > 2)
    alice.cancel(canceled)
    faults.kill(faults.worker_of(stack, alice.name, streaming[0]))
    assert findings(stack, alice) == [], "in the middle of it, right after a worker's death"
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(alice.wait_for_end, [*quick, *streaming]))
    assert [found["status"] for found in ended] == [*["succeeded"] * 3, "failed", *["succeeded"] * 3]
    accept_a_card(alice, quick[0])
    alice.wait_for_end(retry(alice, quick[3])["generation_id"])
    assert findings(stack, alice) == []


def test_what_something_else_has_changed_is_found(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    key = f"G#{generation_id}"
    before = faults.head(stack, alice.name, generation_id)
    faults.change_item(stack, alice.name, key, {"due_shard": "1"}, removes=["expires_at"])
    code, told = operate(stack, "doctor")
    faults.change_item(stack, alice.name, key, {"expires_at": before["expires_at"]}, removes=["due_shard"])
    assert code == 1
    found = {(each["code"], each["item"]) for each in told["findings"] if each["owner"] == alice.name}
    assert found == {("ended_in_index", key), ("ended_incomplete", key)}


def test_a_dead_letter_whose_generation_waits_is_sent_again_and_one_that_came_too_late_is_dropped(
    stack: LocalStack, alice: Owner
) -> None:
    over = alice.submit()
    alice.wait_for_end(over)
    messages.send(stack, messages.body(alice.name, over, 1), stack.dead_letter_queue_url)
    with faults.no_delivery(stack):
        waiting = alice.submit()
        body = faults.take_message(stack, waiting)
        messages.send(stack, json.dumps(body), stack.dead_letter_queue_url)
        assert outcomes(operate(stack, "redrive")[1], over, waiting) == {over: "dropped", waiting: "sent"}
        assert len(messages.in_queue(stack, stack.dead_letter_queue_url, alice.name)) == 2, "that was a dry run"
        assert outcomes(operate(stack, "redrive", "--yes")[1], over, waiting) == {over: "dropped", waiting: "sent"}
        assert messages.in_queue(stack, stack.queue_url, waiting)
        assert messages.in_queue(stack, stack.dead_letter_queue_url, alice.name) == []
    assert alice.wait_for_end(waiting)["status"] == "succeeded"


def outcomes(told: dict[str, Any], *generations: str) -> dict[str, str]:
    return {each["generation_id"]: each["outcome"] for each in told["done"] if each["generation_id"] in generations}


def test_what_failed_in_an_outage_is_tried_again_in_one_go(stack: LocalStack, alice: Owner) -> None:
    sent = [alice.submit("local/stream:4") for _ in range(3)]
    for generation_id in sent:
        alice.cancel(generation_id)
    wanted = ("bulk-retry", "--code", "canceled", "--owner", alice.name, "--per-second", "0")
    assert len(operate(stack, *wanted)[1]["done"]) == 3
    assert len(alice.http.get("/v1/generations").json()["generations"]) == 3, "that was a dry run"
    code, told = operate(stack, *wanted, "--yes")
    assert code == 0
    assert {each["generation_id"]: each["outcome"] for each in told["done"]} == dict.fromkeys(sent, "retried")
    alice.generations += [each["successor_id"] for each in told["done"]]
    for generation_id in alice.generations[3:]:
        assert alice.wait_for_end(generation_id)["status"] == "succeeded"
    _, again = operate(stack, *wanted, "--yes")
    assert {each["outcome"] for each in again["done"]} == {"skipped"}
    eventually(lambda: findings(stack, alice), lambda found: not found)
