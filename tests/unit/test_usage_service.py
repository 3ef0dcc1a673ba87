"""An owner's usage by day and month, and the remaining amount of each limit."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from functions.status.usage import UsageService
from shared.domain.generation import Called, Totals, Usage
from shared.domain.limits import Policy, policy_of
from shared.http.problems import ProblemError
from shared.store.admission import Admission
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_generation, an_input, moto_dynamodb, store_over
from tests.unit.requests import a_request, body_of

KINDS = ("flashcards",)
LIMITED = replace(SETTINGS, rate_limits=("*=5/300",), max_running=10, max_daily_spend_usd=5.0)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def store(dynamodb: Any, clock: FakeClock) -> Store:
    return store_over(dynamodb, clock, LIMITED)


@pytest.fixture
def alice(clock: FakeClock) -> str:
    return f"alice-{clock.token()}"


def spend(store: Store, clock: FakeClock, owner: str, usage: Usage, *, end: bool = True) -> None:
    admitted = store.admission.admit(a_generation(clock, user_id=owner), an_input(), Admission(policy_of(LIMITED)))
    assert admitted.head is not None
    head = store.worker.claim(Called(admitted.head.key, admitted.head.fence), clock.token(), KINDS)
    if end:
        store.worker.succeed(head, Totals(1, usage), "cards")


def read(store: Store, owner: str, policy: Policy | None = None, **query: str) -> dict[str, Any]:
    answer = UsageService(store.reads, store.quota, policy or policy_of(LIMITED), store.ground.clock).get(
        a_request(owner, query=query)
    )
    return body_of(answer)


def test_who_has_used_nothing_reads_zeros_and_whole_limits(store: Store, alice: str) -> None:
    names = ("generations", "calls", "prompt_tokens", "completion_tokens", "cost_usd", "wasted_cost_usd")
    nothing: dict[str, float] = dict.fromkeys(names, 0)
    assert read(store, alice) == {
        "month": "2026-01",
        "days": [],
        "total": nothing,
        "limits": {
            "rates": [{"name": "create", "limit": 5, "window_seconds": 300, "remaining": 5, "reset_seconds": 0}],
            "running": {"limit": 10, "used": 0, "remaining": 10},
            "daily_spend_usd": {"limit": 5.0, "used": 0.0, "remaining": 5.0},
        },
    }


def test_what_ended_is_counted_on_its_day_and_in_its_month(store: Store, clock: FakeClock, alice: str) -> None:
    spend(store, clock, alice, Usage(1, 100, 50, Decimal("0.25")))
    spend(store, clock, alice, Usage(2, 10, 5, Decimal("0.5"), Decimal("0.25")))
    clock.pass_seconds(86_400)
    spend(store, clock, alice, Usage(1, 1, 1, Decimal("0.125")))
    clock.pass_seconds(31 * 86_400)
    spend(store, clock, alice, Usage(7, 7, 7, Decimal(1)))
    january = read(store, alice, month="2026-01")
    first = {"generations": 2, "calls": 3, "prompt_tokens": 110, "completion_tokens": 55, "cost_usd": 0.75}
    second = {"generations": 1, "calls": 1, "prompt_tokens": 1, "completion_tokens": 1, "cost_usd": 0.125}
    first["wasted_cost_usd"], second["wasted_cost_usd"] = 0.25, 0.0
    assert january["days"] == [{"day": "2026-01-01", **first}, {"day": "2026-01-02", **second}]
    assert january["total"] == {name: first[name] + second[name] for name in first}
    assert read(store, alice)["month"] == "2026-02"
    assert [day["calls"] for day in read(store, alice)["days"]] == [7]


def test_what_is_left_of_each_limit_follows_what_was_let_in_is_open_and_was_spent(
    store: Store, clock: FakeClock, alice: str
) -> None:
    spend(store, clock, alice, Usage(1, 1, 1, Decimal("1.5")))
    clock.pass_seconds(100)
    spend(store, clock, alice, Usage(), end=False)
    limits = read(store, alice)["limits"]
    assert [(rate["remaining"], rate["reset_seconds"]) for rate in limits["rates"]] in ([(3, 200)], [(3, 201)])
    assert limits["running"] == {"limit": 10, "used": 1, "remaining": 9}
    assert limits["daily_spend_usd"] == {"limit": 5.0, "used": 1.5, "remaining": 3.5}


def test_nothing_is_left_below_zero_and_a_ceiling_that_is_off_is_not_shown(
    store: Store, clock: FakeClock, alice: str
) -> None:
    spend(store, clock, alice, Usage(1, 1, 1, Decimal("7.5")))
    assert read(store, alice)["limits"]["daily_spend_usd"] == {"limit": 5.0, "used": 7.5, "remaining": 0.0}
    assert read(store, alice, Policy({}))["limits"] == {"rates": []}


def test_another_owners_usage_is_not_in_it(store: Store, clock: FakeClock, alice: str) -> None:
    spend(store, clock, alice, Usage(1, 1, 1, Decimal(1)))
    other = read(store, f"bob-{clock.token()}")
    assert (other["days"], other["limits"]["rates"][0]["remaining"]) == ([], 5)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "2026", "", "2026-01,2026-02", "0000-00", "2026-01\n"])
def test_what_is_no_month_is_refused(store: Store, alice: str, month: str) -> None:
    with pytest.raises(ProblemError, match="invalid_query"):
        read(store, alice, month=month)


def test_a_month_with_a_ceiling_shows_what_is_left_of_it(store: Store, clock: FakeClock, alice: str) -> None:
    policy = policy_of(replace(LIMITED, max_monthly_spend_usd=8.0))
    spend(store, clock, alice, Usage(1, 1, 1, Decimal("1.5")))
    clock.pass_seconds(86_400)
    spend(store, clock, alice, Usage(1, 1, 1, Decimal("0.5")))
    limits = read(store, alice, policy)["limits"]
    assert limits["daily_spend_usd"] == {"limit": 5.0, "used": 0.5, "remaining": 4.5}
    assert limits["monthly_spend_usd"] == {"limit": 8.0, "used": 2.0, "remaining": 6.0}
    assert "monthly_spend_usd" not in read(store, alice)["limits"]
