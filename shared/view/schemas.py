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
    """The cost of paid calls of a model. `wasted_cost_usd` is the part of it that bought nothing kept."""

    calls: int
    """Calls of the model that were paid for, failed ones included."""
    prompt_tokens: int
    """Tokens sent."""
    completion_tokens: int
    """Tokens answered, thinking included."""
    cost_usd: float
    """The calls' cost, as the provider or `ModelPrices` says."""
    wasted_cost_usd: float
    """The part of `cost_usd` that bought nothing kept: failed calls, unfit answers, second results."""


class CallFacts(TypedDict):
    """The known facts of a call of a model; unknown ones are absent.

    `model` was asked, `answered_by` is the model that the provider names in its answer. `provider_status` is its HTTP
    status, `provider_code` its own word for its error, `finish` its word for why the model stopped. `seconds` is how
    long the call took.
    """

    model: NotRequired[str]
    """The model that was asked."""
    answered_by: NotRequired[str]
    """The model that the provider names in its answer; another one where a fallback answered."""
    provider_status: NotRequired[int]
    """The HTTP status of the provider's answer."""
    provider_code: NotRequired[str]
    """The provider's own word for its error."""
    provider_call_id: NotRequired[str]
    """The provider's id of the call, for its support."""
    finish: NotRequired[str]
    """The provider's word for why the model stopped."""
    seconds: NotRequired[float]
    """How long the call took."""


class Failure(CallFacts):
    """Why a generation failed; the codes are those of docs/errors.md, below Failures. With it comes what is known of
    the call that ended so."""

    code: str
    """Why, by a code of docs/errors.md."""
    message: str
    """The same in words for people; it may change."""


class Generation(TypedDict):
    """A generation as it stands. Fields that do not apply yet are absent.

    Once a worker has ended it, `model` is the model that was asked, and `answered_by` the one that the provider names.
    While it is open, `state` is its present state, and `because` the code that ended the last attempt. `next_at` is the
    latest time at which it moves or the service looks after it. `stuck` says whether a heartbeat or a start is late.
    """

    generation_id: GenerationId
    """Its id; newer ids sort later."""
    kind: str
    """Which kind of generation it is."""
    status: StatusName
    """`pending` waits, `running` has a worker; the other three are final."""
    version: int
    """Rises with each stored change."""
    progress: int
    """0 to 100; never goes down, and is 100 once it has succeeded."""
    steps_done: int
    """How many steps have a stored result."""
    attempt: int
    """How many attempts a worker has begun; 0 before the first."""
    created_at: Moment
    """When it was accepted."""
    deadline_at: Moment
    """When it fails at the latest, but for one sweep."""
    usage: Usage
    """The cost of its paid calls so far."""
    stage: NotRequired[str]
    """The worker's present work, in a word of the kind."""
    started_at: NotRequired[Moment]
    """When the current or last attempt began."""
    heartbeat_at: NotRequired[Moment]
    """When its worker was last heard of."""
    not_before: NotRequired[Moment]
    """When the next attempt may begin, while one waits."""
    finished_at: NotRequired[Moment]
    """When it ended."""
    dismissed_at: NotRequired[Moment]
    """When its owner took it out of the feed."""
    client_id: NotRequired[Label]
    """The label that was sent with the create."""
    session_id: NotRequired[Label]
    """The label that was sent with the create; lists filter by it."""
    retry_of: NotRequired[GenerationId]
    """The generation that this one retries."""
    retried_as: NotRequired[GenerationId]
    """The generation that retries this one."""
    own_key: NotRequired[Literal[True]]
    """It is made with a key of the user's own."""
    state: NotRequired[StateName]
    """The present state of an open one."""
    because: NotRequired[str]
    """The code that ended the last attempt of an open one."""
    next_at: NotRequired[Moment]
    """When an open one moves, or is looked after, at the latest."""
    stuck: NotRequired[bool]
    """Whether an open one's heartbeat or start is late."""
    model: NotRequired[str]
    """The model that was asked, once a worker has ended it."""
    answered_by: NotRequired[str]
    """The model that answered, as the provider names it."""
    error: NotRequired[Failure]
    """Why it failed."""


class ReviewedSuggestion(TypedDict):
    """One suggestion with what its owner made of it, beside its own fields, which are its kind's.

    `number` is its 1-based place in the list that is reviewed.
    """

    number: int
    """Its place in the list that is reviewed, from 1."""
    state: DecisionName
    """Its owner's decision; `proposed` until then."""
    card_id: NotRequired[CardId]
    """The card that it became, while it is accepted."""


class Image(TypedDict):
    """A picture. Whoever holds its URL may read it until `expires_at`; a later look at the generation gives another."""

    url: str
    """Reads the picture, without a token."""
    expires_at: Moment
    """When the URL ends."""
    content_type: Literal["image/png", "image/jpeg", "image/webp"]
    """The picture's media type."""
    bytes: int
    """Its size."""
    sha256: str
    """Its content's SHA-256 in hex: keep what you fetched by it, not by its URL."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""


class Output(TypedDict):
    """The kind's result, in the kind's own form. Items that can be reviewed are as their owner reviewed them."""

    images: NotRequired[list[Image]]
    """Pictures, with URLs that end."""


class GenerationDetail(Generation):
    """One generation, with its output once it has succeeded and, while it is open, when to look again.

    `stale` says that what the caller expects is not stored yet, `reviews` which list of the output can be reviewed.
    """

    poll_after_seconds: NotRequired[float]
    """While it is open: in how many seconds to look again."""
    stale: NotRequired[Literal[True]]
    """The state that `expected_progress` or `min_version` asks for is not stored yet."""
    output: NotRequired[Output]
    """The kind's result, once it has succeeded."""
    reviews: NotRequired[str]
    """The name of the output's list that can be reviewed."""


class ListedGeneration(Generation):
    """A generation of the feed. With `fields=output` one that succeeded has its output.

    An output that is too large for a list is left out: then `output_omitted` is true, and the generation's own address
    has it.
    """

    output: NotRequired[Output]
    """With `fields=output`: the kind's result, once it has succeeded."""
    reviews: NotRequired[str]
    """The name of the output's list that can be reviewed."""
    output_omitted: NotRequired[Literal[True]]
    """The output is too large for a list; read the generation by its id."""


class Urls(TypedDict):
    """Where to go on, relative to the API's address."""

    self: str
    """Path of the generation, below the API's address."""


class Accepted(TypedDict):
    """A generation that was let in; its work begins at once."""

    generation_id: GenerationId
    """Its id; keep it."""
    status: Literal["pending"]
    """It has been stored, and waits for a worker."""
    version: Literal[1]
    """The version of the first state."""
    urls: Urls
    """Where to go on."""


class Feed(TypedDict):
    """One page of the feed, newest first. It may be short, or empty, and go on: only a null cursor is the end."""

    generations: list[ListedGeneration]
    """The page, newest first."""
    next_cursor: Cursor | None
    """Send it as `cursor` for the next page; null at the end."""


class Line(CallFacts):
    """One line of the timeline; a name of `step_stored` comes with the step's own figures,
    and with its result, in the kind's own form, when that is asked for.

    A line that a call of a model led to says what is known of the call. `asked_again`: its answer was of no use, and
    the model was asked once more. `interrupted`: it was closed, since the generation had been ended.
    """

    name: LineName
    """What happened."""
    at: Moment
    """When."""
    attempt: NotRequired[int]
    """In which attempt."""
    code: NotRequired[str]
    """Why, where there is a code."""
    delay_seconds: NotRequired[float]
    """How long the next attempt waits."""
    step: NotRequired[str]
    """Name of the step."""
    position: NotRequired[int]
    """Its place among the generation's steps, from 1."""
    duration_seconds: NotRequired[float]
    """How long the step took."""
    usage: NotRequired[Usage]
    """The cost of the step's calls."""
    call_id: NotRequired[str]
    """The provider's id of the step's call, for its support."""
    result: NotRequired[dict[str, Any]]
    """With `results=true`: what the step stored."""


class Attempt(TypedDict):
    """The known facts of one attempt."""

    attempt: int
    """Its number, from 1."""
    started_at: NotRequired[Moment | None]
    """When a worker claimed it."""
    heartbeat_at: NotRequired[Moment | None]
    """When its worker was last heard of."""
    ended_at: NotRequired[Moment]
    """When it ended."""
    ended: NotRequired[str]
    """How it ended."""
    code: NotRequired[str]
    """Why, where there is a code."""


class Timeline(TypedDict):
    """The events of a generation, the oldest line first."""

    generation_id: GenerationId
    """The generation."""
    version: int
    """The version that this was read with."""
    attempts: list[Attempt]
    """One entry for each attempt."""
    events: list[Line]
    """One entry for each thing that happened, the oldest first."""


class Input(TypedDict):
    """The input, and how it is made. `request_id` is that of the request that created it, as logs have it."""

    generation_id: GenerationId
    """The generation."""
    kind: str
    """Its kind."""
    model: str
    """The model that it asks for."""
    prompt_version: str
    """The version of the kind's prompts."""
    input: dict[str, Any]
    """The input, with defaults filled in."""
    request_id: NotRequired[str]
    """That of the create; logs have it."""


class Reviewed(TypedDict):
    """The suggestions that were decided on, as they now are."""

    generation_id: GenerationId
    """The generation."""
    version: int
    """Its version after the decision."""
    suggestions: list[ReviewedSuggestion]
    """Those that were decided on, in the order of the request."""


class Card(TypedDict):
    """An accepted suggestion, with its own fields, which are its kind's. It stays when its generation has expired."""

    card_id: CardId
    """Its id."""
    kind: str
    """The kind whose fields it has."""
    generation_id: GenerationId
    """Where it comes from; that may have expired."""
    number: int
    """Its suggestion's place, from 1."""
    created_at: Moment
    """When it was accepted."""
    session_id: NotRequired[Label]
    """The generation's label."""


class Cards(TypedDict):
    """One page of cards, newest first. It may be short, or empty, and go on: only a null cursor is the end."""

    cards: list[Card]
    """The page, newest first."""
    next_cursor: Cursor | None
    """Send it as `cursor` for the next page; null at the end."""


class Counts(Usage):
    """How many generations ended, and what their calls have cost."""

    generations: int
    """How many ended."""


class DayCounts(Counts):
    """The same of one day, in UTC."""

    day: str
    """YYYY-MM-DD, in UTC."""


class Rate(TypedDict):
    """Where the caller stands with one rate limit."""

    name: str
    """As the `RateLimit` header names it."""
    limit: int
    """How many are let in."""
    window_seconds: int
    """In how many seconds."""
    remaining: int
    """How many are left now."""
    reset_seconds: int
    """In how many seconds one more is let in."""


class Ceiling(TypedDict):
    """Where the caller stands with one ceiling."""

    limit: float
    """The ceiling."""
    used: float
    """The amount used now."""
    remaining: float
    """The amount left, never below 0."""


class UserLimits(TypedDict):
    """The rest of each limit; a limit that is switched off is absent."""

    rates: list[Rate]
    """Each rate limit."""
    running: NotRequired[Ceiling]
    """How many may be open at once."""
    daily_spend_usd: NotRequired[Ceiling]
    """The ceiling on the cost of the day (UTC)."""
    monthly_spend_usd: NotRequired[Ceiling]
    """The ceiling on the cost of the month (UTC)."""


class UsageOfMonth(TypedDict):
    """One month's usage by day, and where the caller stands now."""

    month: str
    """YYYY-MM, in UTC."""
    days: list[DayCounts]
    """Each day on which something ended."""
    total: Counts
    """The sum of these days."""
    limits: UserLimits
    """The rest of each limit now."""


class LiveTicket(TypedDict):
    """A ticket to one connection."""

    url: str
    """Where to connect, with the ticket in it: good once, and for 30 seconds."""
    ends_at: int
    """When the connection ends, in epoch seconds: with the token, and after two hours at most."""


class Erasure(TypedDict):
    """Whether everything of the caller is gone; while it is not, call again."""

    done: bool
    """Whether nothing at all is left."""
    content_erased: bool
    """Whether all content is gone; limits' bookkeeping may be left."""


class Health(TypedDict):
    """The last sweep's findings. The figures are as of `last_sweep_at`, which is null before the first.

    `stale`: how many it had to rescue. `oldest_pending_seconds`: how long the oldest pending generation had waited, 0
    when none waits longer than DispatchGraceSeconds. `last_sweep_complete` is false when the sweep ran out of time.
    `model_prices_missing` is true where the cost of a model on offer is not known, and no ceiling of money binds.
    """

    last_sweep_at: Moment | None
    """When the sweeper last ended a run; null before the first."""
    last_sweep_age_seconds: int | None
    """How long ago that was. More than three minutes: the sweeper does not run."""
    last_sweep_complete: NotRequired[bool]
    """False when that run left some for the next."""
    stale: int
    """How many generations that run had to rescue."""
    oldest_pending_seconds: int
    """How long the longest waiting one had waited then; 0 when none waits longer than DispatchGraceSeconds."""
    model_prices_missing: NotRequired[bool]
    """True where a model's price is not known, so that no ceiling of money binds."""
