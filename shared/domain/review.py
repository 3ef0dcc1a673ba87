"""Decisions on the suggestions of a succeeded generation, and the cards that follow from them. Pure.

A suggestion is known by its number, its 1-based place in the output; an edit is kept beside it, never in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain.generation import Generation

Suggestion = Mapping[str, Any]


class Decision(StrEnum):
    """What the owner thinks of a suggestion. Any may follow any other; every suggestion begins as proposed."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the owner asks for one suggestion; a text that is None stays as it is."""

    number: int
    decision: Decision
    front: str | None = None
    back: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds of one suggestion. `front` and `back` are there only where they differ from the model's.

    `card_id` is there exactly while it is accepted; `decided_at` is when the decision last changed, an edit aside.
    """

    decision: Decision = Decision.PROPOSED
    front: str | None = None
    back: str | None = None
    card_id: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """All verdicts of one generation by number. Version 0 is the review that nobody has begun."""

    version: int = 0
    verdicts: Mapping[int, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """An accepted suggestion: the owner's own, it outlives the generation that it came from."""

    card_id: str
    generation_id: str
    number: int
    front: str
    back: str
    created_at: datetime
    session_id: str | None


@dataclass(frozen=True, slots=True)
class ReviewChange:
    """A review as it shall be, the cards to write with it, and the ids of those to delete."""

    review: Review
    cards: tuple[Card, ...]
    dropped: tuple[str, ...]


def suggestions_of(output: Mapping[str, Any]) -> Sequence[Suggestion] | None:
    """Return what there is to review in a kind's output: its `suggestions`, each with a front and a back, or None."""
    found = output.get("suggestions")
    if not isinstance(found, list):
        return None
    return found if all(isinstance(one, dict) and {"front", "back"} <= one.keys() for one in found) else None


def decide(
    head: Generation,
    suggestions: Sequence[Suggestion],
    review: Review,
    wishes: Sequence[Wish],
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> ReviewChange | None:
    """Return what the wishes change, or None when all of it is decided already. Each number must be there, once."""
    verdicts, cards, dropped = dict(review.verdicts), list[Card](), list[str]()
    for wish in wishes:
        suggestion, before = suggestions[wish.number - 1], verdicts.get(wish.number, Verdict())
        after = _after(before, suggestion, wish, now, new_id)
        if after == before:
            continue
        verdicts[wish.number] = after
        if after.card_id is not None:
            cards.append(_card(head, wish.number, suggestion, after))
        if before.card_id is not None and after.card_id is None:
            dropped.append(before.card_id)
    if verdicts == review.verdicts:
        return None
    return ReviewChange(Review(review.version + 1, verdicts), tuple(cards), tuple(dropped))


def _after(before: Verdict, suggestion: Suggestion, wish: Wish, now: datetime, new_id: Callable[[], str]) -> Verdict:
    front = before.front if wish.front is None else wish.front
    back = before.back if wish.back is None else wish.back
    card_id, decided_at = before.card_id, before.decided_at
    if wish.decision is not before.decision:
        card_id, decided_at = (new_id() if wish.decision is Decision.ACCEPTED else None), now
    return Verdict(
        wish.decision,
        None if front == suggestion["front"] else front,
        None if back == suggestion["back"] else back,
        card_id,
        decided_at,
    )


def _card(head: Generation, number: int, suggestion: Suggestion, verdict: Verdict) -> Card:
    if verdict.card_id is None or verdict.decided_at is None:
        raise ValueError("only an accepted suggestion is a card")
    return Card(
        card_id=verdict.card_id,
        generation_id=head.generation_id,
        number=number,
        front=verdict.front or suggestion["front"],
        back=verdict.back or suggestion["back"],
        created_at=verdict.decided_at,
        session_id=head.session_id,
    )


def shown(suggestions: Sequence[Suggestion], review: Review) -> list[dict[str, Any]]:
    """Return the suggestions as their owner sees them: numbered, edits applied, each with its state."""
    return [
        show(number, suggestion, review.verdicts.get(number, Verdict()))
        for number, suggestion in enumerate(suggestions, 1)
    ]


def show(number: int, suggestion: Suggestion, verdict: Verdict) -> dict[str, Any]:
    """Return one suggestion as its owner sees it."""
    edited = {name: text for name, text in (("front", verdict.front), ("back", verdict.back)) if text is not None}
    card = {} if verdict.card_id is None else {"card_id": verdict.card_id}
    return {"number": number, **suggestion, **edited, "state": str(verdict.decision), **card}
