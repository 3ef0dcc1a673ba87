"""The effects of a decision on a suggestion: pure, so every way of deciding is tested."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.review import Decision, Review, ReviewChange, Verdict, Wish, decide, merged, shown, suggestions_of
from tests.factories import START, FakeClock, a_generation

SUGGESTIONS = [{"front": f"Question {n}?", "back": f"Answer {n}."} for n in (1, 2, 3)]
TEXTS = st.sampled_from(["Question 1?", "Answer 1.", "Mine"])
FIELDS = st.none() | st.fixed_dictionaries({"front": TEXTS, "back": TEXTS})
WISHES = st.lists(
    st.builds(Wish, st.integers(1, 3), st.sampled_from(Decision), FIELDS),
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
        assert {"number": card.number, **card.fields, "state": "accepted", "card_id": card_id} == accepted[card_id]


def test_nothing_decided_shows_every_suggestion_as_proposed() -> None:
    assert shown(SUGGESTIONS, Review()) == [
        {"number": number, **suggestion, "state": "proposed"} for number, suggestion in enumerate(SUGGESTIONS, 1)
    ]


def test_what_a_kind_adds_to_a_suggestion_is_shown_with_it() -> None:
    suggestion = {"front": "F", "back": "B", "page": 7}
    review = Review(1, {1: Verdict(Decision.REJECTED, {"front": "Mine"}, decided_at=START)})
    assert shown([suggestion], review) == [{"number": 1, "front": "Mine", "back": "B", "page": 7, "state": "rejected"}]


def test_an_edit_that_is_the_models_own_text_is_no_edit() -> None:
    assert decided(Review(), Wish(1, Decision.PROPOSED, SUGGESTIONS[0])) is None


def test_an_edit_leaves_the_card_its_id_and_its_time() -> None:
    clock = FakeClock()
    first = decided(Review(), Wish(1, Decision.ACCEPTED), clock=clock)
    assert first is not None
    clock.pass_seconds(9)
    second = decided(first.review, Wish(1, Decision.ACCEPTED, {**SUGGESTIONS[0], "back": "Mine"}), clock=clock)
    assert second is not None
    fields, origin = {"front": "Question 1?", "back": "Mine"}, second.cards[0].generation_id
    assert second.cards == (replace(first.cards[0], generation_id=origin, fields=fields, version=2),)
    assert second.dropped == ()


@pytest.mark.parametrize("output", [{}, {"questions": {}}, {"questions": ["x"]}, {"text": "A story."}])
def test_an_output_without_the_list_that_its_kind_names_has_nothing_to_review(output: dict[str, Any]) -> None:
    assert suggestions_of(output, "questions") is None


def test_a_list_is_reviewed_by_what_its_kind_declares_and_never_by_its_name() -> None:
    output = {"suggestions": [{"front": "F", "back": "B"}], "questions": [{"question": "Why?"}]}
    assert suggestions_of(output, "questions") == [{"question": "Why?"}]
    assert suggestions_of(output, None) is None


def test_an_edit_of_a_part_of_an_object_leaves_the_rest_of_it() -> None:
    fields = {"answer": {"text": "No.", "source": {"page": 1, "line": 2}}, "tags": ["a", "b"]}
    edit = {"answer": {"source": {"page": 3}}, "tags": ["c"]}
    assert merged(fields, edit) == {"answer": {"text": "No.", "source": {"page": 3, "line": 2}}, "tags": ["c"]}
    assert fields["tags"] == ["a", "b"], "what is edited stays as it was"


def test_a_number_and_a_truth_that_python_takes_for_the_same_are_an_edit() -> None:
    change = decide(
        a_generation(FakeClock()), [{"right": 1}], Review(), [Wish(1, Decision.PROPOSED, {"right": True})],
        now=START, new_id=FakeClock().new_id,
    )  # fmt: skip
    assert change is not None
    assert change.review.verdicts[1].edits == {"right": True}
