from decimal import Decimal
from typing import Any

import pytest

from tests.soak.bill import Bill


def call(name: str, attempt: int = 1, cost: float = 0.5, **changes: Any) -> dict[str, Any]:
    common = {"step": "cards", "outcome": "answered", "prompt_tokens": 10, "completion_tokens": 20, "paid": True}
    return {"id": name, "attempt": str(attempt), "cost": cost} | common | changes


def head(calls: int, cost: str) -> dict[str, Any]:
    return {
        "paid_calls": Decimal(calls),
        "prompt_tokens": Decimal(10 * calls),
        "completion_tokens": Decimal(20 * calls),
        "cost_usd": Decimal(cost),
    }


def test_usage_of_just_the_paid_calls_lacks_nothing() -> None:
    unpaid = call("c", paid=False)
    assert Bill.of(head(2, "1.0"), [call("a"), unpaid, call("b")], {}, free=False).untold() == []


def test_a_call_without_a_reported_cost_counts_no_money() -> None:
    assert Bill.of(head(1, "0"), [call("a")], {}, free=True).untold() == []
    assert Bill.of(head(1, "0"), [call("a")], {}, free=False).untold() is None


def test_a_missing_call_is_explained_by_its_lost_attempt_alone() -> None:
    calls = [call("a", attempt=1), call("b", attempt=2, cost=0.25)]
    assert Bill.of(head(1, "0.25"), calls, {1: "kill"}, free=False).untold() == ["kill"]
    assert Bill.of(head(1, "0.25"), calls, {2: "kill"}, free=False).untold() is None
    assert Bill.of(head(1, "0.25"), calls, {}, free=False).untold() is None


@pytest.mark.parametrize("told", [head(3, "1.5"), head(2, "1.1"), head(1, "1.0")])
def test_usage_that_is_not_a_sum_of_paid_calls_is_not_explained(told: dict[str, Any]) -> None:
    assert Bill.of(told, [call("a"), call("b")], {1: "kill"}, free=False).untold() is None


def test_a_retry_may_count_a_call_of_the_generation_before_it_once() -> None:
    before = Bill.of(head(1, "0.5"), [call("a"), call("b", cost=0.25)], {}, free=False)
    after = Bill.of(head(1, "0.25"), [], {}, free=False)
    twice = Bill.of(head(2, "0.5"), [], {}, free=False)
    assert before.untold() is None
    assert after.untold() is None
    assert (before + after).untold() == []
    assert (before + twice).untold() is None
