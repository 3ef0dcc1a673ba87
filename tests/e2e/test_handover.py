"""Work that takes longer than one invocation may is handed over, in order and as often as it takes."""

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner


def test_a_generation_longer_than_the_functions_timeout_ends_whole_after_four_handovers(
    stack: LocalStack, alice: Owner
) -> None:
    # An invocation has 10 s and hands over when 7 are left: the four slow calls alone take 12.
    with faults.environment(stack, "process", 10, HANDOVER_MARGIN_SECONDS="7"):
        generation_id = alice.submit("local/slow_first:4:60")
        found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 5)
    calls = faults.calls(stack, generation_id)
    assert [call["outcome"] for call in calls] == ["client_closed"] * 4 + ["answered"]
    assert calls[-1]["finished_at"] - calls[0]["received_at"] > 10
    head = faults.head(stack, alice.name, generation_id)
    # A handover is no crash: nobody took the worker for lost, and nothing adds up against the generation.
    assert not head.get("alone")
    assert head.get("fruitless_attempts", 0) == head.get("releases", 0) == 0
