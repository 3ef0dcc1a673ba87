"""Ten generations of one batch wait for their model together, in one invocation that is billed once."""

import json
import re
from typing import Any

import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually

GENERATIONS = 10
MODEL_SECONDS = 3


def invocations(stack: LocalStack) -> list[tuple[set[str], float]]:
    """Return each invocation of the worker: the generations that succeeded in it, and its billed duration in seconds.

    As on Lambda, the log has a START, the function's own lines, an END and a REPORT.
    """
    found: list[tuple[set[str], float]] = []
    succeeded: set[str] = set()
    for line in stack.log_lines("process"):
        if line.startswith("START RequestId: "):
            succeeded = set()
        elif line.startswith("{") and '"succeeded"' in line:
            said: dict[str, Any] = json.loads(line)
            if (said.get("message"), said.get("status")) == ("ended", "succeeded"):
                succeeded.add(said["generation_id"])
        elif report := re.match(r"REPORT RequestId: .*\tBilled Duration: ([\d.]+) ms", line):
            found.append((succeeded, float(report[1]) / 1000))
    return found


def run_a_batch(stack: LocalStack, owner: Owner) -> tuple[list[str], list[tuple[set[str], float]]]:
    """Have ten generations wait in the queue before any is taken; return them and what worked on them."""
    with faults.no_delivery(stack):
        ids = [owner.submit(f"local/slow:{MODEL_SECONDS}") for _ in range(GENERATIONS)]
    # Nobody polls the API meanwhile: what the test itself costs must not be measured.
    eventually(
        lambda: [call for call in stack.ledger() if call["generation"] in ids and call["outcome"]],
        lambda answered: len(answered) == GENERATIONS,
    )
    for generation_id in ids:
        assert owner.wait_for_end(generation_id)["status"] == "succeeded"
    worked = eventually(
        lambda: [(batch & set(ids), seconds) for batch, seconds in invocations(stack) if batch & set(ids)],
        lambda batches: sum(len(batch) for batch, _ in batches) == GENERATIONS,
    )
    return ids, worked


def test_ten_generations_wait_together_and_cost_less_than_half_a_second_of_billed_time_each(
    stack: LocalStack, alice: Owner
) -> None:
    tried: list[list[tuple[int, float]]] = []
    # The beats of the template's defaults, not those of these tests, and a process that is warm.
    with faults.deployment(stack, HEARTBEAT_SECONDS="10", LEASE_SECONDS="40"):
        alice.wait_for_end(alice.submit())
        # Anything else that the machine does only adds to it. A poll that was running when delivery stopped may take
        # the first few alone. So one batch in five must be whole and undisturbed.
        while len(tried) < 5:
            ids, worked = run_a_batch(stack, alice)
            tried.append([(len(batch), seconds) for batch, seconds in worked])
            [(size, seconds), *others] = tried[-1]
            if not others and size == GENERATIONS and seconds / GENERATIONS < 0.5:
                assert seconds >= MODEL_SECONDS, "it waited for the model"
                assert_side_by_side(stack, ids)
                return
    pytest.fail(f"not ten generations in one invocation of less than {GENERATIONS * 0.5} s: {tried}")


def assert_side_by_side(stack: LocalStack, ids: list[str]) -> None:
    """Each one's call began before any other's had ended."""
    calls = [call for call in stack.ledger() if call["generation"] in ids]
    assert len(calls) == GENERATIONS
    assert max(call["received_at"] for call in calls) < min(call["finished_at"] for call in calls)
