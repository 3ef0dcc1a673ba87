"""A refused create or retry leaves nothing behind, and stores nothing if a limit is known to be reached."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from operations.reading import Reader as TableReader
from operations.retry import BulkRetry, RetryOutcome, Wanted
from shared.domain.errors import AdmissionRefusedError, StoreUnavailableError, TransitionRefusedError
from shared.domain.generation import ErrorInfo, Generation
from shared.domain.limits import Limit, Policy
from shared.store.admission import Admission, AdmissionStore
from shared.store.objects import Objects
from shared.store.reads import Reader
from tests.contract.admitting import LIMITED
from tests.contract.counter import Counter, body_of, meanwhile
from tests.contract.leftovers import PICTURES, all_of, one_that_drew, parts_of, writes_of
from tests.contract.test_lost_answers import EVERY_TRY, answers_lost
from tests.contract.test_objects import Place
from tests.factories import (
    SETTINGS,
    FakeClock,
    RecordingDispatch,
    a_generation,
    an_input,
    s3_beside,
    store_over,
)

ON_MINISTACK = pytest.mark.parametrize("dynamodb", ["ministack"], indirect=True)
ON_MOTO = pytest.mark.parametrize("dynamodb", ["moto"], indirect=True)
DOWN = ErrorInfo("provider_unavailable", "The provider is down.")


@pytest.fixture
def place(dynamodb: Any, clock: FakeClock) -> Place:
    return Place(store_over(dynamodb, clock), clock, dynamodb, s3_beside(dynamodb))


@pytest.fixture
def counter(place: Place) -> Counter:
    return one_that_drew(place)


def fill_the_window(counter: Counter) -> None:
    counter.policy = LIMITED
    for _ in range(5):
        admitted = counter.store.admission.admit(
            a_generation(counter.clock, user_id=counter.head.user_id), an_input(), Admission(LIMITED)
        )
        assert admitted.head is not None
        counter.store.endings.cancel(admitted.head.key)


def have_one_running(counter: Counter) -> None:
    counter.policy = Policy({}, max_running=1)
    other = a_generation(counter.clock, user_id=counter.head.user_id)
    counter.store.admission.admit(other, an_input(), Admission(counter.policy))


def spend_the_day(counter: Counter) -> None:
    counter.policy = Policy({}, max_daily_spend_usd=Decimal("0.5"))


@pytest.mark.parametrize("reach", [fill_the_window, have_one_running, spend_the_day])
def test_ten_retries_that_a_limit_refuses_write_nothing(
    place: Place, counter: Counter, reach: Callable[[Counter], None]
) -> None:
    reach(counter)
    before = all_of(place, counter.head.user_id)
    with writes_of(place.dynamodb, place.s3) as written:
        for _ in range(10):
            with pytest.raises(AdmissionRefusedError):
                counter.retry()
    assert written == []
    assert all_of(place, counter.head.user_id) == before


def test_a_retry_that_is_let_in_copies_all_of_it_once(place: Place, counter: Counter) -> None:
    with writes_of(place.dynamodb, place.s3) as written:
        counter.retry()
    assert written.count("CopyObject") == PICTURES
    [new] = counter.successors()
    assert counter.store.reads.get_steps(new.key) != []
    again = all_of(place, counter.head.user_id)
    with writes_of(place.dynamodb, place.s3) as written:
        for _ in range(10):
            counter.retry()
    assert written == [], "a double click is answered with what is there"
    assert all_of(place, counter.head.user_id) == again


@pytest.mark.parametrize("before", ["the limits", "the copy", "the head"])
def test_of_two_retries_at_once_only_the_winners_copy_stays(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    owner = counter.head.user_id
    answers = []
    if before == "the copy":
        with meanwhile(lambda: answers.append(counter.retry())):
            answers.append(counter.retry())
    else:
        at = {"the limits": (Reader, "get_input"), "the head": (AdmissionStore, "create")}[before]
        original, acted = getattr(*at), list[bool]()

        def first(self: Any, *given: Any, **more: Any) -> Any:
            if not acted:
                acted.append(True)
                answers.append(counter.retry())
            return original(self, *given, **more)

        monkeypatch.setattr(*at, first)
        answers.append(counter.retry())
    assert answers[0].body == answers[1].body
    [new] = counter.successors()
    assert parts_of(place, owner) == {counter.head.generation_id, new.generation_id}
    assert len(counter.store.reads.get_steps(new.key)) == 2
    assert counter.store.reads.get_input(new.key) is not None


@ON_MINISTACK
def test_of_a_crowd_of_retries_only_the_winners_copy_stays(place: Place, counter: Counter) -> None:
    together, read = Barrier(6), Reader.get_input

    def all_read_first(self: Reader, key: Any) -> Any:
        found = read(self, key)
        together.wait(30)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reader, "get_input", all_read_first)
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: counter.retry(), range(6)))
    [new] = counter.successors()
    assert {body_of(answer)["generation_id"] for answer in answers} == {new.generation_id}
    assert parts_of(place, counter.head.user_id) == {counter.head.generation_id, new.generation_id}


def test_a_retry_whose_limit_is_reached_while_it_copies_leaves_nothing(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.policy = Policy({"*": Limit("create", 1, 300)})
    copy, others = Objects.copy, list[Generation]()

    def copy_while_another_is_let_in(self: Objects, source: str, target: str) -> None:
        copy(self, source, target)
        if not others:
            others.append(a_generation(counter.clock, user_id=counter.head.user_id))
            counter.store.admission.admit(others[0], an_input(), Admission(counter.policy))

    monkeypatch.setattr(Objects, "copy", copy_while_another_is_let_in)
    with pytest.raises(AdmissionRefusedError, match="rate_limited"):
        counter.retry()
    assert parts_of(place, counter.head.user_id) == {counter.head.generation_id, others[0].generation_id}


def test_a_retry_whose_copying_fails_halfway_leaves_no_copy(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, copied = Objects.copy, list[str]()

    def denied_after_three(self: Objects, source: str, target: str) -> None:
        if len(copied) == 3:
            about: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(about, "CopyObject")
        copied.append(target)
        copy(self, source, target)

    monkeypatch.setattr(Objects, "copy", denied_after_three)
    with pytest.raises(ClientError):
        counter.retry()
    assert len(copied) == 3
    assert counter.successors() == []
    assert parts_of(place, counter.head.user_id) == {counter.head.generation_id}


@ON_MINISTACK
def test_a_retry_of_which_nobody_knows_whether_it_was_let_in_keeps_its_copy(place: Place, counter: Counter) -> None:
    with answers_lost(place.dynamodb, EVERY_TRY, ("TransactWriteItems",)), pytest.raises(StoreUnavailableError):
        counter.retry()
    [new] = counter.successors()
    assert len(counter.store.reads.get_steps(new.key)) == 2
    assert counter.store.reads.get_input(new.key) is not None


def test_what_a_copy_cannot_be_rid_of_changes_no_answer_and_has_a_time_to_live(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "Delete")  # type: ignore[typeddict-item]

    def refuse(*_: Any) -> int:
        raise denied

    monkeypatch.setattr(Objects, "delete", refuse)
    create, acted = AdmissionStore.create, list[bool]()

    def late(self: AdmissionStore, *given: Any, **more: Any) -> Any:
        if not acted:
            acted.append(True)
            counter.retry()
        return create(self, *given, **more)

    monkeypatch.setattr(AdmissionStore, "create", late)
    assert counter.retry().status == 202
    [new] = counter.successors()
    [left] = parts_of(place, counter.head.user_id) - {counter.head.generation_id, new.generation_id}
    items = place.dynamodb.query(
        TableName=SETTINGS.table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": counter.head.user_id}},
    )["Items"]
    assert all("expires_at" in item for item in items if left in item["sk"]["S"])


def test_a_bulk_retry_that_loses_to_the_owners_own_leaves_one_copy(
    place: Place, counter: Counter, clock: FakeClock
) -> None:
    reader = TableReader(place.dynamodb, SETTINGS.table_name, clock)
    bulk = BulkRetry(reader, counter.store, RecordingDispatch(), clock, SETTINGS, lambda _seconds: None)
    wanted = Wanted("output_refused", clock.now(), owner=counter.head.user_id)
    with meanwhile(counter.retry):
        [line] = bulk.run(wanted, act=True, limit=10, per_second=0)
    assert line.outcome is RetryOutcome.SKIPPED
    [new] = counter.successors()
    assert parts_of(place, counter.head.user_id) == {counter.head.generation_id, new.generation_id}


def test_a_head_that_moved_on_since_it_was_read_is_found_before_anything_is_copied(
    place: Place, counter: Counter
) -> None:
    old = counter.head
    counter.retry()
    new = a_generation(counter.clock, user_id=old.user_id, kind="image")
    steps = lambda: pytest.fail("the steps were read")  # noqa: E731
    with writes_of(place.dynamodb, place.s3) as written, pytest.raises(TransitionRefusedError):
        counter.store.retries.retry(old, new, an_input(), steps, Admission(Policy({})))
    assert written == []
