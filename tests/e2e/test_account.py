"""The account: for each owner, the model server's ledger, the heads and the day have the same sum. Only a call in
flight when its worker was killed is in the ledger alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually

# Each model once, with its required outcome; models such as `cut_first` are retried and then work.
ENDS = {
    "local/cards": "succeeded",
    "local/repair": "succeeded",
    "local/repair:json": "succeeded",
    "local/cut_first": "succeeded",
    "local/late_bill:2": "succeeded",
    "local/no_usage": "succeeded",
    "local/byok": "succeeded",
    "local/flaky:2": "succeeded",
    "local/limited:2:1": "succeeded",
    "local/schema": "failed",
    "local/garbage": "failed",
    "local/length": "failed",
    "local/filter": "failed",
    "local/refuse": "failed",
    "local/empty": "failed",
    "local/huge": "failed",
}
ASKED_TWICE = ("local/repair", "local/schema", "local/garbage", "local/empty")
BELIEVED_USD = Decimal(2)
"""A hundred times what a call of this kind reserves: of a bill beyond it, as `local/huge` sends, no more is booked."""


@pytest.fixture(scope="module", autouse=True)
def unhurried(stack: LocalStack) -> Iterator[None]:
    """An invocation works for 25 s before it hands over: what ends an attempt here is the test's doing alone."""
    with faults.environment(stack, "process", HANDOVER_MARGIN_SECONDS="5"):
        yield


def usd(call: dict[str, Any]) -> Decimal:
    return min(Decimal(str(call["cost"])), BELIEVED_USD)


def closed(call: dict[str, Any]) -> bool:
    return bool(call["outcome"] == "client_closed" and call["paid"])


def submit(owner: Owner, model: str) -> str:
    generation_id = owner.submit(model)
    if model.startswith(ASKED_TWICE):
        owner.repaired.add(generation_id)
    return generation_id


def assert_account(owner: Owner, unknown: dict[str, list[str]]) -> None:
    """Each head, and each step, is the sum of its paid calls in the ledger; `unknown` are calls whose bill nobody could
    learn, by generation."""
    stack, stored = owner.stack, faults.items(owner.stack, owner.name)
    total = wasted = Decimal(0)
    for generation_id in owner.generations:
        head = next(item for item in stored if item["sk"] == f"G#{generation_id}")
        calls = [call for call in faults.calls(stack, generation_id) if call["paid"]]
        assert {call["id"] for call in calls} >= set(unknown.get(generation_id, []))
        known = [call for call in calls if call["id"] not in unknown.get(generation_id, [])]
        what = (calls[0]["model"] if calls else "no call", head, known)
        assert head.get("cost_usd", 0) == sum(map(usd, known)), what
        assert head.get("paid_calls", 0) == len(known), what
        steps = [item for item in stored if item["sk"].startswith(f"S#{generation_id}#")]
        kept = [call for call in known if call["id"] in {step.get("call_id") for step in steps}]
        assert head.get("wasted_cost_usd", 0) == sum(map(usd, known)) - sum(map(usd, kept)), what
        assert sum(step["cost_usd"] - step.get("wasted_cost_usd", 0) for step in steps) == sum(map(usd, kept)), what
        total += head.get("cost_usd", Decimal(0))
        wasted += head.get("wasted_cost_usd", Decimal(0))
    day = faults.usage(stack, owner.name)
    assert (day["cost_usd"], day.get("wasted_cost_usd", 0)) == (total, wasted)
    answered = owner.http.get("/v1/usage").json()["total"]
    assert (answered["cost_usd"], answered["wasted_cost_usd"]) == (float(total), float(wasted))


def test_whatever_a_model_does_what_it_was_paid_is_what_is_counted(alice: Owner) -> None:
    sent = {model: submit(alice, model) for model in ENDS}
    assert {model: alice.wait_for_end(generation_id)["status"] for model, generation_id in sent.items()} == ENDS
    assert_account(alice, unknown={})
    assert alice.look(sent["local/cut_first"])["usage"]["wasted_cost_usd"] > 0


def test_canceled_in_the_middle_of_an_answer_all_is_counted_to_the_last_piece(stack: LocalStack, alice: Owner) -> None:
    def cancel(_number: int) -> str:
        generation_id = alice.submit("local/stream:60")
        alice.wait_for(generation_id, lambda found: found["progress"] > 5)
        alice.cancel(generation_id)
        return generation_id

    with ThreadPoolExecutor(3) as pool:
        canceled = list(pool.map(cancel, range(3)))
    for generation_id in canceled:
        # On a slow machine it was handed over before, and then two calls were closed.
        calls = eventually(lambda: faults.calls(stack, generation_id), lambda found: all(map(closed, found)))  # noqa: B023
        assert calls
        alice.wait_for(generation_id, lambda found: found["usage"]["calls"] == len(calls))  # noqa: B023
    assert_account(alice, unknown={})


@pytest.mark.parametrize("model", ["local/stream:6", "local/cut_first"])
def test_only_what_was_in_flight_when_its_worker_was_killed_is_not_counted(
    stack: LocalStack, alice: Owner, model: str
) -> None:
    streaming = alice.submit("local/stream_first:1:10")  # its second answer comes at once
    alice.wait_for(streaming, lambda found: found["progress"] > 5)
    other = submit(alice, model)
    faults.kill(faults.worker_of(stack, alice.name, streaming))
    in_flight = eventually(lambda: faults.calls(stack, streaming), lambda calls: closed(calls[0]))[0]
    assert alice.wait_for_end(streaming)["status"] == "succeeded"
    assert alice.wait_for_end(other)["status"] == "succeeded"
    # The other may have reached the same process.
    unknown = {streaming: [in_flight["id"]], other: [call["id"] for call in faults.calls(stack, other) if closed(call)]}
    assert_account(alice, unknown)
