"""If a generation is ended under a worker, that worker alone adds its spend, and exactly once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Called, ErrorInfo, Generation, StoredStep, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.states import Status
from shared.store.admission import Admission
from shared.store.keys import usage_key
from shared.store.marshalling import unmarshal
from shared.store.reads import Reader
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_input

KINDS = ("flashcards",)
SPENT = Usage(2, 100, 50, Decimal("0.01"))
WASTED = SPENT.all_wasted()


def running(store: Store, clock: FakeClock, **changes: Any) -> Generation:
    head = store.admission.create(a_generation(clock, **changes), an_input())
    return store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)


def read(store: Store, head: Generation) -> Generation:
    found = store.reads.get(head.key)
    assert found is not None
    return found


def used(dynamodb: Any, head: Generation, day: str = "2026-01-01") -> dict[str, Any]:
    item = dynamodb.get_item(TableName=SETTINGS.table_name, Key=usage_key(head.user_id, day)).get("Item", {})
    return {name: value for name, value in unmarshal(item).items() if name not in ("pk", "sk")}


def cancel(store: Store, _clock: FakeClock, head: Generation) -> None:
    store.endings.cancel(head.key)


def crash(store: Store, _clock: FakeClock, head: Generation) -> None:
    store.rescuer.crash_loop(head, Totals(0, Usage()))


def expire(store: Store, clock: FakeClock, head: Generation) -> None:
    clock.pass_seconds(901)
    store.rescuer.expire(read(store, head), Totals(0, Usage()))


@pytest.mark.parametrize("end", [cancel, crash, expire])
def test_the_last_holder_adds_what_it_had_spent_to_the_head_and_to_the_day_of_its_end(
    store: Store, dynamodb: Any, clock: FakeClock, end: Callable[[Store, FakeClock, Generation], None]
) -> None:
    head = running(store, clock)
    end(store, clock, head)
    before = read(store, head)
    clock.pass_seconds(86_400)
    store.worker.bills.bill(head, SPENT, [])
    after = read(store, head)
    assert after == replace(before, usage=WASTED, version=before.version + 1)
    figures = {"paid_calls": 2, "prompt_tokens": 100, "completion_tokens": 50, "cost_usd": Decimal("0.01")}
    assert used(dynamodb, head) == {"generations": 1, **figures, "wasted_cost_usd": Decimal("0.01")}
    store.worker.bills.bill(head, SPENT, [])
    assert read(store, head) == after, "a second time changes nothing"


def test_what_an_owners_own_key_paid_for_is_apart_here_too(store: Store, dynamodb: Any, clock: FakeClock) -> None:
    head = running(store, clock, own_key=True)
    store.endings.cancel(head.key)
    store.worker.bills.bill(head, SPENT, [])
    assert used(dynamodb, head)["own_cost_usd"] == SPENT.cost_usd


def released(store: Store, clock: FakeClock, head: Generation) -> None:
    nothing = Totals(0, Usage())
    pending = store.worker.release(
        head, nothing, not_before=None, counted=True, reserved_usd=Decimal(0), because="provider_unavailable"
    )
    cancel(store, clock, pending)


def given_to_another(store: Store, clock: FakeClock, head: Generation) -> None:
    clock.pass_seconds(40)
    pending = store.rescuer.give_back(head, None)
    store.worker.claim(Called(head.key, pending.fence), clock.token(), KINDS)
    cancel(store, clock, head)


def lost_and_expired(store: Store, clock: FakeClock, head: Generation) -> None:
    clock.pass_seconds(40)
    store.rescuer.give_back(head, None)
    expire(store, clock, head)


def succeeded(store: Store, _clock: FakeClock, head: Generation) -> None:
    store.worker.succeed(head, Totals(1, Usage(1)), "cards")


@pytest.mark.parametrize("moved", [released, given_to_another, lost_and_expired, succeeded, lambda *_: None])
def test_who_was_not_its_holder_when_it_was_ended_adds_nothing(
    store: Store, dynamodb: Any, clock: FakeClock, moved: Callable[[Store, FakeClock, Generation], None]
) -> None:
    head = running(store, clock)
    moved(store, clock, head)
    before, day = read(store, head), used(dynamodb, head)
    assert not store.worker.bills.ended_under(head)
    with pytest.raises(TransitionRefusedError):
        store.worker.bills.bill(head, SPENT, [])
    assert (read(store, head), used(dynamodb, head)) == (before, day)


def test_what_it_had_stored_and_the_end_did_not_count_is_counted_and_is_not_wasted(
    store: Store, clock: FakeClock
) -> None:
    head = running(store, clock)
    store.endings.cancel(head.key)
    step = a_step(clock, usage=SPENT)
    store.worker.store_step(head, step)
    store.worker.bills.bill(head, SPENT + WASTED, [step])
    after = read(store, head)
    assert (after.usage, after.steps_done) == (SPENT + WASTED, 1)


def successor(store: Store, clock: FakeClock, old: Generation, steps: list[StoredStep]) -> Generation:
    new = a_generation(clock, user_id=old.user_id)
    admitted = store.retries.retry(old, new, an_input(), lambda: steps, Admission(Policy({})))
    assert admitted.head is not None
    return admitted.head


def canceled_with_a_late_step(store: Store, clock: FakeClock) -> tuple[Generation, StoredStep]:
    """Return the head as its holder had it, and the step that the holder stored after the end."""
    head = running(store, clock)
    store.endings.cancel(head.key)
    step = a_step(clock, usage=SPENT, shown=Usage(1, 40, 20, Decimal("0.004")))
    store.worker.store_step(head, step)
    return head, step


@pytest.mark.parametrize("taken_over", [True, False])
def test_a_step_stored_after_the_end_is_counted_by_the_successor_that_took_it_over_or_else_here(
    store: Store, clock: FakeClock, taken_over: bool
) -> None:
    head, step = canceled_with_a_late_step(store, clock)
    new = successor(store, clock, read(store, head), [step] if taken_over else [])
    store.worker.bills.bill(head, SPENT + WASTED, [step])
    copied = sum((one.usage for one in store.reads.get_steps(new.key)), Usage())
    assert (read(store, head).usage + copied).cost_usd == (SPENT + WASTED).cost_usd
    assert copied == (step.unshown if taken_over else Usage())


def test_a_retry_that_read_the_head_before_its_bill_must_read_again(store: Store, clock: FakeClock) -> None:
    head, step = canceled_with_a_late_step(store, clock)
    old = read(store, head)
    store.worker.bills.bill(head, SPENT, [step])
    with pytest.raises(TransitionRefusedError):
        successor(store, clock, old, [step])
    new = successor(store, clock, read(store, head), [step])
    assert [one.usage for one in store.reads.get_steps(new.key)] == [Usage()]


def test_a_bill_of_a_deleted_generation_does_not_bring_it_back(store: Store, dynamodb: Any, clock: FakeClock) -> None:
    head = running(store, clock)
    store.endings.cancel(head.key)
    store.erasure.delete_items(head.user_id, [f"G#{head.generation_id}", "U#2026-01-01"])
    with pytest.raises(TransitionRefusedError):
        store.worker.bills.bill(head, SPENT, [])
    assert store.reads.get(head.key) is None
    assert used(dynamodb, head) == {}


def test_a_cancel_does_not_forget_what_a_call_that_began_meanwhile_has_shown(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, begun = running(store, clock), list[Generation]()
    settled = Reader.settled

    def slowly(self: Reader, seen: Generation) -> Totals:
        found = settled(self, seen)
        if not begun:
            begun.append(store.worker.begin_call(head, "cards", Decimal("0.02"), Totals(0, WASTED)))
        return found

    monkeypatch.setattr(Reader, "settled", slowly)
    store.endings.cancel(head.key)
    assert (read(store, head).status, read(store, head).usage) == (Status.CANCELED, WASTED)


def test_an_expiry_does_not_forget_what_a_call_that_began_meanwhile_has_shown(store: Store, clock: FakeClock) -> None:
    head = running(store, clock)
    clock.pass_seconds(899)
    seen = read(store, head)
    store.worker.begin_call(head, "cards", Decimal("0.02"), Totals(0, WASTED))
    clock.moment += timedelta(seconds=2)
    with pytest.raises(TransitionRefusedError):
        store.rescuer.expire(seen, Totals(0, Usage()))


def test_a_call_that_begins_shows_no_new_version_when_it_has_no_news(store: Store, clock: FakeClock) -> None:
    head = running(store, clock)
    again = store.worker.begin_call(head, "cards", Decimal("0.02"), Totals(0, Usage()))
    assert again.version == head.version
    assert store.worker.begin_call(again, "cards", Decimal("0.04"), Totals(0, WASTED)).version == head.version + 1


def test_a_failure_of_the_workers_own_needs_no_bill(store: Store, clock: FakeClock) -> None:
    head = running(store, clock)
    store.worker.fail(head, Totals(0, WASTED), ErrorInfo("output_invalid", ""))
    before = read(store, head)
    store.worker.bills.bill(head, SPENT, [])
    assert read(store, head) == before
