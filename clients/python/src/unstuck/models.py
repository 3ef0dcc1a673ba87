"""What the API answers, as models. tests/test_agreement.py holds them against the service's OpenAPI document.

Names of a newer service are kept and not refused: what may grow (codes, names of events, kinds) is a plain string.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from unstuck.outputs import Answered, MadeByKind, ReviewedSuggestion, reviewable
from unstuck.statuses import STATUSES, Status, is_known

type Shown = Status | Annotated[str, Field(pattern="^[a-z][a-z_]*$")]
"""A status as the service says it, which may be newer than this client."""


class Urls(Answered):
    """Where to go on, relative to the API's address."""

    self: str


class Accepted(Answered):
    """A generation that was let in; its work begins at once."""

    generation_id: Annotated[str, Field(min_length=1)]
    status: Shown
    version: int
    urls: Urls
    replayed: Annotated[bool, Field(json_schema_extra={"header": "Idempotency-Replayed"})] = False
    """The same request had been accepted before, under the same Idempotency-Key."""
    retry_after_seconds: Annotated[float | None, Field(json_schema_extra={"header": "Retry-After"})] = None
    """When to look first."""


class Usage(Answered):
    """What paid calls of a model have cost; `wasted_cost_usd` is the part of it that bought nothing which is kept."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    wasted_cost_usd: float


class CallFacts(Answered):
    """What is known of a call of a model; what is not known is None."""

    model: str | None = None
    """The model that was asked."""
    answered_by: str | None = None
    """The model that the provider names in its answer."""
    provider_status: int | None = None
    provider_code: str | None = None
    """The provider's own word for its error."""
    provider_call_id: str | None = None
    finish: str | None = None
    """The provider's word for why the model stopped."""
    seconds: float | None = None


class Failure(CallFacts):
    """Why a generation failed; the codes are those of docs/errors.md, below Failures."""

    code: str
    message: str


class Generation(Answered):
    """A generation as it stands. What is not yet, or does not apply, is None."""

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
    """Once a worker has ended it: the model that was asked."""
    answered_by: str | None = None
    """The model that the provider named in its answer."""
    error: Failure | None = None
    state: str | None = None
    """While it is open: what it does, as `queued` or `working`."""
    because: str | None = None
    """Why it is not moving: the code of its last attempt."""
    next_at: AwareDatetime | None = None
    """When it moves, or somebody looks at it, at the latest."""
    stuck: bool | None = None
    """Whether a heartbeat or a start is late."""

    @property
    def ended(self) -> bool:
        """Whether it is succeeded, failed or canceled: it does not change any more, but for its review.

        One in a status that this client does not know is open until its `finished_at` proves that it has ended.
        """
        return not STATUSES[self.status].is_open if is_known(self.status) else self.finished_at is not None

    def heartbeat_age_seconds(self, now: datetime) -> float | None:
        """How long ago its worker was last heard of; None unless it is running."""
        if self.heartbeat_at is None or self.status != "running":
            return None
        return max(0.0, (now - self.heartbeat_at).total_seconds())


class GenerationDetail(Generation):
    """One generation, with its output once it has succeeded.

    While it is open, `poll_after_seconds` says when to look again. `stale`: what the caller expects is not stored yet.
    `reviews` names the list of the output that can be reviewed, which is `suggestions`, whatever its name there.
    """

    poll_after_seconds: float | None = None
    stale: bool | None = None
    output: MadeByKind = None
    reviews: str | None = None

    @property
    def suggestions(self) -> list[ReviewedSuggestion]:
        """What of the output can be reviewed; empty where nothing can."""
        return reviewable(self.output, self.reviews)


class ListedGeneration(Generation):
    """A generation of the feed. With `fields="output"` one that succeeded has its output.

    An output that is too large for a list is left out: then `output_omitted` is True, and `get` has it.
    """

    output: MadeByKind = None
    reviews: str | None = None
    output_omitted: bool | None = None


class Feed(Answered):
    """One page of generations, newest first. It may be short, or empty, and go on: only a None cursor is the end."""

    generations: list[ListedGeneration]
    next_cursor: str | None


class Card(Answered):
    """An accepted suggestion. It stays when its generation has expired.

    Its other attributes are the fields that its kind has; `fields` are all of them.
    """

    card_id: str
    kind: str
    generation_id: str
    number: int
    created_at: AwareDatetime
    session_id: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The card's own fields, which are its kind's."""
        return {name: value for name, value in self.model_dump(mode="json").items() if name not in _OF_CARDS}


_OF_CARDS = frozenset(Card.model_fields)


class FlashcardsCard(Card):
    """A card of flashcards."""

    kind: Literal["flashcards"]
    front: str
    back: str


type AnyCard = Annotated[FlashcardsCard | Card, Field(union_mode="left_to_right")]
"""A card of a kind that this client knows, or of any other."""


class Cards(Answered):
    """One page of cards, newest first. It may be short, or empty, and go on: only a None cursor is the end."""

    cards: list[AnyCard]
    next_cursor: str | None


class Attempt(Answered):
    """What is known of one attempt."""

    attempt: int
    started_at: AwareDatetime | None = None
    heartbeat_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    ended: str | None = None
    code: str | None = None


class Line(CallFacts):
    """One line of the timeline; a `step_stored` has the step's own figures, and its result where it was asked for."""

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
    """What happened to a generation, the oldest line first."""

    generation_id: str
    version: int
    attempts: list[Attempt]
    events: list[Line]


class Input(Answered):
    """What was sent in, and how it is made."""

    generation_id: str
    kind: str
    model: str
    prompt_version: str
    input: dict[str, Any]
    request_id: str | None = None
    """Of the request that created it: name it when you report a problem."""


class Reviewed(Answered):
    """The suggestions that were decided on, as they now are."""

    generation_id: str
    version: int
    suggestions: list[ReviewedSuggestion]


class FieldError(Answered):
    """What is wrong with one field; never what was sent."""

    field: str
    code: str
    message: str


class Problem(Answered):
    """A refusal in the form of RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str | None = None
    errors: list[FieldError] | None = None
