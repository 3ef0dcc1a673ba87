"""The owner decides on suggestions: accepts, edits, rejects. What follows is in `shared.domain.review`."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.actions.bodies import Decide, DecideMany
from shared.domain import review
from shared.domain.clock import Clock
from shared.domain.errors import StoreUnavailableError, TransitionRefusedError
from shared.domain.generation import Generation, GenerationKey
from shared.domain.review import Decision, Review, Suggestion, Verdict, Wish
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.request import Request, whole_number
from shared.http.response import Response
from shared.http.validation import read
from shared.store.reads import Reader
from shared.store.review import ReviewStore
from shared.view.view import etag

_TRIES = 20


@dataclass(frozen=True, slots=True)
class ReviewService:
    """Deciding what is decided already changes nothing and is answered the same."""

    reads: Reader
    store: ReviewStore
    clock: Clock

    def decide(self, request: Request) -> Response:
        """Decide on the suggestion that the path names."""
        key, number = request.key, _number(request)
        body = read(Decide, request.json())
        return self._apply(key, [_wish(number, body)])

    def decide_many(self, request: Request) -> Response:
        """Decide on several suggestions, on all of them or, where one is refused, on none."""
        key = request.key
        body = read(DecideMany, request.json())
        return self._apply(key, [_wish(one.number, one) for one in body.decisions])

    def _apply(self, key: GenerationKey, wishes: Sequence[Wish]) -> Response:
        for _ in range(_TRIES):
            head = self._succeeded(key)
            suggestions = self._suggestions(head, wishes)
            before = self.store.get_review(key)
            change = review.decide(head, suggestions, before, wishes, now=self.clock.now(), new_id=self.clock.new_id)
            if change is None:
                return _decided(head, suggestions, before, wishes)
            try:
                self.store.review(head, change)
            except TransitionRefusedError:
                continue  # another tab decided between the read and the write: read again
            return _decided(self._succeeded(key), suggestions, change.review, wishes)
        raise StoreUnavailableError("review lost every race")

    def _succeeded(self, key: GenerationKey) -> Generation:
        head = self.reads.get(key)
        if head is None:
            raise ProblemError("not_found")
        if head.status is not Status.SUCCEEDED:
            raise ProblemError("not_succeeded")
        return head

    def _suggestions(self, head: Generation, wishes: Sequence[Wish]) -> Sequence[Suggestion]:
        step = self.reads.get_step(head.key, head.output_step or "")
        suggestions = None if step is None else review.suggestions_of(step.result)
        if suggestions is None:
            raise ProblemError("no_suggestions")
        if any(not 1 <= wish.number <= len(suggestions) for wish in wishes):
            raise ProblemError("suggestion_not_found")
        return suggestions


def _number(request: Request) -> int:
    """Return the number in the path, 0 for what is none: no suggestion has it."""
    return whole_number(str(request.event["pathParameters"].get("number", ""))) or 0


def _wish(number: int, body: Decide) -> Wish:
    return Wish(number, Decision(body.decision), body.front, body.back)


def _decided(head: Generation, suggestions: Sequence[Suggestion], held: Review, wishes: Sequence[Wish]) -> Response:
    numbers = [wish.number for wish in wishes]
    found = [review.show(n, suggestions[n - 1], held.verdicts.get(n, Verdict())) for n in numbers]
    body = {"generation_id": head.generation_id, "version": head.version, "suggestions": found}
    return Response(200, body, {"etag": etag(head)})
