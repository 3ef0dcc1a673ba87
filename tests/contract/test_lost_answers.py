"""Every write whose answer was lost: botocore sends it again, its own condition then fails, and it is known as ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

from shared.domain.errors import LeaseLostError, StoreUnavailableError
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.rows import ROWS
from shared.domain.rows.worker import Shown
from shared.domain.states import Status
from shared.store.admission import Admission, Admitted
from shared.store.keys import usage_key
from shared.store.marshalling import unmarshal
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_acceptance, an_input

KINDS = ("flashcards",)
PAID = Totals(1, Usage(2, 100, 50))
ERROR = ErrorInfo("output_invalid", "The model's answer does not fit.")


@dataclass
class Loss:
    """How often the answer of a write has been lost so far."""

    count: int = 0


ANY_WRITE = ("UpdateItem", "PutItem", "TransactWriteItems")


EVERY_TRY = 1_000
"""More answers than any patience waits for."""


@contextmanager
def answers_lost(client: Any, times: int = 1, of: tuple[str, ...] = ANY_WRITE) -> Iterator[Loss]:
    """Have the next writes applied, and their answers never arrive. Reads are left alone."""
    loss = Loss()

    def lose(request: Any, **_: Any) -> None:
        operation = str(request.headers["X-Amz-Target"]).rpartition(".")[2].rstrip("'")
        if loss.count >= times or operation not in of:
            return
        loss.count += 1
        if "amazonaws" not in request.url:  # moto has applied it by now; a server must be sent it
            URLLib3Session().send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    # Behind all others: on a narrower event it would come before moto's own, and the request would be lost instead.
    client.meta.events.register_last("before-send", lose)
    try:
        yield loss
    finally:
        client.meta.events.unregister("before-send", lose)


def pending(store: Store, clock: FakeClock) -> Generation:
    return store.admission.create(a_generation(clock), an_input())


def running(store: Store, clock: FakeClock) -> Generation:
    head = pending(store, clock)
    return store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)


def ended(store: Store, clock: FakeClock) -> Generation:
    head = running(store, clock)
    store.worker.fail(head, PAID, ERROR)
    after = store.reads.get(head.key)
    assert after is not None
    return after


def succeeded(store: Store, clock: FakeClock) -> Generation:
    head = running(store, clock)
    store.worker.store_step(head, a_step(clock))
    store.worker.succeed(head, PAID, "cards")
    return replace(head, status=Status.SUCCEEDED)


def retry(store: Store, clock: FakeClock, head: Generation) -> Admitted:
    new = a_generation(clock, user_id=head.user_id)
    return store.retries.retry(head, new, an_input(), lambda: [a_step(clock)], Admission(Policy({})))


def release(store: Store, clock: FakeClock, head: Generation) -> Generation:
    later = clock.now() + timedelta(seconds=5)
    return store.worker.release(
        head, PAID, not_before=later, counted=True, reserved_usd=head.reserved_usd, because="provider_unavailable"
    )


def late(act: Callable[[Store, Generation], Any]) -> Callable[[Store, FakeClock, Generation], Any]:
    def after_the_deadline(store: Store, clock: FakeClock, head: Generation) -> Any:
        clock.pass_seconds(901)
        return act(store, head)

    return after_the_deadline


WRITES: dict[str, tuple[Callable[[Store, FakeClock], Generation], Callable[[Store, FakeClock, Generation], Any]]] = {
    "claim": (pending, lambda s, c, h: s.worker.claim(Called(h.key, h.fence), c.token(), KINDS)),
    "heartbeat": (running, lambda s, _c, h: s.worker.heartbeat(h, 50, "writing")),
    "begin_call": (running, lambda s, _c, h: s.worker.begin_call(h, "cards", h.reserved_usd)),
    "store_step": (running, lambda s, c, h: s.worker.store_step(h, a_step(c))),
    "advance": (running, lambda s, _c, h: s.worker.advance(h, PAID, Shown(50, None), h.reserved_usd)),
    "succeed": (running, lambda s, _c, h: s.worker.succeed(h, PAID, "cards")),
    "release": (running, release),
    "fail": (running, lambda s, _c, h: s.worker.fail(h, PAID, ERROR)),
    "rearm": (running, lambda s, _c, h: s.rescuer.rearm(h)),
    "postpone": (running, lambda s, _c, h: s.rescuer.postpone(h)),
    "give_back": (running, lambda s, _c, h: s.rescuer.give_back(h, None)),
    "crash_loop": (running, lambda s, _c, h: s.rescuer.crash_loop(h, PAID)),
    "send_again": (pending, lambda s, _c, h: s.rescuer.send_again(h)),
    "expire": (running, late(lambda s, h: s.rescuer.expire(h, PAID))),
    "cancel": (running, lambda s, _c, h: s.endings.cancel(h.key)),
    "bill": (ended, lambda s, _c, h: s.worker.bills.bill(h, Usage(3, 120, 60, Decimal("0.25")), [])),
    "dismiss": (ended, lambda s, _c, h: s.endings.dismiss(h)),
    "retry": (ended, retry),
    "review": (succeeded, lambda s, c, h: s.reviews.review(h, an_acceptance(c, h))),
}
# A second application of the same write would show in these: none may differ from a write with no loss.
COUNTED = (
    "status",
    "fence",
    "attempt",
    "fruitless_attempts",
    "releases",
    "dispatches",
    "calls",
    "step_calls",
    "usage",
    "steps_done",
)


def outcome(store: Store, dynamodb: Any, head: Generation) -> tuple[object, ...]:
    after = store.reads.get(head.key)
    assert after is not None
    item = dynamodb.get_item(TableName=SETTINGS.table_name, Key=usage_key(head.user_id, "2026-01-01"))
    used = {name: value for name, value in unmarshal(item.get("Item", {})).items() if name not in ("pk", "sk")}
    steps = [(step.name, step.usage) for step in store.reads.get_steps(head.key)]
    return (*(getattr(after, name) for name in COUNTED), used, steps)


def test_every_transition_of_the_table_loses_an_answer_here() -> None:
    assert {*WRITES, "create"} == {transition.name for transition in ROWS}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_answer_was_lost_succeeds_and_counts_once(
    store: Store, dynamodb: Any, clock: FakeClock, name: str, times: int
) -> None:
    make, act = WRITES[name]
    undisturbed, disturbed = make(store, clock), make(store, clock)
    began = clock.moment
    act(store, clock, undisturbed)
    expected = outcome(store, dynamodb, undisturbed)
    clock.moment = began
    with answers_lost(dynamodb, times) as loss:
        act(store, clock, disturbed)
    assert loss.count == times
    assert outcome(store, dynamodb, disturbed) == expected


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_create_whose_answers_were_lost_makes_one_generation(
    store: Store, dynamodb: Any, clock: FakeClock, times: int
) -> None:
    generation = a_generation(clock)
    with answers_lost(dynamodb, times) as loss:
        try:
            store.admission.create(generation, an_input())
        except StoreUnavailableError:
            # Three losses outlast botocore's tries: the caller hears 503, and nothing half-made is seen.
            assert times == 3
            assert store.reads.get(generation.key) is None
            return
    assert loss.count == times
    head = store.reads.get(generation.key)
    assert head is not None
    assert (head.status, head.version) == (Status.PENDING, 1)
    assert store.reads.get_input(generation.key) == an_input()


@pytest.mark.parametrize("name", ["succeed", "fail"])
def test_a_lost_finish_is_not_taken_for_anothers(store: Store, dynamodb: Any, clock: FakeClock, name: str) -> None:
    head = running(store, clock)
    store.rescuer.crash_loop(head, PAID)
    with answers_lost(dynamodb) as loss, pytest.raises(LeaseLostError):
        WRITES[name][1](store, clock, head)
    assert loss.count == 1
