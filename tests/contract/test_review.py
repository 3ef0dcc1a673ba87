"""Deciding on suggestions, on real conditions: every accepted one is one card, whatever was lost or raced.

At the end of each test the cards are those of the decisions, no more and no fewer.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from shared.domain.errors import StoreUnavailableError, TransitionRefusedError
from shared.domain.generation import Called, Generation, GenerationKey, Totals, Usage
from shared.domain.review import Card, Decision
from shared.http.request import Request
from shared.http.response import Response
from shared.store.review import ReviewReader
from shared.store.whole import Store
from tests.contract.test_lost_answers import EVERY_TRY, answers_lost
from tests.factories import FakeClock, a_generation, a_step, an_acceptance, an_input
from tests.unit.services import review_service

SUGGESTIONS = [{"front": f"Question {n}?", "back": f"Response {n}."} for n in range(1, 7)]
# moto's transactions are not atomic between threads, and its client tries for half a minute.
ON_MINISTACK = pytest.mark.parametrize("dynamodb", ["ministack"], indirect=True)


@dataclass
class Desk:
    """One owner's succeeded generation with six suggestions."""

    store: Store
    clock: FakeClock
    head: Generation

    def request(self, body: Any, number: int | None = None) -> Request:
        path = {"generation_id": self.head.generation_id} | ({} if number is None else {"number": str(number)})
        claims = {"authorizer": {"jwt": {"claims": {"sub": self.head.user_id}}}, "requestId": "r-1"}
        return Request({"requestContext": claims, "pathParameters": path, "body": json.dumps(body)})

    def decide(self, number: int, decision: str, **texts: str) -> Response:
        body = {"decision": decision, **texts}
        return review_service(self.store, self.clock).decide(self.request(body, number))

    def decide_many(self, **decisions: str) -> Response:
        """Decide on `n1="accepted"` and so on."""
        body = [{"number": int(name[1:]), "decision": decision} for name, decision in decisions.items()]
        return review_service(self.store, self.clock).decide_many(self.request({"decisions": body}))

    def cards(self) -> dict[int, Card]:
        found = list(self.store.reviews.cards(self.head.user_id, None, 100))
        assert len({card.number for card in found}) == len(found), f"two cards of one suggestion: {found}"
        return {card.number: card for card in found}

    def version(self) -> int:
        head = self.store.reads.get(self.head.key)
        assert head is not None
        return head.version

    def assert_sound(self) -> None:
        verdicts = self.store.reviews.get_review(self.head.key).verdicts
        accepted = {n: each.card_id for n, each in verdicts.items() if each.decision is Decision.ACCEPTED}
        assert {number: card.card_id for number, card in self.cards().items()} == accepted


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Iterator[Desk]:
    head = store.admission.create(a_generation(clock, session_id="lesson-1"), an_input())
    head = store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))
    store.worker.store_step(head, a_step(clock, result={"suggestions": SUGGESTIONS}))
    store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    desk = Desk(store, clock, store.reads.get(head.key) or head)
    yield desk
    desk.assert_sound()


@contextmanager
def meanwhile(act: Callable[[], Any]) -> Iterator[None]:
    """Have another act between the next read of the decisions and the write that follows."""
    read, done = ReviewReader.get_review, threading.Event()

    def read_then_act(self: ReviewReader, key: GenerationKey) -> Any:
        found = read(self, key)
        if not done.is_set():
            done.set()
            act()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReviewReader, "get_review", read_then_act)
        yield
    assert done.is_set()


def body_of(answer: Response) -> dict[str, Any]:
    assert answer.status == 200
    assert isinstance(answer.body, dict)
    return answer.body


def test_accepting_makes_a_card_and_raises_the_version(desk: Desk) -> None:
    body = body_of(desk.decide(2, "accepted"))
    card = desk.cards()[2]
    assert body["version"] == desk.head.version + 1 == desk.version()
    assert body["suggestions"] == [{"number": 2, **SUGGESTIONS[1], "state": "accepted", "card_id": card.card_id}]
    assert (card.fields, card.kind, card.session_id) == (SUGGESTIONS[1], "flashcards", "lesson-1")
    assert (card.generation_id, card.created_at) == (desk.head.generation_id, desk.clock.now())


def test_a_repeated_decision_changes_nothing_and_is_answered_the_same(desk: Desk) -> None:
    first = desk.decide(1, "accepted", front="My own?")
    desk.clock.pass_seconds(60)
    assert desk.decide(1, "accepted", front="My own?") == first
    assert desk.version() == desk.head.version + 1


def test_accept_edit_reject_accept_again(desk: Desk) -> None:
    desk.decide(3, "accepted")
    first = desk.cards()[3]
    desk.clock.pass_seconds(1)
    desk.decide(3, "accepted", front="Mine?")
    assert (desk.cards()[3].card_id, desk.cards()[3].fields["front"]) == (first.card_id, "Mine?"), (
        "the same card, edited"
    )
    assert desk.cards()[3].created_at == first.created_at
    shown = body_of(desk.decide(3, "rejected"))["suggestions"]
    assert shown == [{"number": 3, "front": "Mine?", "back": "Response 3.", "state": "rejected"}]
    assert desk.cards() == {}
    desk.decide(3, "accepted")
    again = desk.cards()[3]
    assert (again.fields["front"], again.created_at) == ("Mine?", desk.clock.now()), (
        "the edit is kept, the card is a new one"
    )
    assert again.card_id != first.card_id


def test_an_edit_back_to_the_models_text_is_none(desk: Desk) -> None:
    desk.decide(1, "proposed", back="Mine.")
    shown = body_of(desk.decide(1, "proposed", back="Response 1."))["suggestions"]
    assert shown == [{"number": 1, **SUGGESTIONS[0], "state": "proposed"}]


def test_many_are_decided_in_one_write(desk: Desk) -> None:
    desk.decide(2, "accepted")
    body = body_of(desk.decide_many(n1="accepted", n2="rejected", n6="accepted"))
    assert [shown["state"] for shown in body["suggestions"]] == ["accepted", "rejected", "accepted"]
    assert set(desk.cards()) == {1, 6}
    assert body["version"] == desk.head.version + 2


@pytest.mark.parametrize("times", [1, 2])
def test_a_review_whose_answer_was_lost_makes_one_card(desk: Desk, dynamodb: Any, times: int) -> None:
    with answers_lost(dynamodb, times) as loss:
        body = body_of(desk.decide(4, "accepted"))
    assert loss.count == times
    assert body["suggestions"][0]["card_id"] == desk.cards()[4].card_id
    assert desk.version() == desk.head.version + 1


@ON_MINISTACK
def test_a_review_that_nobody_heard_of_is_not_done_twice_when_it_is_asked_for_again(desk: Desk, dynamodb: Any) -> None:
    with answers_lost(dynamodb, EVERY_TRY), pytest.raises(StoreUnavailableError):
        desk.decide(4, "accepted")
    desk.decide(4, "accepted")
    assert set(desk.cards()) == {4}


def test_of_two_tabs_that_decide_at_once_the_second_reads_again_and_both_hold(desk: Desk) -> None:
    with meanwhile(lambda: desk.decide(1, "accepted")):
        desk.decide_many(n2="accepted", n3="rejected")
    assert set(desk.cards()) == {1, 2}
    assert desk.version() == desk.head.version + 2


def test_two_tabs_that_accept_the_same_at_once_make_one_card(desk: Desk) -> None:
    with meanwhile(lambda: desk.decide(1, "accepted")):
        body = body_of(desk.decide(1, "accepted"))
    assert body["suggestions"][0]["card_id"] == desk.cards()[1].card_id


def test_a_tab_that_rejects_what_another_has_just_accepted_takes_its_card_away(desk: Desk) -> None:
    with meanwhile(lambda: desk.decide(1, "accepted")):
        desk.decide(1, "rejected")
    assert desk.cards() == {}


@ON_MINISTACK
def test_a_crowd_of_tabs_loses_no_card_and_doubles_none(desk: Desk) -> None:
    def tab(number: int) -> None:
        desk.decide(number, "accepted")
        desk.decide(number, "accepted", back=f"Mine {number}.")
        if number % 2:
            desk.decide(number, "rejected")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(tab, range(1, 7)))
    assert {number: card.fields["back"] for number, card in desk.cards().items()} == {
        n: f"Mine {n}." for n in (2, 4, 6)
    }


def test_decisions_on_an_old_reading_are_refused(desk: Desk) -> None:
    old = an_acceptance(desk.clock, desk.head)
    desk.decide(2, "accepted")
    with pytest.raises(TransitionRefusedError):
        desk.store.reviews.review(desk.head, old)


def test_a_dismissed_generation_can_be_reviewed(desk: Desk) -> None:
    desk.store.endings.dismiss(desk.head)
    desk.decide(1, "accepted")
    assert set(desk.cards()) == {1}
