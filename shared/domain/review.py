"""Decisions on the suggestions of a succeeded generation, and the cards that result from them. Pure.

A suggestion is an item of the list that its kind declares as reviewable, with the kind's own fields. Its number is its
1-based place in the list. An edit is stored beside the suggestion, never in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain.generation import Generation

Suggestion = Mapping[str, Any]

RESERVED = frozenset(
    {"number", "state", "decision", "card_id", "generation_id", "kind", "created_at", "session_id"}
)  # fmt: skip
"""Names of the service's own fields in a suggestion, a decision or a card. No kind's item may use them."""


class Decision(StrEnum):
    """The owner's decision on a suggestion. Any may follow any other. Every suggestion begins as proposed."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Wish:
    """The requested decision on one suggestion. `fields` are all of its fields after the edit; None leaves them
    unchanged."""

    number: int
    decision: Decision
    fields: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The stored decision on one suggestion. `edits` has only the fields that differ from the model's.

    `card_id` is set exactly while it is accepted. `decided_at` is when the decision last changed, not counting edits.
    """

    decision: Decision = Decision.PROPOSED
    edits: Suggestion = field(default_factory=dict)
    card_id: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """All verdicts of one generation by number. Version 0 means that no decision is stored yet."""

    version: int = 0
    verdicts: Mapping[int, Verdict] = field(default_factory=dict)

    def verdict(self, number: int) -> Verdict:
        return self.verdicts.get(number, Verdict())


@dataclass(frozen=True, slots=True)
class Card:
    """An accepted suggestion. It belongs to the owner and outlives its generation.

    `version` rises with each write. While the generation exists, it is the review's version.
    """

    card_id: str
    kind: str
    generation_id: str
    number: int
    fields: Suggestion
    created_at: datetime
    session_id: str | None
    version: int


@dataclass(frozen=True, slots=True)
class ReviewChange:
    """The new review, the cards to write with it, and the ids of cards to delete."""

    review: Review
    cards: tuple[Card, ...]
    dropped: tuple[str, ...]


def suggestions_of(output: Mapping[str, Any], reviews: str | None) -> Sequence[Suggestion] | None:
    """Return the reviewable list of an output: its field `reviews`, which its kind declares; None if there is none."""
    found = None if reviews is None else output.get(reviews)
    return found if isinstance(found, list) and all(isinstance(one, dict) for one in found) else None


def merged(fields: Suggestion, edit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with an edit applied. Objects are merged field by field; all other values are replaced."""
    found = dict(fields)
    for name, value in edit.items():
        old = found.get(name)
        found[name] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def decide(
    head: Generation,
    suggestions: Sequence[Suggestion],
    review: Review,
    wishes: Sequence[Wish],
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> ReviewChange | None:
    """Return the change that the wishes make, or None if nothing changes. Each number must exist, and appear once."""
    verdicts, cards, dropped = dict(review.verdicts), list[Card](), list[str]()
    version = review.version + 1
    for wish in wishes:
        suggestion, before = suggestions[wish.number - 1], review.verdict(wish.number)
        after = _after(before, suggestion, wish, now, new_id)
        if after == before:
            continue
        verdicts[wish.number] = after
        if after.card_id is not None:
            cards.append(_card(head, wish.number, suggestion, after, version))
        if before.card_id is not None and after.card_id is None:
            dropped.append(before.card_id)
    if verdicts == review.verdicts:
        return None
    return ReviewChange(Review(version, verdicts), tuple(cards), tuple(dropped))


def _after(before: Verdict, suggestion: Suggestion, wish: Wish, now: datetime, new_id: Callable[[], str]) -> Verdict:
    edits = before.edits if wish.fields is None else _differences(wish.fields, suggestion)
    card_id, decided_at = before.card_id, before.decided_at
    if wish.decision is not before.decision:
        card_id, decided_at = (new_id() if wish.decision is Decision.ACCEPTED else None), now
    return Verdict(wish.decision, edits, card_id, decided_at)


def _differences(fields: Suggestion, suggestion: Suggestion) -> Suggestion:
    return {
        name: value for name, value in fields.items() if name not in suggestion or not _same(value, suggestion[name])
    }


def _same(one: object, other: object) -> bool:
    """Whether two JSON values are the same: 1 and true are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _card(head: Generation, number: int, suggestion: Suggestion, verdict: Verdict, version: int) -> Card:
    if verdict.card_id is None or verdict.decided_at is None:
        raise ValueError("only an accepted suggestion is a card")
    return Card(
        card_id=verdict.card_id,
        kind=head.kind,
        generation_id=head.generation_id,
        number=number,
        fields={**suggestion, **verdict.edits},
        created_at=verdict.decided_at,
        session_id=head.session_id,
        version=version,
    )


def shown(suggestions: Sequence[Suggestion], review: Review) -> list[dict[str, Any]]:
    """Return the suggestions as their owner sees them: numbered, with edits applied and with their states."""
    return [show(number, suggestion, review.verdict(number)) for number, suggestion in enumerate(suggestions, 1)]


def show(number: int, suggestion: Suggestion, verdict: Verdict) -> dict[str, Any]:
    """Return one suggestion as its owner sees it."""
    card = {} if verdict.card_id is None else {"card_id": verdict.card_id}
    return {"number": number, **suggestion, **verdict.edits, "state": str(verdict.decision), **card}
