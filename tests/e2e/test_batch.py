"""Ten generations of one batch wait for their model together, in one invocation that is billed once."""

import json
import re
from typing import Any

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
            if said.get("message") == "succeeded":
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
    billed: list[float] = []
    # The beats of the template's defaults, not those of these tests, and a process that is warm.
    with faults.environment(stack, "process", HEARTBEAT_SECONDS="10", LEASE_SECONDS="40"):
        alice.wait_for_end(alice.submit())
        # What else the machine does only adds: the best of three is the batch's own.
        while len(billed) < 3 and min(billed, default=9) / GENERATIONS >= 0.5:
            ids, worked = run_a_batch(stack, alice)
            [(batch, seconds)] = worked
            assert batch == set(ids), "one invocation took them all"
            assert seconds >= MODEL_SECONDS, "it waited for the model"
            billed.append(seconds)
            assert_side_by_side(stack, ids)
    assert min(billed) / GENERATIONS < 0.5, f"{billed} s for {GENERATIONS} each"


def assert_side_by_side(stack: LocalStack, ids: list[str]) -> None:
    """Each one's call began before any other's had ended."""
    calls = [call for call in stack.ledger() if call["generation"] in ids]
    assert len(calls) == GENERATIONS
    assert max(call["received_at"] for call in calls) < min(call["finished_at"] for call in calls)
