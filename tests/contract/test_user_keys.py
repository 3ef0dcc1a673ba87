"""A user's sealed provider key is in the table from the create to the end, whichever process ends it, and never
longer."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import AdmissionRefusedError, LeaseLostError, TransitionRefusedError
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Policy, policy_of
from shared.domain.rows import ROWS
from shared.domain.states import TERMINAL
from shared.store.admission import Admission
from shared.store.whole import Store
from tests.contract.test_lost_answers import answers_lost
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_input, store_over

SEALED = b"\x01\x02 sealed"
OPEN_DOOR = Policy({})
NOTHING = Totals(0, Usage())
PAID = Totals(1, Usage(1, 100, 50, Decimal("0.25")))
ERROR = ErrorInfo("user_key_refused", "The provider refused your key.")


def admitted(store: Store, clock: FakeClock, owner: str | None = None, policy: Policy = OPEN_DOOR) -> Generation:
    """Let in a generation that brings a key."""
    changes = {} if owner is None else {"user_id": owner}
    admission = Admission(policy, seal=lambda: SEALED)
    head = store.admission.admit(a_generation(clock, **changes), an_input(), admission).head
    assert head is not None
    return head


def claimed(store: Store, clock: FakeClock, head: Generation) -> Generation:
    return store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))


def item_of(dynamodb: Any, head: Generation) -> dict[str, Any] | None:
    """Return the key's item as it lies in the table, expired or not."""
    key = {"pk": {"S": head.user_id}, "sk": {"S": f"Y#{head.generation_id}"}}
    found: dict[str, Any] | None = dynamodb.get_item(TableName=SETTINGS.table_name, Key=key).get("Item")
    return found


def expire(store: Store, clock: FakeClock, head: Generation) -> None:
    clock.pass_seconds(901)
    store.rescuer.expire(head, NOTHING)


def succeed(store: Store, clock: FakeClock, head: Generation) -> None:
    store.worker.store_step(head, a_step(clock))
    store.worker.succeed(head, PAID, "cards")


ENDS: dict[str, Callable[[Store, FakeClock, Generation], Any]] = {
    "succeed": succeed,
    "fail": lambda store, _clock, head: store.worker.fail(head, NOTHING, ERROR),
    "crash_loop": lambda store, _clock, head: store.rescuer.crash_loop(head, NOTHING),
    "expire": expire,
    "cancel": lambda store, _clock, head: store.endings.cancel(head.key),
}


def test_every_row_that_ends_a_generation_is_tried_here() -> None:
    assert set(ENDS) == {row.name for row in ROWS if row.target in TERMINAL}


def test_the_key_is_stored_with_the_head_and_read_as_it_was_given(
    store: Store, dynamodb: Any, clock: FakeClock
) -> None:
    head = admitted(store, clock)
    assert head.own_key
    assert store.reads.get(head.key) == head
    assert store.worker.user_keys.get_user_key(head) == SEALED
    assert store.worker.user_keys.get_user_key(replace(head, user_id="somebody else")) is None
    item = item_of(dynamodb, head)
    assert item is not None
    assert int(item["expires_at"]["N"]) <= head.deadline_at.timestamp() + 86_400


def test_without_a_key_there_is_no_item_and_no_flag(store: Store, dynamodb: Any, clock: FakeClock) -> None:
    head = store.admission.admit(a_generation(clock, own_key=True), an_input(), Admission(OPEN_DOOR)).head
    assert head is not None
    assert not head.own_key
    assert item_of(dynamodb, head) is None


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("end", ENDS)
def test_the_key_is_gone_with_the_end_even_when_the_answer_is_lost(
    store: Store, dynamodb: Any, clock: FakeClock, end: str, lost: int
) -> None:
    head = claimed(store, clock, admitted(store, clock))
    assert head.own_key, "what the worker knows to end with"
    with answers_lost(dynamodb, lost, of=("TransactWriteItems",)) as loss:
        ENDS[end](store, clock, head)
    assert loss.count == lost
    found = store.reads.get(head.key)
    assert found is not None
    assert (found.terminal, found.own_key) == (True, True)
    assert item_of(dynamodb, head) is None


@pytest.mark.parametrize("end", [name for name in ENDS if name != "cancel"])  # that reads again until it may
def test_an_end_that_is_refused_leaves_the_key_to_who_holds_the_generation(
    store: Store, dynamodb: Any, clock: FakeClock, end: str
) -> None:
    old = claimed(store, clock, admitted(store, clock))
    clock.pass_seconds(60)
    held = claimed(store, clock, store.rescuer.give_back(old, None))
    with pytest.raises((LeaseLostError, TransitionRefusedError)):
        ENDS[end](store, clock, old)
    assert item_of(dynamodb, held) is not None


@pytest.mark.parametrize("times", [1, 2])
def test_a_create_whose_answer_was_lost_stores_the_key_once_and_never_again(
    store: Store, dynamodb: Any, clock: FakeClock, times: int
) -> None:
    with answers_lost(dynamodb, times, of=("TransactWriteItems",)) as loss:
        head = admitted(store, clock)
    assert loss.count == times
    assert store.worker.user_keys.get_user_key(head) == SEALED
    store.endings.cancel(head.key)
    assert item_of(dynamodb, head) is None


def test_a_key_whose_time_is_over_counts_as_absent(store: Store, dynamodb: Any, clock: FakeClock) -> None:
    head = admitted(store, clock)
    clock.pass_seconds(900 + 3600)
    assert item_of(dynamodb, head) is not None
    assert store.worker.user_keys.get_user_key(head) is None


def test_a_retry_has_a_key_of_its_own(store: Store, dynamodb: Any, clock: FakeClock) -> None:
    old = claimed(store, clock, admitted(store, clock))
    store.worker.fail(old, NOTHING, ERROR)
    failed = store.reads.get(old.key)
    assert failed is not None
    new = a_generation(clock, user_id=old.user_id)
    let_in = store.retries.retry(failed, new, an_input(), tuple, Admission(OPEN_DOOR, seal=lambda: b"another"))
    assert let_in.head is not None
    assert store.worker.user_keys.get_user_key(let_in.head) == b"another"
    assert item_of(dynamodb, old) is None


def test_an_erasure_finds_the_key(store: Store, dynamodb: Any, clock: FakeClock, owner: str) -> None:
    head = admitted(store, clock, owner)
    assert f"Y#{head.generation_id}" in store.erasure.erasable(owner, 100)
    store.erasure.delete_items(owner, store.erasure.erasable(owner, 100))
    assert item_of(dynamodb, head) is None


def test_what_a_users_own_key_pays_for_is_no_spend_of_the_deployments(
    dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    settings = replace(SETTINGS, max_daily_spend_usd=0.2, rate_limits=())
    store, policy = store_over(dynamodb, clock, settings), policy_of(settings)
    own = claimed(store, clock, admitted(store, clock, owner, policy))
    store.worker.begin_call(own, "cards", Decimal("0.25"))
    assert store.quota.use(owner, policy).spent_today_usd == 0, "what an open one has reserved"
    store.worker.succeed(own, PAID, "cards")
    assert store.quota.use(owner, policy).spent_today_usd == 0
    [day] = store.reads.usage_of_month(owner, "2026-01")
    assert day.usage == PAID.usage, "it is told all the same"
    ours = store.admission.admit(a_generation(clock, user_id=owner), an_input(), Admission(policy)).head
    assert ours is not None
    store.worker.succeed(claimed(store, clock, ours), PAID, "cards")
    assert store.quota.use(owner, policy).spent_today_usd == Decimal("0.25")
    with pytest.raises(AdmissionRefusedError):
        store.admission.admit(a_generation(clock, user_id=owner), an_input(), Admission(policy))
    assert admitted(store, clock, owner, policy).own_key, "who pays for it is not held up"


def test_an_erasure_keeps_what_holds_an_owner_to_the_ceiling_and_not_what_they_paid_themselves(
    dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    settings = replace(SETTINGS, max_daily_spend_usd=5.0, rate_limits=(), max_running=0)
    store, policy = store_over(dynamodb, clock, settings), policy_of(settings)
    store.worker.succeed(claimed(store, clock, admitted(store, clock, owner, policy)), PAID, "cards")
    assert "U#2026-01-01" in store.erasure.erasable(owner, 100)
    ours = store.admission.admit(a_generation(clock, user_id=owner), an_input(), Admission(policy)).head
    assert ours is not None
    store.worker.succeed(claimed(store, clock, ours), PAID, "cards")
    assert "U#2026-01-01" not in store.erasure.erasable(owner, 100)
    store.erasure.keep_only_spend(owner)
    assert store.quota.use(owner, policy).spent_today_usd == Decimal("0.25")
