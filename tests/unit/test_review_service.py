"""Valid and refused requests about suggestions; tests/contract tests the effects of a decision."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.actions.review import ReviewService
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.store.whole import Store
from tests.factories import FakeClock, a_generation, a_step, an_input, moto_dynamodb
from tests.unit.services import review_service


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def service(store: Store, clock: FakeClock) -> ReviewService:
    return review_service(store, clock)


def running(store: Store, clock: FakeClock) -> Generation:
    head = store.admission.create(a_generation(clock), an_input())
    return store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))


@pytest.fixture
def head(store: Store, clock: FakeClock) -> Generation:
    """A succeeded generation with one suggestion."""
    head = running(store, clock)
    store.worker.store_step(head, a_step(clock))
    store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    return head


def a_decision(head: Generation, body: Any, number: str | None = None, owner: str | None = None) -> Request:
    path = {"generation_id": head.generation_id} | ({} if number is None else {"number": number})
    claims = {"authorizer": {"jwt": {"claims": {"sub": owner or head.user_id}}}, "requestId": "r-1"}
    return Request({"requestContext": claims, "pathParameters": path, "body": json.dumps(body)})


def one(service: ReviewService, head: Generation, body: Any, number: str = "1", owner: str | None = None) -> Response:
    return service.decide(a_decision(head, body, number, owner))


def many(service: ReviewService, head: Generation, *decisions: Any) -> Response:
    return service.decide_many(a_decision(head, {"decisions": list(decisions)}))


ACCEPT = {"decision": "accepted"}


@pytest.mark.parametrize("number", ["2", "0", "01", "-1", "1.5", "2.0", "one", "9999", "1" * 50, "١"])  # noqa: RUF001
def test_a_suggestion_that_is_not_there_is_not_found(service: ReviewService, head: Generation, number: str) -> None:
    with pytest.raises(ProblemError, match="suggestion_not_found"):
        one(service, head, ACCEPT, number)


def test_one_number_that_is_not_there_refuses_them_all(service: ReviewService, store: Store, head: Generation) -> None:
    with pytest.raises(ProblemError, match="suggestion_not_found"):
        many(service, head, {"number": 1, **ACCEPT}, {"number": 2, **ACCEPT})
    assert list(store.reviews.cards(head.user_id, None, 10)) == []


def test_anothers_generation_is_not_there(service: ReviewService, store: Store, head: Generation) -> None:
    with pytest.raises(ProblemError, match=r"^..not_found"):
        one(service, head, ACCEPT, owner="mallory")
    assert store.reviews.get_review(head.key).version == 0


def test_what_is_open_has_nothing_to_decide_on_yet(service: ReviewService, store: Store, clock: FakeClock) -> None:
    with pytest.raises(ProblemError, match="not_succeeded"):
        one(service, running(store, clock), ACCEPT)


def test_what_failed_has_nothing_to_decide_on(service: ReviewService, store: Store, clock: FakeClock) -> None:
    head = running(store, clock)
    store.worker.fail(head, Totals(0, Usage()), ErrorInfo("output_empty", "Empty."))
    with pytest.raises(ProblemError, match="not_succeeded"):
        one(service, head, ACCEPT)


def test_a_kind_without_suggestions_has_nothing_to_review(
    service: ReviewService, store: Store, clock: FakeClock
) -> None:
    head = running(store, clock)
    store.worker.store_step(head, a_step(clock, result={"text": "Once upon a time."}))
    store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    with pytest.raises(ProblemError, match="no_suggestions"):
        one(service, head, ACCEPT)


def fields_of(refused: pytest.ExceptionInfo[ProblemError]) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in refused.value.errors or []]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("decision", "missing")]),
        ({"decision": "maybe"}, [("decision", "literal_error")]),
        ({"decision": "accepted", "front": " \n "}, [("front", "blank")]),
        ({"decision": "accepted", "front": "x" * 201}, [("front", "string_too_long")]),
        ({"decision": "accepted", "back": "x" * 501}, [("back", "string_too_long")]),
        ({"decision": "accepted", "back": 7}, [("back", "string_type")]),
        ({"decision": "accepted", "number": 1}, [("number", "extra_forbidden")]),
    ],
)
def test_a_decision_of_another_form_is_refused_field_by_field(
    service: ReviewService, head: Generation, body: Any, wrong: list[tuple[str, str]]
) -> None:
    with pytest.raises(ProblemError, match="validation_failed") as refused:
        one(service, head, body)
    assert fields_of(refused) == wrong


@pytest.mark.parametrize(
    ("decisions", "wrong"),
    [
        ([], [("decisions", "too_short")]),
        ([{"number": n, **ACCEPT} for n in range(1, 32)], [("decisions", "too_long")]),
        ([{"number": 1, **ACCEPT}, {"number": 1, "decision": "rejected"}], [("", "number_twice")]),
        ([{"number": 0, **ACCEPT}], [("decisions.0.number", "greater_than_equal")]),
        ([{"number": "1", **ACCEPT}], [("decisions.0.number", "int_type")]),
        ([{"number": True, **ACCEPT}], [("decisions.0.number", "int_type")]),
        ([ACCEPT], [("decisions.0.number", "missing")]),
    ],
)
def test_a_list_of_another_form_is_refused_field_by_field(
    service: ReviewService, head: Generation, decisions: Any, wrong: list[tuple[str, str]]
) -> None:
    with pytest.raises(ProblemError, match="validation_failed") as refused:
        many(service, head, *decisions)
    assert fields_of(refused) == wrong


def test_the_longest_texts_are_taken_and_trimmed(service: ReviewService, store: Store, head: Generation) -> None:
    one(service, head, {"decision": "accepted", "front": f" {'f' * 200}\n", "back": f"\t{'b' * 500} "})
    [card] = store.reviews.cards(head.user_id, None, 10)
    assert card.fields == {"front": "f" * 200, "back": "b" * 500}


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff\u200d", "\u3164", "\u0000", "\u0301"])
def test_a_text_without_a_visible_character_is_refused_with_its_field(
    service: ReviewService, head: Generation, unseen: str
) -> None:
    with pytest.raises(ProblemError, match="validation_failed") as refused:
        one(service, head, {"decision": "accepted", "front": unseen})
    assert fields_of(refused) == [("front", "blank")]
    with pytest.raises(ProblemError, match="validation_failed") as refused:
        many(service, head, {"number": 1, "decision": "accepted", "front": "Q?", "back": unseen})
    assert fields_of(refused) == [("decisions.0.back", "blank")]


def test_thirty_long_edits_are_one_item_of_a_few_kilobytes(
    service: ReviewService, store: Store, clock: FakeClock, dynamodb: Any
) -> None:
    head = running(store, clock)
    thirty = [{"front": f"Question {n}?", "back": f"Response {n}."} for n in range(1, 31)]
    store.worker.store_step(head, a_step(clock, result={"suggestions": thirty}))
    store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    texts = {"front": "What does the mitochondrion do? " * 6, "back": "It turns sugar into energy. " * 17}
    answer = many(service, head, *({"number": n, **ACCEPT, **texts} for n in range(1, 31)))
    assert answer.status == 200
    assert len(list(store.reviews.cards(head.user_id, None, 100))) == 30
    key = {"pk": {"S": head.user_id}, "sk": {"S": f"R#{head.generation_id}"}}
    item = dynamodb.get_item(TableName="unstuck", Key=key)["Item"]
    assert len(item["verdicts"]["B"]) < 4_000
