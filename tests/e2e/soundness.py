"""Invariants of everything that an owner sent, whatever was done to it: checked at the end of every test."""

from decimal import Decimal
from typing import Any

from tests.e2e import faults
from tests.e2e.owner import TERMINAL, Owner

_SPENT = ("paid_calls", "prompt_tokens", "completion_tokens", "cost_usd", "wasted_cost_usd")


def assert_sound(owner: Owner) -> None:
    """Every generation has ended, was paid for at most once an attempt and step, and is counted once."""
    stored = faults.items(owner.stack, owner.name)
    heads = {item["sk"].removeprefix("G#"): item for item in stored if item["sk"].startswith("G#")}
    assert set(heads) == set(owner.generations), "a generation that nobody sent, or one that was sent is gone"
    for generation_id, head in heads.items():
        assert head["status"] in TERMINAL, head
        assert not {"due_at", "due_shard", "holder"} & set(head), f"nobody needs to look at it any more: {head}"
        assert "expires_at" in head
        assert not [item for item in stored if item["sk"] == f"Y#{generation_id}"], "its owner's key outlives it"
        calls = faults.calls(owner.stack, generation_id)
        steps = [item for item in stored if item["sk"].startswith(f"S#{generation_id}#")]
        if generation_id not in owner.repaired:
            assert_paid_at_most_once(calls)
        if generation_id not in owner.late_results:
            assert_no_call_after_its_step(calls, steps)
        assert head.get("paid_calls", 0) <= sum(call["paid"] for call in calls), "usage without a paid call"
    used = faults.usage(owner.stack, owner.name)
    assert used.get("generations", 0) == len(heads), used
    for name in _SPENT:
        assert used.get(name, 0) == sum(head.get(name, Decimal(0)) for head in heads.values()), (name, used)


def assert_paid_at_most_once(calls: list[dict[str, Any]]) -> None:
    """At most one paid call an attempt and step: these models need no repair."""
    paid = [(call["attempt"], call["step"]) for call in calls if call["paid"]]
    assert len(paid) == len(set(paid)), paid


def assert_no_call_after_its_step(calls: list[dict[str, Any]], steps: list[dict[str, Any]]) -> None:
    """A stored step is never requested again."""
    for step in steps:
        name = step["sk"].rpartition("#")[2]
        begun = [Decimal(str(call["received_at"])) for call in calls if call["step"] == name]
        assert all(at <= step["stored_at"] for at in begun), (name, step["stored_at"], begun)
