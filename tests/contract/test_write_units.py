"""The cost of the writes, by DynamoDB's own count if it reports one, and by its published rule for an item's size."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from local.model_server.flashcards import make_cards
from shared.domain.codes.failures import FAILURES
from shared.domain.generation import Called, Generation, GenerationInput, Totals, Usage
from shared.domain.idempotency import IdempotencyKey
from shared.domain.limits import policy_of
from shared.store.admission import Admission, Admitted
from shared.store.items import encode_head
from shared.store.whole import Store
from tests.e2e.owner import TEXT
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_input, store_over
from tests.simulation.capacity import size_of

KINDS = ("flashcards",)
LARGEST_COUNT = 9_999_999


@pytest.fixture
def dynamodb(ministack: Any) -> Any:
    """Only MiniStack tells what a transaction and the index consume."""
    return ministack


@contextmanager
def units_of(client: Any) -> Iterator[list[tuple[str, float, float]]]:
    """Collect (operation, write units of the table, write units of the index) of every write in the block."""
    found: list[tuple[str, float, float]] = []

    def ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in ("PutItem", "UpdateItem", "TransactWriteItems"):
            params["ReturnConsumedCapacity"] = "INDEXES"

    def take(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity")
        if consumed is None or model.name not in ("PutItem", "UpdateItem", "TransactWriteItems"):
            return
        for one in consumed if isinstance(consumed, list) else [consumed]:
            index = sum(gsi["CapacityUnits"] for gsi in one.get("GlobalSecondaryIndexes", {}).values())
            found.append((model.name, one["CapacityUnits"] - index, index))

    client.meta.events.register("before-parameter-build.dynamodb", ask)
    client.meta.events.register("after-call.dynamodb", take)
    try:
        yield found
    finally:
        client.meta.events.unregister("before-parameter-build.dynamodb", ask)
        client.meta.events.unregister("after-call.dynamodb", take)


def largest(clock: FakeClock) -> Generation:
    """A running head with every field at its largest; labels and subjects are ASCII by the API's own rule."""
    now = clock.now() + timedelta(milliseconds=999)
    dollars = Decimal("99.99999999999")
    usage = Usage(LARGEST_COUNT, LARGEST_COUNT, LARGEST_COUNT, dollars, dollars)
    generation = a_generation(
        clock,
        user_id="u" * 128,
        kind="k" * 24,
        usage=usage,
        client_id="c" * 64,
        session_id="s" * 64,
        retry_of="r" * 36,
        usual_seconds=999,
        left_cents=9_999_999,
        isolated=True,
        own_key=True,
        reserved_usd=Decimal("99.99999999999"),
        attempt=999,
        fruitless_attempts=2,
        releases=99,
        dispatches=999,
        calls=9_999,
        step_calls=999,
        steps_done=999,
        version=LARGEST_COUNT,
        fence=9_999,
        progress=99,
        op="o" * 16,
        because=max(FAILURES, key=len),
    )
    return replace(generation, created_at=now, deadline_at=now + timedelta(days=9))


def run_to_the_largest(store: Store, clock: FakeClock) -> Generation:
    generation = largest(clock)
    store.admission.create(generation, an_input())
    holder = f"{'h' * 8}-{'t' * 16}"
    called = Called(generation.key, generation.fence)
    head = store.worker.claim(called, holder, kinds=(generation.kind,))
    head = store.worker.begin_call(head, "n" * 40, head.reserved_usd)
    return store.worker.heartbeat(head, 99, "g" * 40)


# Fields that a running head cannot have: release sets and claim removes them, or the end sets them.
NOT_WHILE_RUNNING = {"not_before", "asked_to_wait", "output_step", "error", "finished_at", "expires_at"} | {
    "retried_as", "dismissed_at", "reviewed"
}  # fmt: skip


def test_the_largest_running_head_is_at_most_one_kilobyte(dynamodb: Any, clock: FakeClock) -> None:
    head = run_to_the_largest(store_over(dynamodb, clock), clock)
    absent = {field.name for field in fields(head) if getattr(head, field.name) in (None, 0, False)}
    assert absent == NOT_WHILE_RUNNING
    item = encode_head(head)
    assert size_of(item) <= 1024, (size_of(item), item)


def test_a_heartbeat_of_the_largest_head_costs_one_unit_and_none_of_the_index(dynamodb: Any, clock: FakeClock) -> None:
    store = store_over(dynamodb, clock)
    head = run_to_the_largest(store, clock)
    clock.pass_seconds(10.001)
    head = replace(head, stage="g" * 39)  # as its holder knew it before: what moves is written
    with units_of(dynamodb) as units:
        store.worker.heartbeat(head, 99, "g" * 40)
    assert units == [("UpdateItem", 1.0, 0.0)]


def test_a_normal_flashcards_generation_costs_at_most_twenty_write_units(
    dynamodb: Any, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """5,000 characters, 15 s of model time, one heartbeat, an idempotency key and the limits; printed item by item."""
    store = store_over(dynamodb, clock)
    text, cards = a_real_text(5_000), a_real_result()
    bill: list[tuple[str, float, float]] = []

    def note(name: str, units: list[tuple[str, float, float]]) -> None:
        bill.append((name, sum(unit[1] for unit in units), sum(unit[2] for unit in units)))

    with units_of(dynamodb) as units:
        generation = a_generation(clock, client_id="c" * 36, session_id="s" * 36)
        content = GenerationInput({"source_text": text}, "openai/gpt-4o-mini", "1", "r" * 16)
        key = IdempotencyKey("owner", "k" * 36, {"source_text": text})
        head = admitted(store.admission.admit(generation, content, Admission(policy_of(SETTINGS), key)))
    note("create: input", units[:1])
    note("create: head, key and limit, in a transaction", units[1:])
    with units_of(dynamodb) as units:
        head = store.worker.claim(Called(head.key, head.fence), f"{'h' * 8}-{'t' * 16}", KINDS)
    note("claim", units)
    with units_of(dynamodb) as units:
        head = store.worker.begin_call(head, "cards", Decimal("0.02"))
    note("begin_call", units)
    clock.pass_seconds(10)
    with units_of(dynamodb) as units:
        store.worker.heartbeat(head, 60, "writing cards")
    note("heartbeat", units)
    clock.pass_seconds(5)
    with units_of(dynamodb) as units:
        store.worker.store_step(head, a_step(clock, result=cards, usage=Usage(1, 1500, 900, Decimal("0.000765"))))
    note("store_step", units)
    with units_of(dynamodb) as units:
        store.worker.succeed(head, Totals(1, Usage(1, 1500, 900, Decimal("0.000765"))), "cards")
    note("succeed: head and usage, in a transaction", units)
    with capsys.disabled():
        print("\nwrite units of one flashcards generation (table + index)")
        for name, table, index in bill:
            print(f"  {name:<46} {table:4.0f} + {index:.0f}")
        print(f"  {'in all':<46} {sum(table + index for _, table, index in bill):4.0f}")
    assert all(table > 0 for _, table, _ in bill)
    assert sum(table + index for _, table, index in bill) <= 20


@pytest.mark.parametrize(("ceiling", "units"), [(0.0, 4.0), (100.0, 6.0)])
def test_an_end_costs_two_units_more_where_the_deployments_day_has_a_ceiling(
    dynamodb: Any, clock: FakeClock, ceiling: float, units: float
) -> None:
    store = store_over(dynamodb, clock, replace(SETTINGS, max_deployment_daily_spend_usd=ceiling))
    head = store.admission.create(a_generation(clock), an_input())
    head = store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)
    with units_of(dynamodb) as found:
        store.worker.succeed(head, Totals(1, Usage(1, 1500, 900, Decimal("0.000765"))), "cards")
    assert [table for _, table, _ in found] == [units]


def test_the_ceilings_of_money_cost_a_create_no_write(dynamodb: Any, clock: FakeClock) -> None:
    settings = replace(SETTINGS, max_monthly_spend_usd=100.0, max_deployment_daily_spend_usd=100.0)
    costs = []
    for each in (SETTINGS, settings):
        store = store_over(dynamodb, clock, each)
        with units_of(dynamodb) as found:
            store.admission.admit(a_generation(clock), an_input(), Admission(policy_of(each)))
        costs.append(sum(table for _, table, _ in found))
    assert costs[0] == costs[1]


def admitted(answer: Admitted) -> Generation:
    assert answer.head is not None
    return answer.head


def a_real_text(length: int) -> str:
    return (TEXT + TEXT[::-1])[:length]


def a_real_result() -> dict[str, Any]:
    return {"suggestions": [{"front": card.front, "back": card.back} for card in make_cards(TEXT)]}
