"""What the HTTP functions answer, as types: `docs/render_openapi.py` makes the OpenAPI document's schemas of them.

Types alone: nothing is checked at run time, and nothing but the standard library is imported. The end-to-end tests hold
every answer of theirs against the document.
"""

from typing import Any, Literal, NotRequired, TypedDict

type GenerationId = str
type CardId = str
type Moment = str
type Label = str
type Cursor = str

StatusName = Literal["pending", "running", "succeeded", "failed", "canceled"]
DecisionName = Literal["proposed", "accepted", "rejected"]
EndName = Literal["succeeded", "failed", "canceled"]
StateName = Literal["queued", "working", "waiting_to_retry", "waiting_for_provider", "lost"]
LineName = Literal[
    "created",
    "started",
    "asked_again",
    "interrupted",
    "step_stored",
    "released",
    "given_back",
    "sent_again",
    "dismissed",
    EndName,
]


class Usage(TypedDict):
    """What paid calls of a model have cost; `wasted_cost_usd` is the part of it that bought nothing which is kept."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    wasted_cost_usd: float


class CallFacts(TypedDict):
    """What is known of a call of a model; what is not known is absent.

    `model` was asked, `answered_by` is the model that the provider names in its answer. `provider_status` is its HTTP
    status, `provider_code` its own word for its error, `finish` its word for why the model stopped. `seconds` is how
    long the call took.
    """

    model: NotRequired[str]
    answered_by: NotRequired[str]
    provider_status: NotRequired[int]
    provider_code: NotRequired[str]
    provider_call_id: NotRequired[str]
    finish: NotRequired[str]
    seconds: NotRequired[float]


class Failure(CallFacts):
    """Why a generation failed; the codes are those of docs/errors.md, below Failures. With it comes what is known of
    the call that ended so."""

    code: str
    message: str


class Generation(TypedDict):
    """A generation as it stands. Fields that do not apply yet are absent.

    Once a worker has ended it, `model` says which model was asked, and `answered_by` which one the provider names.

    While it is open, `state` says what it does, `because` the code that ended the last attempt, `next_at` when it moves
    or somebody looks at it at the latest, and `stuck` whether a heartbeat or a start is late.
    """

    generation_id: GenerationId
    kind: str
    status: StatusName
    version: int
    progress: int
    steps_done: int
    attempt: int
    created_at: Moment
    deadline_at: Moment
    usage: Usage
    stage: NotRequired[str]
    started_at: NotRequired[Moment]
    heartbeat_at: NotRequired[Moment]
    not_before: NotRequired[Moment]
    finished_at: NotRequired[Moment]
    dismissed_at: NotRequired[Moment]
    client_id: NotRequired[Label]
    session_id: NotRequired[Label]
    retry_of: NotRequired[GenerationId]
    retried_as: NotRequired[GenerationId]
    own_key: NotRequired[Literal[True]]
    state: NotRequired[StateName]
    because: NotRequired[str]
    next_at: NotRequired[Moment]
    stuck: NotRequired[bool]
    model: NotRequired[str]
    answered_by: NotRequired[str]
    error: NotRequired[Failure]


class ReviewedSuggestion(TypedDict):
    """One suggestion with what its owner made of it, beside its own fields, which are its kind's.

    `number` is its 1-based place in the list that is reviewed.
    """

    number: int
    state: DecisionName
    card_id: NotRequired[CardId]


class Image(TypedDict):
    """A picture. Whoever holds its URL may read it until `expires_at`; a later look at the generation gives another."""

    url: str
    expires_at: Moment
    content_type: Literal["image/png", "image/jpeg", "image/webp"]
    bytes: int
    sha256: str
    width: int
    height: int


class Output(TypedDict):
    """What the kind made, in the kind's own form. What of it can be reviewed is as its owner reviewed it."""

    images: NotRequired[list[Image]]


class GenerationDetail(Generation):
    """One generation, with its output once it has succeeded and, while it is open, when to look again.

    `stale` says that what the caller expects is not stored yet, `reviews` which list of the output can be reviewed.
    """

    poll_after_seconds: NotRequired[float]
    stale: NotRequired[Literal[True]]
    output: NotRequired[Output]
    reviews: NotRequired[str]


class ListedGeneration(Generation):
    """A generation of the feed. With `fields=output` one that succeeded has its output.

    An output that is too large for a list is left out: then `output_omitted` is true, and the generation's own address
    has it.
    """

    output: NotRequired[Output]
    reviews: NotRequired[str]
    output_omitted: NotRequired[Literal[True]]


class Urls(TypedDict):
    """Where to go on, relative to the API's address."""

    self: str


class Accepted(TypedDict):
    """A generation that was let in; its work begins at once."""

    generation_id: GenerationId
    status: Literal["pending"]
    version: Literal[1]
    urls: Urls


class Feed(TypedDict):
    """One page of the feed, newest first. It may be short, or empty, and go on: only a null cursor is the end."""

    generations: list[ListedGeneration]
    next_cursor: Cursor | None


class Line(CallFacts):
    """One line of the timeline; a name of `step_stored` comes with the step's own figures,
    and with its result, in the kind's own form, when that is asked for.

    A line that a call of a model led to says what is known of the call. `asked_again`: its answer was of no use, and
    the model was asked once more. `interrupted`: it was closed, since the generation had been ended.
    """

    name: LineName
    at: Moment
    attempt: NotRequired[int]
    code: NotRequired[str]
    delay_seconds: NotRequired[float]
    step: NotRequired[str]
    position: NotRequired[int]
    duration_seconds: NotRequired[float]
    usage: NotRequired[Usage]
    call_id: NotRequired[str]
    result: NotRequired[dict[str, Any]]


class Attempt(TypedDict):
    """What is known of one attempt."""

    attempt: int
    started_at: NotRequired[Moment | None]
    heartbeat_at: NotRequired[Moment | None]
    ended_at: NotRequired[Moment]
    ended: NotRequired[str]
    code: NotRequired[str]


class Timeline(TypedDict):
    """What happened to a generation, the oldest line first."""

    generation_id: GenerationId
    version: int
    attempts: list[Attempt]
    events: list[Line]


class Input(TypedDict):
    """What was sent in, and how it is made. `request_id` is that of the request that created it, as logs have it."""

    generation_id: GenerationId
    kind: str
    model: str
    prompt_version: str
    input: dict[str, Any]
    request_id: NotRequired[str]


class Reviewed(TypedDict):
    """The suggestions that were decided on, as they now are."""

    generation_id: GenerationId
    version: int
    suggestions: list[ReviewedSuggestion]


class Card(TypedDict):
    """An accepted suggestion, with its own fields, which are its kind's. It stays when its generation has expired."""

    card_id: CardId
    kind: str
    generation_id: GenerationId
    number: int
    created_at: Moment
    session_id: NotRequired[Label]


class Cards(TypedDict):
    """One page of cards, newest first. It may be short, or empty, and go on: only a null cursor is the end."""

    cards: list[Card]
    next_cursor: Cursor | None


class Counts(Usage):
    """How many generations ended, and what their calls have cost."""

    generations: int


class DayCounts(Counts):
    """The same of one day, in UTC."""

    day: str


class Rate(TypedDict):
    """Where the caller stands with one rate limit."""

    name: str
    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int


class Ceiling(TypedDict):
    """Where the caller stands with one ceiling."""

    limit: float
    used: float
    remaining: float


class UserLimits(TypedDict):
    """What is left of each limit; what is switched off is absent."""

    rates: list[Rate]
    running: NotRequired[Ceiling]
    daily_spend_usd: NotRequired[Ceiling]
    monthly_spend_usd: NotRequired[Ceiling]


class UsageOfMonth(TypedDict):
    """One month's usage by day, and where the caller stands now."""

    month: str
    days: list[DayCounts]
    total: Counts
    limits: UserLimits


class LiveTicket(TypedDict):
    """Where to connect, once and within 30 seconds, and when the connection ends, in epoch seconds: with the token, and
    after two hours at most."""

    url: str
    ends_at: int


class Erasure(TypedDict):
    """Whether everything of the caller is gone; while it is not, call again."""

    done: bool
    content_erased: bool


class Health(TypedDict):
    """What the last sweep found. The figures are as of `last_sweep_at`, which is null before the first.

    `stale`: how many it had to rescue. `oldest_pending_seconds`: how long the oldest pending generation had waited, 0
    when none waits longer than DispatchGraceSeconds. `last_sweep_complete` is false when the sweep ran out of time.
    `model_prices_missing` is true where the cost of a model on offer is not known, and no ceiling of money binds.
    """

    last_sweep_at: Moment | None
    last_sweep_age_seconds: int | None
    last_sweep_complete: NotRequired[bool]
    stale: int
    oldest_pending_seconds: int
    model_prices_missing: NotRequired[bool]
