"""Models of the API's responses. tests/test_agreement.py compares them with the service's OpenAPI document.

A newer service's names are accepted: values that may grow (codes, events, kinds) are plain strings.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from unstuck.outputs import Answered, MadeByKind, ReviewedSuggestion, reviewable
from unstuck.statuses import STATUSES, Status, is_known

type Shown = Status | Annotated[str, Field(pattern="^[a-z][a-z_]*$")]
"""The service's status, which this client may not know yet."""


class Urls(Answered):
    """Links, relative to the API's address."""

    self: str


class Accepted(Answered):
    """An accepted generation. Its work begins at once."""

    generation_id: Annotated[str, Field(min_length=1)]
    status: Shown
    version: int
    urls: Urls
    replayed: Annotated[bool, Field(json_schema_extra={"header": "Idempotency-Replayed"})] = False
    """The same request was already accepted, with the same Idempotency-Key."""
    retry_after_seconds: Annotated[float | None, Field(json_schema_extra={"header": "Retry-After"})] = None
    """When to poll first."""


class Usage(Answered):
    """The cost of paid model calls. `wasted_cost_usd` is the part that went into no stored step."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    wasted_cost_usd: float


class CallFacts(Answered):
    """The known facts of one model call. Unknown fields are None."""

    model: str | None = None
    """The requested model."""
    answered_by: str | None = None
    """The model that the provider names in its answer."""
    provider_status: int | None = None
    provider_code: str | None = None
    """The provider's own error code."""
    provider_call_id: str | None = None
    finish: str | None = None
    """The provider's reason why the model stopped."""
    seconds: float | None = None


class Failure(CallFacts):
    """Why a generation failed. The codes are those of docs/errors.md, under Failures."""

    code: str
    message: str


class Generation(Answered):
    """The current state of a generation. Fields that do not apply yet are None."""

    generation_id: str
    kind: str
    status: Shown
    version: int
    progress: int
    steps_done: int
    attempt: int
    created_at: AwareDatetime
    deadline_at: AwareDatetime
    usage: Usage
    stage: str | None = None
    started_at: AwareDatetime | None = None
    heartbeat_at: AwareDatetime | None = None
    not_before: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    dismissed_at: AwareDatetime | None = None
    client_id: str | None = None
    session_id: str | None = None
    retry_of: str | None = None
    retried_as: str | None = None
    own_key: bool | None = None
    model: str | None = None
    """Once a worker has ended it: the requested model."""
    answered_by: str | None = None
    """The model that the provider named in its answer."""
    error: Failure | None = None
    state: str | None = None
    """While it is open: what it does, such as `queued` or `working`."""
    because: str | None = None
    """Why it waits: the code that ended its last attempt."""
    next_at: AwareDatetime | None = None
    """When it moves, or is rescued, at the latest."""
    stuck: bool | None = None
    """Whether a heartbeat or a start is late."""

    @property
    def ended(self) -> bool:
        """Whether it has succeeded, failed or was canceled. Then only its review can change.

        An unknown status counts as open, unless `finished_at` shows that it has ended.
        """
        return not STATUSES[self.status].is_open if is_known(self.status) else self.finished_at is not None

    def heartbeat_age_seconds(self, now: datetime) -> float | None:
        """How long ago its worker sent a heartbeat; None unless it is running."""
        if self.heartbeat_at is None or self.status != "running":
            return None
        return max(0.0, (now - self.heartbeat_at).total_seconds())


class GenerationDetail(Generation):
    """One generation, with its output once it has succeeded.

    While it is open, `poll_after_seconds` says when to poll again. `stale` means that the state which the caller
    expects is not stored yet. `reviews` names the reviewable list of the output; `suggestions` returns that list.
    """

    poll_after_seconds: float | None = None
    stale: bool | None = None
    output: MadeByKind = None
    reviews: str | None = None

    @property
    def suggestions(self) -> list[ReviewedSuggestion]:
        """The reviewable items of the output; empty if there are none."""
        return reviewable(self.output, self.reviews)


class ListedGeneration(Generation):
    """A generation of the feed. With `fields="output"`, a succeeded one includes its output.

    An output that is too large for a list is omitted. Then `output_omitted` is True; use `get`.
    """

    output: MadeByKind = None
    reviews: str | None = None
    output_omitted: bool | None = None


class Feed(Answered):
    """One page of generations, newest first. A page may be short or empty and not be the last: only a None cursor is
    the end."""

    generations: list[ListedGeneration]
    next_cursor: str | None


class Card(Answered):
    """An accepted suggestion. A card outlives its generation.

    Its other attributes are its kind's fields; `fields` has all of them.
    """

    card_id: str
    kind: str
    generation_id: str
    number: int
    created_at: AwareDatetime
    session_id: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the card's kind."""
        return {name: value for name, value in self.model_dump(mode="json").items() if name not in _OF_CARDS}


_OF_CARDS = frozenset(Card.model_fields)


class FlashcardsCard(Card):
    """A card of flashcards."""

    kind: Literal["flashcards"]
    front: str
    back: str


type AnyCard = Annotated[FlashcardsCard | Card, Field(union_mode="left_to_right")]
"""A card of any kind, known to this client or not."""


class Cards(Answered):
    """One page of cards, newest first. A page may be short or empty and not be the last: only a None cursor is the
    end."""

    cards: list[AnyCard]
    next_cursor: str | None


class Attempt(Answered):
    """The known facts of one attempt."""

    attempt: int
    started_at: AwareDatetime | None = None
    heartbeat_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    ended: str | None = None
    code: str | None = None


class Line(CallFacts):
    """One event of the timeline. A `step_stored` has the step's figures, and its result if requested."""

    name: str
    at: AwareDatetime
    attempt: int | None = None
    code: str | None = None
    delay_seconds: float | None = None
    step: str | None = None
    position: int | None = None
    duration_seconds: float | None = None
    usage: Usage | None = None
    call_id: str | None = None
    result: dict[str, Any] | None = None


class Timeline(Answered):
    """The timeline of a generation, oldest event first. Best effort: an event may be missing, but none is wrong."""

    generation_id: str
    version: int
    attempts: list[Attempt]
    events: list[Line]


class Input(Answered):
    """The input and the options of a generation."""

    generation_id: str
    kind: str
    model: str
    prompt_version: str
    input: dict[str, Any]
    request_id: str | None = None
    """The id of the create. Include it when you report a problem."""


class Reviewed(Answered):
    """The suggestions of the decision, in their new state."""

    generation_id: str
    version: int
    suggestions: list[ReviewedSuggestion]


class FieldError(Answered):
    """The fault of one field, never its value."""

    field: str
    code: str
    message: str


class Problem(Answered):
    """A problem in the form of RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str | None = None
    errors: list[FieldError] | None = None
