"""A worker that was frozen past its lease wakes when another has its generation: it commits nothing.

At most it stores a step that nobody had stored yet: that was paid for, and saves the next one a call.
"""

from typing import Any

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually


def lost_lease(stack: LocalStack, generation_id: str) -> list[str]:
    """Return what workers logged when they found that the generation was not theirs any more."""
    return [line for line in stack.log_lines("process") if "the lease was lost" in line and generation_id in line]


def call_number(stack: LocalStack, generation_id: str, number: int) -> dict[str, Any]:
    """Wait until the model server has received this many calls and return the last of them."""
    return eventually(lambda: faults.calls(stack, generation_id), lambda found: len(found) >= number)[number - 1]


def test_a_zombie_that_wakes_after_another_attempt_has_finished_changes_nothing(
    stack: LocalStack, alice: Owner
) -> None:
    generation_id = alice.submit("local/slow:3")
    call_number(stack, generation_id, 1)
    with faults.frozen(faults.worker_of(stack, alice.name, generation_id)):
        found = alice.wait_for_end(generation_id)
        assert (found["status"], found["attempt"]) == ("succeeded", 2)
        stored = faults.items(stack, alice.name)
        assert lost_lease(stack, generation_id) == []
    [line] = eventually(lambda: lost_lease(stack, generation_id), bool)
    assert '"attempt":1' in line.replace(" ", ""), line
    assert alice.look(generation_id) == found
    assert faults.items(stack, alice.name) == stored, "not a single item of the owner's has changed"
    assert len(faults.calls(stack, generation_id)) == 2


def test_a_zombies_step_that_arrives_first_is_kept_and_everything_else_of_it_refused(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.gated(stack, "process", "dynamodb") as gate:
        storing = gate.hold(lambda operation, body: operation == "PutItem" and "S#" in body)
        generation_id = alice.submit("local/slow:1")
        storing.wait()
        with faults.frozen(faults.worker_of(stack, alice.name, generation_id)):
            # Its request is on the way, and arrives when its generation has long been another's.
            alice.wait_for(generation_id, lambda found: found["attempt"] == 2)
            call_number(stack, generation_id, 2)
            alice.late_results.add(generation_id)
            storing.let_go()
            found = alice.wait_for_end(generation_id)
        eventually(lambda: lost_lease(stack, generation_id), bool)
    first, second = faults.calls(stack, generation_id)
    [step] = [item for item in faults.items(stack, alice.name) if item["sk"].startswith("S#")]
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    assert step["call_id"] == first["id"], "the first stored wins"
    assert found["usage"]["cost_usd"] == first["cost"] + second["cost"], "both were paid for, and both are counted"
    assert alice.look(generation_id) == found
