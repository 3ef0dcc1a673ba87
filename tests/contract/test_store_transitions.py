"""Every pair of status and transition against a real condition evaluator: allowed or refused as the table says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import rows
from shared.domain.errors import DeadlinePassedError, LeaseLostError, TransitionRefusedError
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.row import Row
from shared.domain.rows import ROWS
from shared.domain.rows.worker import Shown
from shared.domain.states import TERMINAL, Status
from shared.store.admission import Admission
from shared.store.items import encode_head
from shared.store.keys import head_key, usage_key
from shared.store.marshalling import unmarshal
from shared.store.move import Mover
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_acceptance, an_input

KINDS = ("flashcards",)
ERROR = ErrorInfo("output_invalid", "The model's answer does not fit.")


def make_pending(store: Store, clock: FakeClock) -> Generation:
    return store.admission.create(a_generation(clock), an_input())


def make_running(store: Store, clock: FakeClock) -> Generation:
    head = make_pending(store, clock)
    return store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)


def make_succeeded(store: Store, clock: FakeClock) -> Generation:
    head = make_running(store, clock)
    store.worker.succeed(head, Totals(1, Usage(1, 10, 5)), "cards")
    return read(store, head)


def make_failed(store: Store, clock: FakeClock) -> Generation:
    head = make_running(store, clock)
    store.worker.fail(head, Totals(0, Usage()), ERROR)
    return read(store, head)


def make_canceled(store: Store, clock: FakeClock) -> Generation:
    head = make_pending(store, clock)
    store.endings.cancel(head.key)
    return read(store, head)


def make_parked(store: Store, clock: FakeClock) -> Generation:
    """Store a head as a newer version might: open, in a status that this one has no word for."""
    head = make_pending(store, clock)
    store.ground.table.put({**encode_head(head), "status": {"S": PARKED}})
    return read(store, head)


PARKED = Status("parked")
MAKE: dict[Status, Callable[[Store, FakeClock], Generation]] = {
    Status.PENDING: make_pending,
    Status.RUNNING: make_running,
    Status.SUCCEEDED: make_succeeded,
    Status.FAILED: make_failed,
    Status.CANCELED: make_canceled,
    PARKED: make_parked,
}


def read(store: Store, head: Generation) -> Generation:
    found = store.reads.get(head.key)
    assert found is not None
    return found


def expire(store: Store, clock: FakeClock, head: Generation) -> Any:
    clock.pass_seconds(901)
    return store.rescuer.expire(head, Totals(0, head.usage))


def as_held(head: Generation) -> Generation:
    """Return the head as its last holder knew it: a cancel raises the fence, and nothing else that ends it does."""
    return replace(head, fence=head.fence - (1 if head.status is Status.CANCELED else 0))


NOTHING = Totals(0, Usage())
# How a caller makes each transition of a head that it has just read; create is made by another's id.
ACT: dict[str, Callable[[Store, FakeClock, Generation], Any]] = {
    "create": lambda store, clock, head: store.admission.create(
        a_generation(clock, user_id=head.user_id, generation_id=head.generation_id), an_input()
    ),
    "claim": lambda store, clock, head: store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS),
    "heartbeat": lambda store, _clock, head: store.worker.heartbeat(head, 50, "writing"),
    "begin_call": lambda store, _clock, head: store.worker.begin_call(head, "cards", head.reserved_usd),
    "advance": lambda store, _clock, head: store.worker.advance(head, NOTHING, Shown(50, None), head.reserved_usd),
    "succeed": lambda store, _clock, head: store.worker.succeed(head, NOTHING, "cards"),
    "release": lambda store, _clock, head: store.worker.release(
        head, NOTHING, not_before=None, counted=True, reserved_usd=head.reserved_usd, because="provider_unavailable"
    ),
    "fail": lambda store, _clock, head: store.worker.fail(head, NOTHING, ERROR),
    "rearm": lambda store, _clock, head: store.rescuer.rearm(head),
    "postpone": lambda store, _clock, head: store.rescuer.postpone(head),
    "give_back": lambda store, _clock, head: store.rescuer.give_back(head, None),
    "crash_loop": lambda store, _clock, head: store.rescuer.crash_loop(head, NOTHING),
    "send_again": lambda store, _clock, head: store.rescuer.send_again(head),
    "expire": expire,
    "cancel": lambda store, _clock, head: Mover(store.ground).move_with(rows.CANCEL, head, NOTHING, ()),
    "bill": lambda store, _clock, head: store.worker.bills.bill(as_held(head), head.usage + Usage(1, 10, 5), []),
    "dismiss": lambda store, _clock, head: store.endings.dismiss(head),
    "retry": lambda store, clock, head: store.retries.retry(
        head, a_generation(clock, user_id=head.user_id), an_input(), lambda: [a_step(clock)], Admission(Policy({}))
    ),
    "review": lambda store, clock, head: store.reviews.review(head, an_acceptance(clock, head)),
}
ON_HEADS = [transition for transition in ROWS if transition is not rows.STORE_STEP]
REFUSALS = (TransitionRefusedError, LeaseLostError, DeadlinePassedError)


def test_every_transition_of_the_table_is_tried_here() -> None:
    assert set(ACT) == {transition.name for transition in ON_HEADS}


@pytest.mark.parametrize("status", list(MAKE))
@pytest.mark.parametrize("transition", ON_HEADS, ids=lambda transition: transition.name)
def test_a_transition_is_allowed_from_its_own_statuses_and_refused_from_every_other(
    store: Store, clock: FakeClock, status: Status, transition: Row[Any]
) -> None:
    head = MAKE[status](store, clock)
    clock.pass_seconds(1)
    if status not in transition.sources and not (status is PARKED and transition.any_version):
        with pytest.raises(REFUSALS):
            ACT[transition.name](store, clock, head)
        assert read(store, head) == head
        return
    ACT[transition.name](store, clock, head)
    after = read(store, head)
    assert after.status == (transition.target or status)
    assert after.fence == head.fence + (1 if transition.raises_fence else 0)
    assert after.version >= head.version + (1 if transition.raises_version else 0)
    assert (after.due_at is None) == after.terminal


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, PARKED])
def test_an_open_generation_is_in_the_due_index_and_a_terminal_one_is_not(
    store: Store, clock: FakeClock, status: Status
) -> None:
    head = MAKE[status](store, clock)
    ended = [make(store, clock) for ended, make in MAKE.items() if ended in TERMINAL]
    clock.pass_seconds(3600)
    due = {found.key for shard in range(10) for found in store.reads.due(shard, clock.now())}
    assert (head.key) in due
    assert not due & {(one.key) for one in ended}


OTHERS: dict[str, Callable[[Generation, FakeClock], dict[str, Any]]] = {
    "an old fence": lambda head, _clock: {"fence": head.fence - 1},
    "another holder": lambda _head, _clock: {"holder": "somebody-else"},
}


@pytest.mark.parametrize("name", ["heartbeat", "begin_call", "advance", "succeed", "release", "fail"])
@pytest.mark.parametrize("other", OTHERS)
def test_a_holder_of_the_past_is_refused_whatever_it_writes(
    store: Store, clock: FakeClock, name: str, other: str
) -> None:
    head = make_running(store, clock)
    with pytest.raises(LeaseLostError):
        ACT[name](store, clock, replace(head, **OTHERS[other](head, clock)))
    assert read(store, head) == head


def test_a_worker_that_writes_to_a_deleted_generation_does_not_bring_it_back(
    store: Store, dynamodb: Any, clock: FakeClock
) -> None:
    head = make_running(store, clock)
    dynamodb.delete_item(TableName=SETTINGS.table_name, Key=head_key(head.key))
    with pytest.raises(LeaseLostError):
        store.worker.heartbeat(head, 50, None)
    assert store.reads.get(head.key) is None


def test_a_copy_of_an_advance_that_arrives_after_the_next_one_moves_nothing(store: Store, clock: FakeClock) -> None:
    """botocore sends again what it has no answer to; the first copy may still be on its way."""
    first = make_running(store, clock)
    one, two = Totals(1, Usage(1, 10, 5)), Totals(2, Usage(2, 20, 10))
    held = store.worker.begin_call(
        store.worker.advance(first, one, Shown(50, None), first.reserved_usd), "second", first.reserved_usd
    )
    store.worker.advance(held, two, Shown(90, None), held.reserved_usd)
    with pytest.raises(LeaseLostError):
        store.worker.advance(first, one, Shown(50, None), first.reserved_usd)
    now = read(store, first)
    assert (now.progress, now.steps_done, now.usage) == (90, 2, two.usage)


def test_a_heartbeat_that_an_advance_overtook_does_not_lower_progress(store: Store, clock: FakeClock) -> None:
    head = make_running(store, clock)
    store.worker.advance(head, Totals(1, Usage(1, 10, 5)), Shown(60, None), head.reserved_usd)
    store.worker.heartbeat(head, 30, "writing")
    assert read(store, head).progress == 60


def test_a_holder_past_its_deadline_learns_that_it_still_holds_and_must_fail(store: Store, clock: FakeClock) -> None:
    head = make_running(store, clock)
    clock.pass_seconds(900)
    with pytest.raises(DeadlinePassedError):
        store.worker.heartbeat(head, 50, None)
    store.worker.fail(head, Totals(0, Usage()), ErrorInfo("deadline_exceeded", ""))
    assert read(store, head).status is Status.FAILED


def test_the_first_stored_result_of_a_step_wins(store: Store, clock: FakeClock) -> None:
    head = make_running(store, clock)
    first, second = a_step(clock), a_step(clock, result={"suggestions": []})
    assert store.worker.store_step(head, first) == first
    assert store.worker.store_step(head, second) == first
    assert store.reads.get_steps(head.key) == [first]


def test_claim_counts_an_attempt_and_keeps_the_first_start(store: Store, clock: FakeClock) -> None:
    head = make_running(store, clock)
    started = head.started_at
    pending = store.worker.release(
        head,
        Totals(0, Usage()),
        not_before=clock.now() + timedelta(seconds=30),
        counted=True,
        reserved_usd=head.reserved_usd,
        because="provider_unavailable",
    )
    assert (pending.fruitless_attempts, pending.releases, pending.fence) == (0, 1, 3)
    with pytest.raises(TransitionRefusedError):
        store.worker.claim(Called(head.key, pending.fence), clock.token(), KINDS)
    clock.pass_seconds(30)
    again = store.worker.claim(Called(head.key, pending.fence), clock.token(), KINDS)
    assert (again.attempt, again.fruitless_attempts, again.started_at, again.not_before) == (2, 1, started, None)


@pytest.mark.parametrize("make", [make_succeeded, make_failed, make_canceled])
def test_a_terminal_write_counts_the_usage_once_on_the_owners_day(
    store: Store, dynamodb: Any, clock: FakeClock, make: Callable[[Store, FakeClock], Generation]
) -> None:
    head = make(store, clock)
    item = dynamodb.get_item(TableName=SETTINGS.table_name, Key=usage_key(head.user_id, "2026-01-01"))["Item"]
    used = unmarshal(item)
    assert (int(used["generations"]), int(used["paid_calls"])) == (1, head.usage.calls)
