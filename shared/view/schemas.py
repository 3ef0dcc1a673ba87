"""The types of all HTTP responses. `docs/render_openapi.py` makes the OpenAPI document's schemas from them.

Only types: nothing is checked at run time, and only the standard library is imported. The end-to-end tests check every
response against the document.
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
    """The cost of paid model calls. `wasted_cost_usd` is the part that went into no stored step."""

    calls: int
    """Paid model calls, including failed ones."""
    prompt_tokens: int
    """Tokens sent."""
    completion_tokens: int
    """Output tokens, including thinking."""
    cost_usd: float
    """The calls' cost, as the provider reports it or `ModelPrices` gives it."""
    wasted_cost_usd: float
    """The part of `cost_usd` that went into no stored step: failed calls, unusable answers, duplicate results."""


class CallFacts(TypedDict):
    """The known facts of one model call. Unknown fields are omitted.

    `model` is the requested model, `answered_by` the one that the provider names in its answer. `provider_status` is
    the HTTP status, `provider_code` the provider's own error code, `finish` its reason why the model stopped. `seconds`
    is how long the call took.
    """

    model: NotRequired[str]
    """The requested model."""
    answered_by: NotRequired[str]
    """The model that the provider names in its answer. It differs from `model` if a fallback answered."""
    provider_status: NotRequired[int]
    """The HTTP status of the provider's response."""
    provider_code: NotRequired[str]
    """The provider's own error code."""
    provider_call_id: NotRequired[str]
    """The provider's id of the call. Its support asks for it."""
    finish: NotRequired[str]
    """The provider's reason why the model stopped."""
    seconds: NotRequired[float]
    """How long the call took, in seconds."""


class Failure(CallFacts):
    """Why a generation failed. The codes are those of docs/errors.md, under Failures. Includes the known facts of the
    failed call."""

    code: str
    """The code, one of docs/errors.md."""
    message: str
    """The same in words for people. The text may change."""


class Generation(TypedDict):
    """The current state of a generation. Fields that do not apply yet are omitted.

    Once a worker has ended it, `model` is the requested model, and `answered_by` the one that the provider names.

    While it is open, `state` says what it does, and `because` is the code that ended the last attempt. `next_at` is
    when it moves or is rescued at the latest. `stuck` says whether a heartbeat or a start is late.
    """

    generation_id: GenerationId
    """Its id. Newer ids sort later."""
    kind: str
    """Its kind."""
    status: StatusName
    """`pending` waits, `running` has a worker. The other three are final."""
    version: int
    """Rises with each stored change."""
    progress: int
    """0 to 100. It never goes down, and is 100 once the generation has succeeded."""
    steps_done: int
    """How many steps have a stored result."""
    attempt: int
    """How many attempts workers have started; 0 before the first."""
    created_at: Moment
    """When it was accepted."""
    deadline_at: Moment
    """Its deadline. If still open then, it fails within one sweep."""
    usage: Usage
    """The cost of its paid calls so far."""
    stage: NotRequired[str]
    """The worker's current activity, named by the kind."""
    started_at: NotRequired[Moment]
    """When the current or last attempt began."""
    heartbeat_at: NotRequired[Moment]
    """The last heartbeat of its worker."""
    not_before: NotRequired[Moment]
    """When the next attempt may begin, while it waits for one."""
    finished_at: NotRequired[Moment]
    """When it ended."""
    dismissed_at: NotRequired[Moment]
    """When its owner dismissed it from the feed."""
    client_id: NotRequired[Label]
    """The label from the create."""
    session_id: NotRequired[Label]
    """The label from the create. Lists can filter by it."""
    retry_of: NotRequired[GenerationId]
    """The generation that this one retries."""
    retried_as: NotRequired[GenerationId]
    """The generation that retries this one."""
    own_key: NotRequired[Literal[True]]
    """It uses the user's own provider key."""
    state: NotRequired[StateName]
    """The activity of an open generation."""
    because: NotRequired[str]
    """The code that ended the last attempt, while it is open."""
    next_at: NotRequired[Moment]
    """When an open generation moves, or is rescued, at the latest."""
    stuck: NotRequired[bool]
    """Whether the heartbeat or the start of an open generation is late."""
    model: NotRequired[str]
    """The requested model, once a worker has ended it."""
    answered_by: NotRequired[str]
    """The model that answered, by the provider's name."""
    error: NotRequired[Failure]
    """Why it failed."""


class ReviewedSuggestion(TypedDict):
    """One suggestion: its kind's own fields, and the owner's decision.

    `number` is its 1-based place in the reviewable list.
    """

    number: int
    """Its place in the reviewable list, from 1."""
    state: DecisionName
    """The owner's decision; `proposed` until then."""
    card_id: NotRequired[CardId]
    """The id of its card, while it is accepted."""


class Image(TypedDict):
    """A picture. Anybody with its URL may read it until `expires_at`. Read the generation again for a new URL."""

    url: str
    """The picture's URL. It needs no token."""
    expires_at: Moment
    """When the URL expires."""
    content_type: Literal["image/png", "image/jpeg", "image/webp"]
    """The picture's media type."""
    bytes: int
    """Its size."""
    sha256: str
    """The SHA-256 of its content in hex. Cache the picture by this, not by its URL."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""


class Output(TypedDict):
    """The output in the kind's own form. The reviewable list shows the owner's decisions and edits."""

    images: NotRequired[list[Image]]
    """Pictures, with URLs that expire."""


class GenerationDetail(Generation):
    """One generation, with its output once it has succeeded, and with `retry_after_seconds` while it is open.

    `stale` means that the state which the caller expects is not stored yet. `reviews` names the reviewable list of the
    output.
    """

    poll_after_seconds: NotRequired[float]
    """While it is open: in how many seconds to poll again."""
    stale: NotRequired[Literal[True]]
    """The state that `expected_progress` or `min_version` asks for is not stored yet."""
    output: NotRequired[Output]
    """The output, once it has succeeded."""
    reviews: NotRequired[str]
    """The name of the output's reviewable list."""


class ListedGeneration(Generation):
    """A generation of the feed. With `fields=output`, a succeeded one includes its output.

    An output that is too large for a list is omitted. Then `output_omitted` is true; read the generation by its id.
    """

    output: NotRequired[Output]
    """With `fields=output`: the output, once it has succeeded."""
    reviews: NotRequired[str]
    """The name of the output's reviewable list."""
    output_omitted: NotRequired[Literal[True]]
    """The output is too large for a list. Read the generation by its id."""


class Urls(TypedDict):
    """Links, relative to the API's address."""

    self: str
    """The generation's path, below the API's address."""


class Accepted(TypedDict):
    """An accepted generation. Its work begins at once."""

    generation_id: GenerationId
    """Its id. Keep it."""
    status: Literal["pending"]
    """It is stored and waits for a worker."""
    version: Literal[1]
    """The version of the first state."""
    urls: Urls
    """Links to the generation."""


class Feed(TypedDict):
    """One page of the feed, newest first. A page may be short or empty and not be the last: only a null cursor is the
    end."""

    generations: list[ListedGeneration]
    """The entries of the page, newest first."""
    next_cursor: Cursor | None
    """Send it as `cursor` to get the next page; null at the end."""


class Line(CallFacts):
    """One event of the timeline. `step_stored` includes the step's figures and, with `results=true`, its result in the
    kind's own form.

    An event that a model call caused includes the call's known facts. `asked_again`: the answer was not usable, and the
    worker called the model once more. `interrupted`: the worker closed the call, because the generation had ended.
    """

    name: LineName
    """What happened."""
    at: Moment
    """When."""
    attempt: NotRequired[int]
    """The attempt's number."""
    code: NotRequired[str]
    """The reason, if there is a code."""
    delay_seconds: NotRequired[float]
    """How long the next attempt waits, in seconds."""
    step: NotRequired[str]
    """The step's name."""
    position: NotRequired[int]
    """The step's place in the generation, from 1."""
    duration_seconds: NotRequired[float]
    """How long the step took, in seconds."""
    usage: NotRequired[Usage]
    """The cost of the step's calls."""
    call_id: NotRequired[str]
    """The provider's id of the step's call. Its support asks for it."""
    result: NotRequired[dict[str, Any]]
    """With `results=true`: the step's stored result."""


class Attempt(TypedDict):
    """The known facts of one attempt."""

    attempt: int
    """Its number, from 1."""
    started_at: NotRequired[Moment | None]
    """When a worker claimed it."""
    heartbeat_at: NotRequired[Moment | None]
    """The last heartbeat of its worker."""
    ended_at: NotRequired[Moment]
    """When it ended."""
    ended: NotRequired[str]
    """How it ended."""
    code: NotRequired[str]
    """The reason, if there is a code."""


class Timeline(TypedDict):
    """The timeline of a generation, oldest event first. Best effort: an event may be missing, but none is wrong."""

    generation_id: GenerationId
    """The generation."""
    version: int
    """The generation's version when this was read."""
    attempts: list[Attempt]
    """One entry for each attempt."""
    events: list[Line]
    """One entry for each event, oldest first."""


class Input(TypedDict):
    """The input and the options of a generation. `request_id` is the id of the create, which the logs have."""

    generation_id: GenerationId
    """The generation."""
    kind: str
    """Its kind."""
    model: str
    """The requested model."""
    prompt_version: str
    """The version of the kind's prompts."""
    input: dict[str, Any]
    """The input, with defaults filled in."""
    request_id: NotRequired[str]
    """The request id of the create. The logs have it."""


class Reviewed(TypedDict):
    """The suggestions of this decision, in their new state."""

    generation_id: GenerationId
    """The generation."""
    version: int
    """The generation's version after the decision."""
    suggestions: list[ReviewedSuggestion]
    """The suggestions of the request, in its order."""


class Card(TypedDict):
    """An accepted suggestion with its kind's own fields. A card outlives its generation."""

    card_id: CardId
    """Its id."""
    kind: str
    """The kind that defines its fields."""
    generation_id: GenerationId
    """The generation that it comes from, which may have expired."""
    number: int
    """Its suggestion's number, from 1."""
    created_at: Moment
    """When it was accepted."""
    session_id: NotRequired[Label]
    """The generation's label."""


class Cards(TypedDict):
    """One page of cards, newest first. A page may be short or empty and not be the last: only a null cursor is the
    end."""

    cards: list[Card]
    """The entries of the page, newest first."""
    next_cursor: Cursor | None
    """Send it as `cursor` to get the next page; null at the end."""


class Counts(Usage):
    """How many generations ended, and the cost of their calls."""

    generations: int
    """How many ended."""


class DayCounts(Counts):
    """The same for one day, in UTC."""

    day: str
    """YYYY-MM-DD, in UTC."""


class Rate(TypedDict):
    """The state of one rate limit of the caller."""

    name: str
    """Its name in the `RateLimit` header."""
    limit: int
    """How many generations it allows in a window."""
    window_seconds: int
    """The length of the window in seconds."""
    remaining: int
    """How many more it allows now."""
    reset_seconds: int
    """In how many seconds it allows one more."""


class Ceiling(TypedDict):
    """The state of one other limit of the caller."""

    limit: float
    """The limit."""
    used: float
    """The current use."""
    remaining: float
    """The remaining amount, never below 0."""


class UserLimits(TypedDict):
    """The state of each limit. Limits that are switched off are omitted."""

    rates: list[Rate]
    """Each rate limit."""
    running: NotRequired[Ceiling]
    """Open generations at once."""
    daily_spend_usd: NotRequired[Ceiling]
    """Spend of the day (UTC)."""
    monthly_spend_usd: NotRequired[Ceiling]
    """Spend of the month (UTC)."""


class UsageOfMonth(TypedDict):
    """One month's usage by day, and the caller's limits now."""

    month: str
    """YYYY-MM, in UTC."""
    days: list[DayCounts]
    """Each day on which a generation ended."""
    total: Counts
    """The sum of these days."""
    limits: UserLimits
    """The limits now."""


class LiveTicket(TypedDict):
    """A ticket to one connection."""

    url: str
    """The address to connect to. It contains the ticket, which is valid once and for 30 seconds."""
    ends_at: int
    """When the connection ends, in epoch seconds: with the token, within two hours."""


class Erasure(TypedDict):
    """The state of an erasure. Call again until `done` is true."""

    done: bool
    """Whether everything is deleted."""
    content_erased: bool
    """Whether all content is deleted. The bookkeeping of limits may remain."""


class Health(TypedDict):
    """The result of the last sweep. The figures are as of `last_sweep_at`, which is null before the first.

    `stale` is how many generations it rescued. `oldest_pending_seconds` is how long the oldest pending generation had
    waited, 0 if none waited longer than DispatchGraceSeconds. `last_sweep_complete` is false if the sweep ran out of
    time. `model_prices_missing` is true if the price of a model on offer is not known, so that no spending limit holds
    for it.
    """

    last_sweep_at: Moment | None
    """When the sweeper last finished a run; null before the first."""
    last_sweep_age_seconds: int | None
    """Seconds since then. More than three minutes means that the sweeper does not run."""
    last_sweep_complete: NotRequired[bool]
    """False if that run left generations for the next."""
    stale: int
    """How many generations that run rescued."""
    oldest_pending_seconds: int
    """How long the oldest pending generation had waited then, in seconds; 0 if none waited longer than
    DispatchGraceSeconds."""
    model_prices_missing: NotRequired[bool]
    """True if a model's price is not known, so that no spending limit holds for it."""
