"""Retrying what failed or was canceled, on real conditions: once, whatever was lost, raced or asked for twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.errors import AdmissionRefusedError, StoreUnavailableError
from shared.domain.generation import ErrorInfo, Event, Generation, Totals, Usage
from shared.domain.limits import Limit, Policy
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.response import Response
from shared.store.admission import Admission
from shared.store.whole import Store
from tests.contract.counter import PAID, Counter, a_failed_one, body_of, meanwhile, started
from tests.contract.test_lost_answers import EVERY_TRY, answers_lost
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_input

ON_MINISTACK = pytest.mark.parametrize("dynamodb", ["ministack"], indirect=True)


@pytest.fixture
def counter(store: Store, clock: FakeClock) -> Counter:
    return a_failed_one(store, clock)


@pytest.mark.parametrize("act", [Counter.dismiss, Counter.retry])
def test_anothers_generation_is_not_there(counter: Counter, act: Callable[..., Response]) -> None:
    with pytest.raises(ProblemError, match="not_found"):
        act(counter, owner="mallory")
    assert counter.read() == counter.head


def test_a_retry_is_a_new_generation_with_the_same_input_and_the_stored_steps_at_no_cost(counter: Counter) -> None:
    answer = counter.retry()
    [new] = counter.successors()
    assert (answer.status, body_of(answer)) == (
        202,
        {
            "generation_id": new.generation_id,
            "status": "pending",
            "version": 1,
            "urls": {"self": f"/v1/generations/{new.generation_id}"},
        },
    )
    assert (new.status, new.kind, new.retry_of, new.session_id) == (
        Status.PENDING, "flashcards", counter.head.generation_id, "lesson-1"
    )  # fmt: skip
    assert new.client_id == "mine"
    assert new.due_at is not None
    assert (new.usage, new.steps_done) == (Usage(), 1)
    [step] = counter.store.reads.get_steps(new.key)
    assert (step.name, step.usage) == ("outline", Usage())
    assert counter.store.reads.settled(new) == Totals(1, Usage())
    given = counter.store.reads.get_input(new.key)
    assert given == replace(an_input(), request_id="r-9")
    assert counter.read().retried_as == new.generation_id
    assert counter.read().version == counter.head.version + 1
    assert counter.dispatch.sent == [new]


def test_a_retry_from_the_start_takes_no_step_along(counter: Counter) -> None:
    counter.retry({"from": "start"})
    [new] = counter.successors()
    assert (new.steps_done, counter.store.reads.get_steps(new.key)) == (0, [])


def test_a_retry_that_is_asked_for_again_is_answered_with_the_one_there_is(counter: Counter) -> None:
    first = counter.retry()
    again = counter.retry({"from": "start"})
    assert (again.status, again.body) == (202, first.body)
    assert len(counter.successors()) == len(counter.dispatch.sent) == 1


def test_of_a_double_click_one_makes_the_generation_and_both_answer_it(counter: Counter) -> None:
    answers: list[Response] = []
    with meanwhile(lambda: answers.append(counter.retry())):
        answers.append(counter.retry())
    assert answers[0].body == answers[1].body
    assert len(counter.successors()) == len(counter.dispatch.sent) == 1


def test_a_double_click_that_the_first_left_no_room_for_is_answered_with_the_first(counter: Counter) -> None:
    counter.policy = Policy({"*": Limit("create", 1, 300)})
    answers: list[Response] = []
    with meanwhile(lambda: answers.append(counter.retry())):
        answers.append(counter.retry())
    assert answers[0].body == answers[1].body
    assert len(counter.successors()) == 1


@ON_MINISTACK
def test_of_a_crowd_of_clicks_all_are_answered_with_one_generation(counter: Counter) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: counter.retry(), range(8)))
    assert {answer.status for answer in answers} == {202}
    assert {str(body_of(answer)["generation_id"]) for answer in answers} == {
        head.generation_id for head in counter.successors()
    }
    assert len(counter.successors()) == len(counter.dispatch.sent) == 1


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("of", ["PutItem", "TransactWriteItems"])
def test_a_retry_whose_answer_was_lost_makes_one_generation(
    counter: Counter, dynamodb: Any, times: int, of: str
) -> None:
    with answers_lost(dynamodb, times, (of,)) as loss:
        answer = counter.retry()
    assert loss.count == times
    [new] = counter.successors()
    assert body_of(answer)["generation_id"] == new.generation_id
    assert counter.read().version == counter.head.version + 1


@ON_MINISTACK
def test_a_retry_that_nobody_heard_of_is_found_when_it_is_asked_for_again(counter: Counter, dynamodb: Any) -> None:
    with answers_lost(dynamodb, EVERY_TRY, ("TransactWriteItems",)), pytest.raises(StoreUnavailableError):
        counter.retry()
    answer = counter.retry()
    [new] = counter.successors()
    assert body_of(answer)["generation_id"] == new.generation_id


def test_a_retry_counts_against_the_owners_limits(counter: Counter) -> None:
    counter.policy = Policy({"*": Limit("create", 1, 300)})
    answer = counter.retry()
    assert answer.headers["ratelimit"] == '"create";r=0;t=300'
    [new] = counter.successors()
    counter.store.endings.cancel(new.key)
    second = replace(counter, head=counter.read(new.generation_id))
    with pytest.raises(AdmissionRefusedError, match="rate_limited"):
        second.retry()
    assert counter.read(new.generation_id).retried_as is None
    counter.clock.pass_seconds(301)
    assert second.retry().status == 202


def test_a_queue_that_refuses_leaves_the_retry_accepted_and_due(counter: Counter) -> None:
    counter.dispatch.fails = True
    assert counter.retry().status == 202
    [new] = counter.successors()
    assert new.due_at is not None


def test_a_canceled_generation_can_be_retried_and_its_cancel_stays_one_event(store: Store, clock: FakeClock) -> None:
    counter = Counter(store, clock, started(store, clock))
    counter.cancel()
    counter.retry()
    counter.dismiss()
    assert counter.cancel().status == 200, "it is canceled already"
    events = store.timeline.get_events(counter.head.key)
    assert events == [Event("canceled", clock.now(), 1)]


@pytest.mark.parametrize("end", ["open", "succeeded"])
def test_what_is_open_or_succeeded_cannot_be_retried(store: Store, clock: FakeClock, end: str) -> None:
    counter = Counter(store, clock, started(store, clock))
    if end == "succeeded":
        store.worker.succeed(counter.head, Totals(1, PAID), "cards")
    with pytest.raises(ProblemError, match="not_retryable"):
        counter.retry()
    assert counter.successors() == []


@pytest.mark.parametrize("body", [{"from": "middle"}, {"from": None}, {"model": "local/cards"}, {"begin": "start"}])
def test_a_body_of_another_form_is_refused(counter: Counter, body: Any) -> None:
    with pytest.raises(ProblemError, match="validation_failed"):
        counter.retry(body)
    assert counter.successors() == []


def test_a_generation_of_a_kind_that_is_gone_cannot_be_retried(counter: Counter, store: Store) -> None:
    old = started_of(store, counter.clock, kind="gone")
    with pytest.raises(ProblemError, match="not_retryable"):
        replace(counter, head=old).retry()


def test_a_model_that_is_not_allowed_any_more_is_not_used_by_a_retry(counter: Counter) -> None:
    counter.settings = replace(SETTINGS, default_model="local/other", allowed_models=("local/o*", "big/*"))
    with pytest.raises(ProblemError, match="not_retryable") as problem:
        counter.retry()
    assert problem.value.detail == "Its model is no longer allowed. Create a new generation with another model."
    assert (counter.successors(), counter.dispatch.sent) == ([], [])
    counter.settings = replace(counter.settings, allowed_models=("local/c*",))
    assert counter.retry().status == 202


def test_the_default_model_can_be_retried_whatever_a_request_may_name(counter: Counter) -> None:
    counter.settings = replace(SETTINGS, allowed_models=("big/*",))
    assert counter.retry().status == 202


def started_of(store: Store, clock: FakeClock, kind: str) -> Generation:
    head = store.admission.create(a_generation(clock, kind=kind), an_input())
    return store.endings.cancel(head.key) or head


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"accept_creates": False}, "creates_paused"), ({"enabled_kinds": ("story",)}, "kind_disabled")],
)
def test_a_retry_is_a_create_to_the_switches(store: Store, clock: FakeClock, settings: Any, code: str) -> None:
    counter = replace(a_failed_one(store, clock), settings=replace(SETTINGS, **settings))
    with pytest.raises(ProblemError, match=code):
        counter.retry()
    assert counter.successors() == []
    assert counter.cancel().status == 200, "everything else works"


@pytest.mark.parametrize(
    ("code", "accepted"), [("crash_loop", True), ("provider_unavailable", True), ("output_refused", False)]
)
def test_a_retry_of_what_failed_for_no_fault_of_its_owners_takes_no_place_in_their_window(
    store: Store, clock: FakeClock, code: str, accepted: bool
) -> None:
    head = started(store, clock)
    policy = Policy({"*": Limit("create", 1, 300)})
    store.admission.admit(a_generation(clock, user_id=head.user_id), an_input(), Admission(policy))
    store.worker.fail(head, Totals(0, Usage()), ErrorInfo(code, "It failed."))
    counter = replace(Counter(store, clock, store.reads.get(head.key) or head), policy=policy)
    if not accepted:
        with pytest.raises(AdmissionRefusedError, match="rate_limited"):
            counter.retry()
        return
    assert counter.retry().status == 202
    again = a_generation(clock, user_id=head.user_id)
    with pytest.raises(AdmissionRefusedError, match="rate_limited"):
        store.admission.admit(again, an_input(), Admission(policy))  # the window is as full as it was
    clock.pass_seconds(301)
    store.admission.admit(again, an_input(), Admission(policy))


def with_steps(store: Store, clock: FakeClock, dynamodb: Any, item: str, damage: dict[str, Any]) -> Counter:
    """Return the counter of a failed generation with three stored steps, one item of which has this `damage`."""
    head = started(store, clock)
    for position, name in enumerate(("one", "two", "three"), 1):
        store.worker.store_step(head, replace(a_step(clock, name), position=position))
    store.worker.fail(head, Totals(3, Usage(3, 300, 150)), ErrorInfo("output_invalid", ""))
    key = {"pk": {"S": head.user_id}, "sk": {"S": item.format(head.generation_id)}}
    found = dynamodb.get_item(TableName=SETTINGS.table_name, Key=key)["Item"] | damage
    damaged = {name: value for name, value in found.items() if value is not None}
    dynamodb.put_item(TableName=SETTINGS.table_name, Item=damaged)
    return Counter(store, clock, head)


@pytest.mark.parametrize(
    "damage",
    [
        {"result": {"B": b"no zlib at all"}},
        {"result": None},
        {"position": {"S": "second"}},
        {"stored_at": {"N": "9e20"}},
        {"cost_usd": {"S": "much"}},
    ],
)
def test_a_retry_goes_on_from_what_stands_before_a_damaged_step(
    store: Store, clock: FakeClock, dynamodb: Any, damage: dict[str, Any]
) -> None:
    counter = with_steps(store, clock, dynamodb, "S#{}#two", damage)
    assert counter.retry().status == 202
    [new] = counter.successors()
    assert [step.name for step in store.reads.get_steps(new.key)] == ["one"]
    assert new.steps_done == 1


def test_a_retry_of_what_has_a_damaged_input_says_so(store: Store, clock: FakeClock, dynamodb: Any) -> None:
    counter = with_steps(store, clock, dynamodb, "I#{}", {"content": {"B": b"no zlib"}})
    with pytest.raises(ProblemError) as problem:
        counter.retry()
    assert problem.value.code == "not_retryable"
    assert counter.successors() == []
