"""The owner accepts, edits and rejects suggestions. `shared.domain.review` computes the results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.actions.bodies import Decide, DecideMany
from functions.actions.edits import edited, reviewed_of
from shared.domain import review
from shared.domain.clock import Clock
from shared.domain.errors import StoreUnavailableError, TransitionRefusedError
from shared.domain.generation import Generation, GenerationKey
from shared.domain.review import Card, Decision, Review, Suggestion, Wish
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.request import Request, whole_number
from shared.http.response import Response
from shared.http.validation import read
from shared.kinds.contract import Catalog, Reviewed
from shared.store.reads import Reader
from shared.store.review import ReviewStore
from shared.view.view import etag

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """The requested decision on one suggestion, and the place of its fields in the body."""

    number: int
    decision: Decision
    edit: dict[str, Any]
    place: tuple[str | int, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class ReviewService:
    """A decision that changes nothing gets the same response."""

    reads: Reader
    store: ReviewStore
    clock: Clock
    kinds: Catalog

    def decide(self, request: Request) -> Response:
        """Decide on the suggestion in the path."""
        key, number = request.key, _number(request)
        body = read(Decide, request.json())
        return self._apply(key, [Asked(number, Decision(body.decision), body.edit)])

    def decide_many(self, request: Request) -> Response:
        """Decide on several suggestions: on all, or on none if one is refused."""
        key = request.key
        body = read(DecideMany, request.json())
        asked = [
            Asked(one.number, Decision(one.decision), one.edit, ("decisions", place))
            for place, one in enumerate(body.decisions)
        ]
        return self._apply(key, asked)

    def decide_card(self, owner: str, card: Card, decision: Decision, edit: dict[str, Any]) -> bool:
        """Decide on a card's suggestion. Returns False and does nothing if no suggestion has that card."""
        key = GenerationKey(owner, card.generation_id)
        asked = [Asked(card.number, decision, edit)]
        for _ in range(_TRIES):
            head, before = self.reads.get(key), self.store.get_review(key)
            if head is None or before.verdict(card.number).card_id != card.card_id:
                return False
            # Deleting a card needs no knowledge of its kind, which may no longer exist.
            suggestions = self._suggestions(head, asked) if edit else [{}] * card.number
            if self._write(head, suggestions, before, asked) is not None:
                return True
        raise StoreUnavailableError("review lost every race")

    def _apply(self, key: GenerationKey, asked: Sequence[Asked]) -> Response:
        for _ in range(_TRIES):
            head = self._succeeded(key)
            suggestions = self._suggestions(head, asked)
            before = self.store.get_review(key)
            after = self._write(head, suggestions, before, asked)
            if after is before:
                return _decided(head, suggestions, before, asked)
            if after is not None:
                return _decided(self._succeeded(key), suggestions, after, asked)
        raise StoreUnavailableError("review lost every race")

    def _write(
        self, head: Generation, suggestions: Sequence[Suggestion], before: Review, asked: Sequence[Asked]
    ) -> Review | None:
        """Return the new review; None if another tab decided between the read and the write."""
        what = reviewed_of(self.kinds, head.kind)
        wishes = [_wish(what, one, suggestions[one.number - 1], before) for one in asked]
        change = review.decide(head, suggestions, before, wishes, now=self.clock.now(), new_id=self.clock.new_id)
        if change is None:
            return before
        try:
            self.store.review(head, change)
        except TransitionRefusedError:
            return None
        return change.review

    def _succeeded(self, key: GenerationKey) -> Generation:
        head = self.reads.get(key)
        if head is None:
            raise ProblemError("not_found")
        if head.status is not Status.SUCCEEDED:
            raise ProblemError("not_succeeded")
        return head

    def _suggestions(self, head: Generation, asked: Sequence[Asked]) -> Sequence[Suggestion]:
        what = reviewed_of(self.kinds, head.kind)
        step = self.reads.get_step(head.key, head.output_step or "") if what else None
        suggestions = review.suggestions_of(step.result, what.name) if step and what else None
        if suggestions is None:
            raise ProblemError("no_suggestions")
        if any(not 1 <= one.number <= len(suggestions) for one in asked):
            raise ProblemError("suggestion_not_found")
        return suggestions


def _number(request: Request) -> int:
    """Return the number in the path; 0, which no suggestion has, if it is not a number."""
    return whole_number(str(request.event["pathParameters"].get("number", ""))) or 0


def _wish(what: Reviewed | None, asked: Asked, suggestion: Suggestion, before: Review) -> Wish:
    if not asked.edit:
        return Wish(asked.number, asked.decision)
    fields = {**suggestion, **before.verdict(asked.number).edits}
    return Wish(asked.number, asked.decision, edited(what, fields, asked.edit, asked.place))


def _decided(head: Generation, suggestions: Sequence[Suggestion], held: Review, asked: Sequence[Asked]) -> Response:
    found = [review.show(one.number, suggestions[one.number - 1], held.verdict(one.number)) for one in asked]
    body = {"generation_id": head.generation_id, "version": head.version, "suggestions": found}
    return Response(200, body, {"etag": etag(head)})
