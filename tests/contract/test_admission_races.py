"""Lost answers and concurrent requests: in any case, each request is admitted once or gets the reason for its
refusal."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.aws.clients import FOR_A_CALLER
from shared.domain.errors import AdmissionRefusedError, KeyReusedError, StoreUnavailableError, TransitionRefusedError
from shared.domain.generation import Generation, GenerationKey
from shared.domain.idempotency import IdempotencyKey
from shared.domain.limits import Policy, Rate
from shared.store.admission import Admission, Admitted
from shared.store.keys import head_key
from shared.store.table import ConditionFailedError
from shared.store.whole import Store
from tests.contract.admitting import FIVE, LIMITED, a_key, admit, heads, refusal
from tests.contract.test_lost_answers import answers_lost
from tests.factories import FakeClock, a_generation, an_input, store_over


@pytest.fixture
def wire(ministack: Any) -> Any:
    """MiniStack alone: it takes many threads at once, and this client gives up after three tries, as in production."""
    return ministack


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_request_whose_answers_were_lost_makes_one_generation_and_its_key_finds_it(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str, times: int
) -> None:
    admitted = None
    with answers_lost(dynamodb, times) as loss:
        try:
            admitted = admit(store, clock, owner, key=a_key())
        except StoreUnavailableError:
            assert times == 3  # more than botocore tries
    assert loss.count == times
    if admitted is not None:
        assert admitted.head is not None, "our own lost answer is no repetition"
    again = admit(store, clock, owner, key=a_key())
    assert heads(dynamodb, owner) == [again.generation_id]
    assert admitted is None or again.generation_id == admitted.generation_id
    assert store.quota.use(owner, LIMITED).rates == (Rate(FIVE, 4, 300),)


def test_a_transaction_whose_answers_were_all_lost_is_found_by_its_key(wire: Any, clock: FakeClock, owner: str) -> None:
    store = store_over(wire, clock)
    generation = a_generation(clock, user_id=owner)
    with answers_lost(wire, FOR_A_CALLER.tries) as loss, pytest.raises(StoreUnavailableError):
        store.admission.admit(generation, None, Admission(LIMITED, a_key()))
    assert loss.count == FOR_A_CALLER.tries
    again = admit(store, clock, owner, key=a_key())
    assert (again.generation_id, again.head) == (generation.generation_id, None)
    assert store.quota.use(owner, LIMITED).rates == (Rate(FIVE, 4, 300),)


class Overtaken:
    """A client whose first transaction comes just after another: there is no conflict, and its conditions decide."""

    def __init__(self, client: Any, overtake: Callable[[], object]) -> None:
        self._client, self._overtake = client, [overtake]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        while self._overtake:
            self._overtake.pop()()
        return self._client.transact_write_items(**request)


class Conflicts:
    """A client whose next transactions conflict with another's: refused as DynamoDB refuses them, `applied` or not.

    Neither emulator produces conflicts itself.
    """

    def __init__(
        self, client: Any, times: int, *, applied: bool = False, before: Callable[[], object] = lambda: None
    ) -> None:
        self._client, self.times, self.applied, self._before = client, times, applied, before
        self.puts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **request: Any) -> Any:
        self.puts.append(request["Item"]["sk"]["S"])
        return self._client.put_item(**request)

    def transact_write_items(self, **request: Any) -> Any:
        if self.times == 0:
            return self._client.transact_write_items(**request)
        self.times -= 1
        self._before()
        if self.applied:
            self._client.transact_write_items(**request)
        reasons = [{"Code": "None"} for _ in request["TransactItems"]]
        reasons[-1] = {"Code": "TransactionConflict"}
        error = {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"}
        answer: Any = {"Error": error, "CancellationReasons": reasons}
        raise ClientError(answer, "TransactWriteItems")


def test_after_a_conflict_the_limit_is_read_again_and_full_means_refused(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    """Four are in when this one reads, and a fifth comes in between."""
    for _ in range(4):
        admit(store, clock, owner)
    conflicts = Conflicts(dynamodb, 1, before=lambda: admit(store, clock, owner))
    assert refusal(store_over(conflicts, clock), clock, owner).code == "rate_limited"
    assert conflicts.times == 0
    assert len(heads(dynamodb, owner)) == 5


def test_a_request_survives_many_conflicts_and_stores_its_input_once(
    dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    conflicts = Conflicts(dynamodb, 29)
    admitted = admit(store_over(conflicts, clock), clock, owner, key=a_key())
    assert admitted.rate == Rate(FIVE, 4, 300)
    assert conflicts.puts == [f"I#{admitted.generation_id}"]


def test_a_request_that_loses_every_race_may_be_tried_later(dynamodb: Any, clock: FakeClock, owner: str) -> None:
    with pytest.raises(StoreUnavailableError):
        admit(store_over(Conflicts(dynamodb, 1_000), clock), clock, owner)
    assert heads(dynamodb, owner) == []


@pytest.mark.parametrize("key", [None, a_key()])
@pytest.mark.parametrize("others", [0, 4])
def test_a_request_that_was_let_in_unheard_is_not_refused_by_its_own_place(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str, others: int, key: IdempotencyKey | None
) -> None:
    """DynamoDB reports a conflict although the transaction was applied. The next read finds the window full with this
    one."""
    for _ in range(others):
        admit(store, clock, owner)
    admitted = admit(store_over(Conflicts(dynamodb, 1, applied=True), clock), clock, owner, key=key)
    assert admitted.head is not None
    assert admitted.head == store.reads.get(GenerationKey(owner, admitted.generation_id))
    assert admitted.rate == Rate(FIVE, 4 - others, 300)
    assert len(heads(dynamodb, owner)) == others + 1


@pytest.mark.parametrize("policy", [LIMITED, Policy({})], ids=["limited", "unlimited"])
def test_of_two_at_once_with_one_key_the_second_is_told_of_the_first(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str, policy: Policy
) -> None:
    told: list[Admitted] = []
    client = Overtaken(dynamodb, lambda: told.append(admit(store, clock, owner, policy, key=a_key())))
    second = admit(store_over(client, clock), clock, owner, policy, key=a_key())
    assert (second.generation_id, second.head) == (told[0].generation_id, None)
    assert heads(dynamodb, owner) == [second.generation_id]


def test_of_two_at_once_with_one_key_for_two_requests_the_second_is_refused(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    client = Overtaken(dynamodb, lambda: admit(store, clock, owner, key=a_key()))
    with pytest.raises(KeyReusedError):
        admit(store_over(client, clock), clock, owner, key=a_key(body="another body"))
    assert len(heads(dynamodb, owner)) == 1


def test_who_is_overtaken_at_the_last_place_is_refused(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    for _ in range(4):
        admit(store, clock, owner)
    client = Overtaken(dynamodb, lambda: admit(store, clock, owner))
    assert refusal(store_over(client, clock), clock, owner).code == "rate_limited"
    assert len(heads(dynamodb, owner)) == 5


def test_a_write_beside_that_is_refused_stops_the_create_and_is_told_by_its_place(
    store: Store, dynamodb: Any, clock: FakeClock, owner: str
) -> None:
    old = store.admission.create(a_generation(clock, user_id=owner), an_input())
    beside = {
        "Update": {
            "Key": head_key(old.key),
            "UpdateExpression": "SET retried_as = :new",
            "ConditionExpression": "attribute_not_exists(retried_as)",
            "ExpressionAttributeValues": {":new": {"S": "new"}},
        }
    }
    first = store.admission.admit(a_generation(clock, user_id=owner), an_input(), Admission(LIMITED), beside=[beside])
    with pytest.raises(ConditionFailedError) as refused:
        store.admission.admit(a_generation(clock, user_id=owner), an_input(), Admission(LIMITED), beside=[beside])
    assert refused.value.index == 1
    assert refused.value.item is not None
    assert refused.value.item["retried_as"] == {"S": "new"}
    assert sorted(heads(dynamodb, owner)) == sorted([old.generation_id, first.generation_id])


def test_an_id_that_is_taken_is_refused(store: Store, clock: FakeClock, owner: str) -> None:
    taken = admit(store, clock, owner)
    with pytest.raises(TransitionRefusedError):
        admit(store, clock, owner, generation_id=taken.generation_id)


@pytest.mark.parametrize("lost", [0, 40])
@pytest.mark.parametrize("policy", [LIMITED, Policy({}, max_running=5)], ids=["rate", "running"])
def test_of_fifty_at_once_five_are_let_in_and_the_others_told_when_to_come_back(
    wire: Any, clock: FakeClock, owner: str, lost: int, policy: Policy
) -> None:
    store, start, lock = store_over(wire, clock), threading.Barrier(50), threading.Lock()
    generations = [a_generation(clock, user_id=owner) for _ in range(50)]
    accepted: list[str] = []
    refused: list[AdmissionRefusedError] = []

    def submit(generation: Generation) -> None:
        start.wait()
        for _ in range(10):  # like a client that gets a 503: with its key, until it gets an answer
            try:
                admitted = store.admission.admit(
                    replace(generation, generation_id=clock.new_id()),
                    an_input(),
                    Admission(policy, a_key(generation.generation_id)),
                )
            except AdmissionRefusedError as error:
                with lock:
                    refused.append(error)
                return
            except StoreUnavailableError:
                continue
            with lock:
                accepted.append(admitted.generation_id)
            return

    with answers_lost(wire, lost) as loss, ThreadPoolExecutor(50) as pool:
        list(pool.map(submit, generations))
    assert (len(accepted), len(refused)) == (5, 45)
    assert loss.count == lost
    assert all(error.retry_after_seconds > 0 for error in refused)
    assert sorted(heads(wire, owner)) == sorted(accepted)
    due = {one.key for shard in range(10) for one in store.reads.due(shard, clock.now() + timedelta(hours=1))}
    assert {(owner, generation_id) for generation_id in accepted} <= due
