"""Reviewing kinds other than flashcards, and the cards that outlive them: each item keeps all of its kind's fields."""

import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from functions.actions.erase import EraseService
from functions.status.cards import CardsService
from functions.status.generation import GenerationService
from functions.status.healing import Healer
from functions.status.output import Outputs
from shared.domain.errors import EditsTooLargeError
from shared.domain.generation import Called, Generation, Totals, Usage
from shared.domain.review import Card
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.rescue import Rescuer
from shared.store.marshalling import marshal, pack
from shared.store.review import ReviewStore
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input
from tests.unit.own_kinds import CATALOG, QUESTIONS, TERMS, reviews
from tests.unit.requests import a_request
from tests.unit.services import card_service, picture_links, review_service

RETENTION_SECONDS = 40 * 86_400


@dataclass
class Desk:
    """One owner's successful generation, and all possible actions on its results."""

    store: Store
    clock: FakeClock
    head: Generation
    list_name: str

    def request(self, body: Any = None, owner: str | None = None, tag: str | None = None, **path: str) -> Request:
        claims = {"authorizer": {"jwt": {"claims": {"sub": owner or self.head.user_id}}}, "requestId": "r-1"}
        headers = {} if tag is None else {"if-none-match": tag}
        text = None if body is None else json.dumps(body)
        return Request({"requestContext": claims, "pathParameters": path, "body": text, "headers": headers})

    def decide(self, number: int, decision: str, **edit: Any) -> dict[str, Any]:
        request = self.request(
            {"decision": decision, **edit}, generation_id=self.head.generation_id, number=str(number)
        )
        [one] = body_of(review_service(self.store, self.clock, CATALOG).decide(request))["suggestions"]
        return dict(one)

    def decide_many(self, *decisions: dict[str, Any]) -> list[dict[str, Any]]:
        request = self.request({"decisions": list(decisions)}, generation_id=self.head.generation_id)
        return list(body_of(review_service(self.store, self.clock, CATALOG).decide_many(request))["suggestions"])

    def shown(self) -> list[dict[str, Any]]:
        """Return the list that is reviewed, as the generation shows it."""
        rescuer = Rescuer(self.store.rescuer, RecordingDispatch(), self.clock, SETTINGS, CATALOG.names())
        outputs = Outputs(self.store.reads, self.store.reviews, picture_links(self.store), reviews)
        service = GenerationService(self.store.reads, Healer(self.store.reads, rescuer), outputs, self.clock, SETTINGS)
        body = body_of(service.get(a_request(self.head.user_id, generation_id=self.head.generation_id)))
        assert body["reviews"] == self.list_name
        return list(body["output"][self.list_name])

    def cards(self, owner: str | None = None) -> list[dict[str, Any]]:
        return list(body_of(CardsService(self.store.reviews).page(a_request(owner or self.head.user_id)))["cards"])

    def card(self, card_id: str, owner: str | None = None, tag: str | None = None) -> Response:
        return CardsService(self.store.reviews).get(self.request(None, owner, tag, card_id=card_id))

    def edit(self, card_id: str, edit: dict[str, Any], owner: str | None = None) -> dict[str, Any]:
        return body_of(card_service(self.store, self.clock, CATALOG).edit(self.request(edit, owner, card_id=card_id)))

    def delete(self, card_id: str, owner: str | None = None) -> int:
        return card_service(self.store, self.clock, CATALOG).delete(self.request(None, owner, card_id=card_id)).status

    def expire(self) -> None:
        """Let the generation go; what DynamoDB has not deleted yet counts as gone."""
        self.clock.pass_seconds(RETENTION_SECONDS)
        assert self.store.reads.get(self.head.key) is None


def body_of(answer: Response) -> dict[str, Any]:
    assert answer.status == 200
    assert isinstance(answer.body, dict)
    return answer.body


@pytest.fixture
def make(store: Store, clock: FakeClock) -> Callable[..., Desk]:
    def made(kind: str, output: dict[str, Any], list_name: str) -> Desk:
        head = store.admission.create(a_generation(clock, kind=kind, session_id="lesson-1"), an_input())
        head = store.worker.claim(Called(head.key, head.fence), clock.token(), CATALOG.names())
        store.worker.store_step(head, a_step(clock, result=output))
        store.worker.succeed(head, Totals(1, Usage(1)), "cards")
        return Desk(store, clock, store.reads.get(head.key) or head, list_name)

    return made


@pytest.fixture
def quiz(make: Callable[..., Desk]) -> Desk:
    return make("quiz", {"title": "Sums", "questions": QUESTIONS}, "questions")


@pytest.fixture
def glossary(make: Callable[..., Desk]) -> Desk:
    return make("glossary", {"result": TERMS}, "result")


def wrong(refused: pytest.ExceptionInfo[ProblemError]) -> list[tuple[str, str]]:
    assert refused.value.code == "validation_failed"
    return [(error["field"], error["code"]) for error in refused.value.errors or []]


def test_a_quiz_is_shown_accepted_edited_and_listed_with_all_its_fields(quiz: Desk) -> None:
    assert quiz.shown() == [{"number": n, **each, "state": "proposed"} for n, each in enumerate(QUESTIONS, 1)]
    accepted = quiz.decide(2, "accepted")
    assert accepted == {"number": 2, **QUESTIONS[1], "state": "accepted", "card_id": accepted["card_id"]}
    edited = quiz.decide(2, "accepted", options=["2", "3", "4"], answer=1, explanation="One more.")
    fields = {**QUESTIONS[1], "options": ["2", "3", "4"], "explanation": "One more."}
    assert edited == {"number": 2, **fields, "state": "accepted", "card_id": accepted["card_id"]}
    assert quiz.shown()[1] == edited
    [card] = quiz.cards()
    assert card.pop("created_at")
    assert card == {
        "card_id": accepted["card_id"],
        "kind": "quiz",
        "generation_id": quiz.head.generation_id,
        "number": 2,
        **fields,
        "session_id": "lesson-1",
    }


def test_an_edit_goes_back_to_what_the_model_wrote_field_by_field(quiz: Desk) -> None:
    quiz.decide(1, "proposed", question="Mine?", explanation="Because.")
    assert quiz.decide(1, "proposed", question=QUESTIONS[0]["question"])["explanation"] == "Because."
    quiz.decide(1, "proposed", explanation=None)
    assert quiz.store.reviews.get_review(quiz.head.key).verdicts[1].edits == {}


@pytest.mark.parametrize(
    ("edit", "errors"),
    [
        ({"question": " "}, [("question", "blank")]),
        ({"options": ["one"]}, [("options", "too_short")]),
        ({"options": ["a", 7]}, [("options.1", "string_type")]),
        ({"answer": "many"}, [("answer", "int_parsing")]),
        ({"answer": 2}, [("", "value_error")]),
        ({"question": ""}, [("question", "string_too_short")]),
        ({"question": None}, [("question", "string_type")]),
        ({"front": "Mine?"}, [("front", "extra_forbidden")]),
        ({"state": "accepted"}, [("state", "extra_forbidden")]),
    ],
)
def test_a_bad_edit_is_refused_with_the_field_named_and_nothing_is_decided(
    quiz: Desk, edit: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    with pytest.raises(ProblemError) as refused:
        quiz.decide(1, "accepted", **edit)
    assert wrong(refused) == errors
    with pytest.raises(ProblemError) as refused:
        quiz.decide_many({"number": 2, "decision": "accepted"}, {"number": 1, "decision": "accepted", **edit})
    assert wrong(refused) == [(".".join(part for part in ("decisions.1", name) if part), code) for name, code in errors]
    assert quiz.cards() == []
    card_id = quiz.decide(1, "accepted")["card_id"]
    with pytest.raises(ProblemError) as refused:
        quiz.edit(card_id, edit)
    assert wrong(refused) == errors


def test_a_number_beyond_all_numbers_is_refused(quiz: Desk) -> None:
    with pytest.raises(ProblemError, match=r"invalid_json|validation_failed"):
        quiz.decide(1, "accepted", answer=float("1e400"))


def test_parts_of_objects_are_edited_and_the_rest_of_them_stays(glossary: Desk) -> None:
    shown = glossary.decide(1, "accepted", source={"page": 4}, seen=[], learned_on="2026-02-01")
    fields = {**TERMS[0], "source": {"book": "Biology", "page": 4}, "seen": [], "learned_on": "2026-02-01"}
    assert shown == {"number": 1, **fields, "state": "accepted", "card_id": shown["card_id"]}
    [card] = glossary.cards()
    assert {name: card[name] for name in TERMS[0]} == fields
    with pytest.raises(ProblemError) as refused:
        glossary.decide(1, "accepted", source={"page": 0}, seen=[{"book": "x"}], learned_on="soon")
    assert [field for field, _code in wrong(refused)] == ["source.page", "seen.0.page", "learned_on"]


def test_what_a_model_would_let_pass_and_drop_is_no_field_to_edit(glossary: Desk) -> None:
    with pytest.raises(ProblemError) as refused:
        glossary.decide(1, "accepted", back="B")
    assert wrong(refused) == [("back", "extra_forbidden")]


def test_a_kind_that_declares_nothing_has_nothing_to_review_whatever_its_fields_are_called(
    make: Callable[..., Desk],
) -> None:
    desk = make("plain", {"suggestions": [{"front": "F", "back": "B"}]}, "suggestions")
    with pytest.raises(ProblemError, match="no_suggestions"):
        desk.decide(1, "accepted")


def test_a_card_is_read_and_says_when_it_is_another(quiz: Desk) -> None:
    card_id = quiz.decide(1, "accepted")["card_id"]
    first = quiz.card(card_id)
    assert body_of(first) == quiz.cards()[0]
    assert quiz.card(card_id, tag=first.headers["etag"]).status == 304
    quiz.edit(card_id, {"explanation": "So."})
    assert body_of(quiz.card(card_id, tag=first.headers["etag"]))["explanation"] == "So."


def test_while_its_generation_is_there_a_card_and_its_suggestion_never_differ(quiz: Desk) -> None:
    card_id = quiz.decide(1, "accepted")["card_id"]
    edited = quiz.edit(card_id, {"question": "Mine?"})
    assert edited["question"] == "Mine?" == quiz.shown()[0]["question"]
    assert edited == quiz.cards()[0]
    assert quiz.edit(card_id, {"question": "Mine?"}) == edited == quiz.edit(card_id, {})
    version = quiz.store.reviews.get_review(quiz.head.key).version
    assert version == 2, "an edit that changes nothing writes nothing"
    assert quiz.delete(card_id) == 204
    assert quiz.cards() == []
    assert (quiz.shown()[0]["state"], "card_id" in quiz.shown()[0]) == ("rejected", False)
    again = quiz.decide(1, "accepted")
    assert (again["question"], again["card_id"] == card_id) == ("Mine?", False)


def test_a_card_lives_on_when_its_generation_has_expired(quiz: Desk) -> None:
    card_id = quiz.decide(1, "accepted", explanation="So.")["card_id"]
    tags = [quiz.card(card_id).headers["etag"]]
    quiz.expire()
    assert body_of(quiz.card(card_id))["explanation"] == "So."
    edited = quiz.edit(card_id, {"options": ["1", "2", "3"]})
    assert (edited["options"], edited["explanation"]) == (["1", "2", "3"], "So.")
    tags.append(quiz.card(card_id).headers["etag"])
    quiz.edit(card_id, {"answer": 2})
    tags.append(quiz.card(card_id).headers["etag"])
    assert len(set(tags)) == 3, "each state has a tag of its own"
    assert quiz.cards()[0]["answer"] == 2
    with pytest.raises(ProblemError) as refused:
        quiz.edit(card_id, {"answer": 9})
    assert wrong(refused) == [("", "value_error")]
    assert quiz.delete(card_id) == 204
    assert quiz.cards() == []


def test_of_two_tabs_that_edit_an_expired_card_at_once_both_edits_hold(
    quiz: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_id = quiz.decide(1, "accepted")["card_id"]
    quiz.expire()
    write, raced = ReviewStore.edit_card, list[bool]()

    def meanwhile(store: ReviewStore, user_id: str, card: Card, as_read: int) -> bool:
        if not raced:
            raced.append(True)
            quiz.edit(card_id, {"explanation": "Theirs."})
        return write(store, user_id, card, as_read)

    monkeypatch.setattr(ReviewStore, "edit_card", meanwhile)
    quiz.edit(card_id, {"question": "Mine?"})
    [card] = quiz.cards()
    assert (card["question"], card["explanation"]) == ("Mine?", "Theirs.")


@pytest.mark.parametrize("gone", ["deleted", "erased"])
def test_a_card_that_goes_while_it_is_edited_does_not_come_back(
    quiz: Desk, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    card_id = quiz.decide(1, "accepted")["card_id"]
    quiz.expire()
    write = ReviewStore.edit_card

    def meanwhile(store: ReviewStore, user_id: str, card: Card, as_read: int) -> bool:
        if gone == "deleted":
            store.delete_card(user_id, card_id)
        else:
            erase(quiz)
        return write(store, user_id, card, as_read)

    monkeypatch.setattr(ReviewStore, "edit_card", meanwhile)
    with pytest.raises(ProblemError, match="card_not_found"):
        quiz.edit(card_id, {"question": "Mine?"})
    assert quiz.cards() == []


def erase(desk: Desk) -> None:
    service = EraseService(desk.store.erasure, desk.store.endings, desk.clock, SETTINGS)
    service.erase(a_request(desk.head.user_id))


@pytest.mark.parametrize("expired", [False, True])
def test_nobody_reads_edits_or_deletes_anothers_card(quiz: Desk, expired: bool) -> None:
    card_id = quiz.decide(1, "accepted")["card_id"]
    if expired:
        quiz.expire()
    acts: list[Callable[[], Any]] = [
        lambda: quiz.card(card_id, owner="mallory"),
        lambda: quiz.edit(card_id, {"question": "Mine?"}, owner="mallory"),
        lambda: quiz.delete(card_id, owner="mallory"),
        lambda: quiz.card("not-an-id"),
        lambda: quiz.edit(quiz.head.generation_id, {}),
        lambda: quiz.delete(quiz.head.generation_id),
    ]
    for act in acts:
        with pytest.raises(ProblemError, match="card_not_found"):
            act()
    assert quiz.cards()[0]["question"] == QUESTIONS[0]["question"]
    assert quiz.cards("mallory") == []


def test_a_card_of_a_kind_that_is_not_made_any_more_is_read_and_deleted_and_not_edited(
    quiz: Desk, store: Store, clock: FakeClock
) -> None:
    card_id = quiz.decide(1, "accepted")["card_id"]
    without = card_service(store, clock)
    with pytest.raises(ProblemError) as refused:
        without.edit(quiz.request({"question": "Mine?"}, card_id=card_id))
    assert wrong(refused) == [("kind", "unknown")]
    assert body_of(quiz.card(card_id))["question"] == QUESTIONS[0]["question"]
    assert without.delete(quiz.request(None, card_id=card_id)).status == 204
    assert quiz.cards() == []
    assert quiz.shown()[0]["state"] == "rejected"


def test_a_card_and_a_review_from_before_kinds_had_fields_of_their_own_are_read_edited_and_deleted(
    make: Callable[..., Desk], dynamodb: Any
) -> None:
    cards = [{"front": f"Question {n}?", "back": f"Answer {n}."} for n in (1, 2)]
    desk = make("flashcards", {"suggestions": cards}, "suggestions")
    card_id = desk.decide(1, "accepted", front="Mine?")["card_id"]
    as_it_was(desk, dynamodb, card_id)
    assert desk.shown()[0] == {
        "number": 1,
        "front": "Mine?",
        "back": "Answer 1.",
        "state": "accepted",
        "card_id": card_id,
    }
    [card] = desk.cards()
    assert (card["kind"], card["front"], card["back"]) == ("flashcards", "Mine?", "Answer 1.")
    assert desk.edit(card_id, {"back": "Ours."})["front"] == "Mine?"
    as_it_was(desk, dynamodb, card_id)
    desk.expire()
    assert desk.edit(card_id, {"back": "Later."}) == {**card, "back": "Later."}
    as_it_was(desk, dynamodb, card_id)
    assert desk.delete(card_id) == 204
    assert desk.cards() == []


def as_it_was(desk: Desk, dynamodb: Any, card_id: str) -> None:
    """Write the card, and what was decided, as the version before did."""
    decided = pack({"1": {"decision": "accepted", "front": "Mine?", "card_id": card_id, "decided_at": 1}})
    review = {"pk": desk.head.user_id, "sk": f"R#{desk.head.generation_id}", "version": 1, "verdicts": decided}
    card = {
        "pk": desk.head.user_id,
        "sk": f"C#{card_id}",
        "generation_id": desk.head.generation_id,
        "number": 1,
        "front": "Mine?",
        "back": "Answer 1.",
        "created_at": desk.head.created_at,
        "session_id": "lesson-1",
    }
    for item in (review, card):
        dynamodb.put_item(TableName=SETTINGS.table_name, Item=marshal({**item, "schema_version": 2}))


def test_edits_that_are_more_than_an_item_holds_are_refused_and_nothing_is_decided(make: Callable[..., Desk]) -> None:
    chance = random.Random(7)
    desk = make("quiz", {"title": "Sums", "questions": QUESTIONS}, "questions")
    noise = ["".join(chance.choices(string.ascii_letters + string.digits, k=200_000)) for _ in range(3)]
    for number in (1, 2):
        desk.decide(number, "accepted", explanation=noise[number - 1])
    with pytest.raises(EditsTooLargeError):
        desk.decide(3, "accepted", explanation=noise[2])
    assert [card["number"] for card in desk.cards()] == [2, 1]
