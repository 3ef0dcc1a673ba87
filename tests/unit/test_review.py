"""What follows from a decision on a suggestion: pure, so every way of deciding is tried."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.review import Decision, Review, ReviewChange, Verdict, Wish, decide, shown, suggestions_of
from tests.factories import START, FakeClock, a_generation

SUGGESTIONS = [{"front": f"Question {n}?", "back": f"Answer {n}."} for n in (1, 2, 3)]
TEXTS = st.none() | st.sampled_from(["Question 1?", "Answer 1.", "Mine"])
WISHES = st.lists(
    st.builds(Wish, st.integers(1, 3), st.sampled_from(Decision), TEXTS, TEXTS),
    max_size=3,
    unique_by=lambda w: w.number,
)


def decided(review: Review, *wishes: Wish, clock: FakeClock | None = None) -> ReviewChange | None:
    clock = clock or FakeClock()
    head = a_generation(clock, session_id="lesson")
    return decide(head, SUGGESTIONS, review, wishes, now=clock.now(), new_id=clock.new_id)


@given(st.lists(WISHES, max_size=8))
def test_the_cards_are_those_of_what_is_accepted_whatever_was_decided_before(rounds: list[list[Wish]]) -> None:
    clock, review, cards = FakeClock(), Review(), dict[str, Any]()
    for wishes in rounds:
        clock.pass_seconds(1)
        change = decided(review, *wishes, clock=clock)
        if change is None:
            continue
        assert change.review.version == review.version + 1
        for card_id in change.dropped:
            del cards[card_id]
        cards |= {card.card_id: card for card in change.cards}
        review = change.review
        assert decided(review, *wishes, clock=clock) is None, "what is decided already changes nothing"
    accepted = {each["card_id"]: each for each in shown(SUGGESTIONS, review) if each["state"] == "accepted"}
    assert accepted.keys() == cards.keys()
    for card_id, card in cards.items():
        assert (card.number, card.front, card.back) == tuple(accepted[card_id][k] for k in ("number", "front", "back"))


def test_nothing_decided_shows_every_suggestion_as_proposed() -> None:
    assert shown(SUGGESTIONS, Review()) == [
        {"number": number, **suggestion, "state": "proposed"} for number, suggestion in enumerate(SUGGESTIONS, 1)
    ]


def test_what_a_kind_adds_to_a_suggestion_is_shown_with_it() -> None:
    suggestion = {"front": "F", "back": "B", "page": 7}
    review = Review(1, {1: Verdict(Decision.REJECTED, front="Mine", decided_at=START)})
    assert shown([suggestion], review) == [{"number": 1, "front": "Mine", "back": "B", "page": 7, "state": "rejected"}]


def test_an_edit_that_is_the_models_own_text_is_no_edit() -> None:
    assert decided(Review(), Wish(1, Decision.PROPOSED, "Question 1?", "Answer 1.")) is None


def test_an_edit_leaves_the_card_its_id_and_its_time() -> None:
    clock = FakeClock()
    first = decided(Review(), Wish(1, Decision.ACCEPTED), clock=clock)
    assert first is not None
    clock.pass_seconds(9)
    second = decided(first.review, Wish(1, Decision.ACCEPTED, back="Mine"), clock=clock)
    assert second is not None
    assert second.cards == (replace(first.cards[0], generation_id=second.cards[0].generation_id, back="Mine"),)
    assert second.dropped == ()


@pytest.mark.parametrize(
    "output", [{}, {"suggestions": {}}, {"suggestions": ["x"]}, {"suggestions": [{"front": "F"}]}, {"text": "A story."}]
)
def test_an_output_without_fronts_and_backs_has_nothing_to_review(output: dict[str, Any]) -> None:
    assert suggestions_of(output) is None
