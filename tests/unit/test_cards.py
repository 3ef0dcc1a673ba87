"""An owner's cards: the newest first, in pages that lose none and repeat none, and nobody else's."""

from typing import Any

import pytest

from functions.status.cards import CardsService
from shared.domain.generation import Called, Generation, Totals, Usage
from shared.domain.review import Decision, Review, Wish, decide
from shared.http.problems import ProblemError
from shared.rescue import Rescuer
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input
from tests.unit.requests import a_request
from tests.unit.services import generation_service

pytestmark = pytest.mark.any_kinds

SUGGESTIONS = [{"front": f"Question {n}?", "back": f"Answer {n}."} for n in range(1, 26)]


def reviewable(store: Store, clock: FakeClock, **changes: Any) -> Generation:
    head = store.admission.create(a_generation(clock, **changes), an_input())
    head = store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))
    store.worker.store_step(head, a_step(clock, result={"suggestions": SUGGESTIONS}))
    store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    return store.reads.get(head.key) or head


def accept(store: Store, clock: FakeClock, head: Generation, *numbers: int) -> None:
    """Accept one after the other, a second apart."""
    for number in numbers:
        clock.pass_seconds(1)
        before = store.reviews.get_review(head.key)
        wish = Wish(number, Decision.ACCEPTED)
        change = decide(head, SUGGESTIONS, before, [wish], now=clock.now(), new_id=clock.new_id)
        assert change is not None
        store.reviews.review(head, change)


def page(store: Store, owner: str, **query: str) -> dict[str, Any]:
    answer = CardsService(store.reviews).page(a_request(owner, query=query))
    assert answer.status == 200
    assert isinstance(answer.body, dict)
    return answer.body


def pages(store: Store, owner: str, **query: str) -> list[list[int]]:
    """Follow the cursors to the end; return the numbers on each page."""
    found, cursor = list[list[int]](), dict[str, str]()
    while True:
        answer = page(store, owner, **query, **cursor)
        found.append([card["number"] for card in answer["cards"]])
        if answer["next_cursor"] is None:
            return found
        cursor = {"cursor": answer["next_cursor"]}


def test_cards_come_newest_first_page_by_page(store: Store, clock: FakeClock) -> None:
    head = reviewable(store, clock)
    accept(store, clock, head, *range(1, 6))
    assert pages(store, head.user_id, limit="2") == [[5, 4], [3, 2], [1]]
    assert pages(store, head.user_id, limit="5") == [[5, 4, 3, 2, 1]]
    assert pages(store, head.user_id) == [[5, 4, 3, 2, 1]]


def test_a_page_holds_twenty_unless_asked_for_another_number(store: Store, clock: FakeClock) -> None:
    head = reviewable(store, clock)
    accept(store, clock, head, *range(1, 26))
    assert [len(numbers) for numbers in pages(store, head.user_id)] == [20, 5]


def test_a_card_that_comes_between_two_pages_moves_nothing(store: Store, clock: FakeClock) -> None:
    head = reviewable(store, clock)
    accept(store, clock, head, 1, 2, 3, 4)
    first = page(store, head.user_id, limit="2")
    accept(store, clock, head, 5)
    second = page(store, head.user_id, limit="2", cursor=first["next_cursor"])
    assert [card["number"] for card in (*first["cards"], *second["cards"])] == [4, 3, 2, 1]
    assert second["next_cursor"] is None


def test_a_card_says_where_it_came_from(store: Store, clock: FakeClock) -> None:
    head = reviewable(store, clock, session_id="lesson-1")
    accept(store, clock, head, 3)
    [card] = page(store, head.user_id)["cards"]
    assert card.pop("card_id")
    assert card == {
        "kind": "flashcards",
        "generation_id": head.generation_id,
        "number": 3,
        "front": "Question 3?",
        "back": "Answer 3.",
        "created_at": "2026-01-01T00:00:01.000Z",
        "session_id": "lesson-1",
    }


def test_a_session_has_its_own_cards(store: Store, clock: FakeClock) -> None:
    first = reviewable(store, clock, session_id="lesson-1")
    other = reviewable(store, clock, user_id=first.user_id, session_id="lesson-2")
    accept(store, clock, first, 1, 2, 3)
    accept(store, clock, other, 4)
    accept(store, clock, first, 5)
    assert pages(store, first.user_id, session_id="lesson-1", limit="2") == [[5, 3], [2, 1]]
    assert pages(store, first.user_id, session_id="lesson-2") == [[4]]
    assert pages(store, first.user_id, session_id="lesson-3") == [[]]


def test_the_work_of_a_page_is_bounded_and_the_next_one_goes_on(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.status.cards._READ_AT_MOST", 3)
    first = reviewable(store, clock, session_id="lesson-1")
    other = reviewable(store, clock, user_id=first.user_id, session_id="lesson-2")
    accept(store, clock, first, 1)
    accept(store, clock, other, *range(2, 9))
    assert pages(store, first.user_id, session_id="lesson-1") == [[], [], [1]]


def test_nobody_sees_anothers_cards(store: Store, clock: FakeClock) -> None:
    head = reviewable(store, clock)
    accept(store, clock, head, 1, 2)
    cursor = page(store, head.user_id, limit="1")["next_cursor"]
    assert page(store, "mallory")["cards"] == []
    assert page(store, "mallory", cursor=cursor)["cards"] == [], "a cursor leads nowhere else"


def test_cards_outlive_their_generation(store: Store, clock: FakeClock) -> None:
    head = reviewable(store, clock)
    accept(store, clock, head, 1)
    clock.pass_seconds(40 * 86_400)
    assert store.reads.get(head.key) is None
    assert pages(store, head.user_id) == [[1]]


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "x"}, {"session_id": "a,b"}, {"q": "x"}],
)
def test_a_query_of_another_form_is_refused(store: Store, query: dict[str, str]) -> None:
    with pytest.raises(ProblemError, match="invalid_query"):
        page(store, "owner", **query)


def test_a_generation_shows_its_suggestions_as_they_were_decided(store: Store, clock: FakeClock) -> None:
    head = reviewable(store, clock)
    service = generation_service(store, Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, ("flashcards",)))

    def look(tag: str = "") -> Any:
        return service.get(a_request(head.user_id, generation_id=head.generation_id, if_none_match=tag))

    before = look()
    assert [each["state"] for each in before.body["output"]["suggestions"]] == ["proposed"] * 25
    change = decide(
        head,
        SUGGESTIONS,
        Review(),
        [Wish(2, Decision.ACCEPTED, {**SUGGESTIONS[1], "front": "Mine?"}), Wish(3, Decision.REJECTED)],
        now=clock.now(),
        new_id=clock.new_id,
    )
    assert change is not None
    store.reviews.review(head, change)
    after = look(before.headers["etag"])
    assert after.status == 200, "a decision is news"
    one, two, three, *_ = after.body["output"]["suggestions"]
    assert one == {"number": 1, **SUGGESTIONS[0], "state": "proposed"}
    assert two == {
        "number": 2, "front": "Mine?", "back": "Answer 2.", "state": "accepted", "card_id": change.cards[0].card_id
    }  # fmt: skip
    assert three == {"number": 3, **SUGGESTIONS[2], "state": "rejected"}
