"""A worker that dies between store_step and advance leaves a reserve beside its bill: the day is charged with one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.domain.generation import Called, Generation, Usage, settle
from shared.store import items
from shared.store.keys import usage_key
from shared.store.whole import Store
from tests.factories import FakeClock, a_generation, a_step, an_input

BILL, RESERVE, OTHER = Decimal("0.03"), Decimal("0.05"), Decimal("0.07")


def left_behind(store: Store, clock: FakeClock, owner: str, *, unbilled: Decimal = Decimal(0)) -> Generation:
    """Return the head of one whose worker has stored its first step, and is gone; `unbilled` is of a call before."""
    head = store.admission.create(a_generation(clock, user_id=owner), an_input())
    head = store.worker.claim(Called(head.key, head.fence), clock.token(), (head.kind,))
    head = store.worker.begin_call(head, "cards", unbilled + RESERVE)
    store.worker.store_step(head, a_step(clock, usage=Usage(1, 10, 5, BILL), released_usd=RESERVE))
    return head


def expire(store: Store, clock: FakeClock, head: Generation) -> None:
    clock.pass_seconds((head.deadline_at - clock.now()) / timedelta(seconds=1) + 1)
    store.rescuer.expire(head, store.reads.settled(head))


def cancel(store: Store, _clock: FakeClock, head: Generation) -> None:
    store.endings.cancel(head.key)


def give_back_and_cancel(store: Store, _clock: FakeClock, head: Generation) -> None:
    store.rescuer.give_back(head, store.reads.settled(head))
    store.endings.cancel(head.key)


def give_back_uncounted_and_cancel(store: Store, _clock: FakeClock, head: Generation) -> None:
    store.rescuer.give_back(head, None)
    store.endings.cancel(head.key)


def charged(store: Store, clock: FakeClock, owner: str) -> Decimal:
    return items.charged(store.ground.table.get(usage_key(owner, clock.now().date().isoformat())))


@pytest.mark.parametrize("end", [expire, cancel, give_back_and_cancel, give_back_uncounted_and_cancel])
@pytest.mark.parametrize("unbilled", [Decimal(0), OTHER])
def test_a_day_is_charged_with_the_bill_and_not_with_its_reserve_too(
    end: Callable[[Store, FakeClock, Generation], None],
    unbilled: Decimal,
    store: Store,
    clock: FakeClock,
    owner: str,
) -> None:
    head = left_behind(store, clock, owner, unbilled=unbilled)
    end(store, clock, head)
    assert charged(store, clock, owner) == BILL + unbilled, "what another call reserves without a bill stays charged"
    ended = store.reads.get(head.key)
    assert ended is not None
    assert (ended.usage.cost_usd, ended.reserved_usd, ended.steps_done) == (BILL, unbilled, 1)


def test_a_late_holders_bill_gives_back_nothing_that_was_given_back(store: Store, clock: FakeClock, owner: str) -> None:
    """It lives on, and knows the same bill: the day stays."""
    head = left_behind(store, clock, owner)
    expire(store, clock, head)
    steps = store.reads.get_steps(head.key)
    totals = settle(head, steps)
    store.worker.bills.bill(replace(head, reserved_usd=Decimal(0)), totals.usage, steps)
    assert charged(store, clock, owner) == BILL
