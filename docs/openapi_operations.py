"""Describes the input and the answers of each route, in the words of the OpenAPI document. Owns the words, not the
forms.

Nothing here repeats a model: types name bodies and answers, codes name problems.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.actions import bodies
from shared.view import schemas

ALWAYS = ("internal_error", "unavailable")
WITH_TOKEN = ("unsupported_subject", "token_expired")
WITH_BODY = ("invalid_json", "invalid_encoding", "validation_failed", "body_too_large")
LIMITS = (
    "rate_limited",
    "too_many_running",
    "daily_spend_reached",
    "monthly_spend_reached",
    "deployment_spend_reached",
    "kind_disabled",
    "creates_paused",
)
PAGED = ("session_id", "limit", "cursor")
RATE_HEADERS = ("RateLimit", "RateLimit-Policy")


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer. `answer` None is an empty body. The headers in `always` are always present, those in `often`
    where they apply."""

    meaning: str
    answer: type | None = None
    always: tuple[str, ...] = ()
    often: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. `takes` are query parameters and headers by name; `body` is a model, or "create" for every kind's.

    `reads_one` is false if no damaged item refuses the call: a list skips it. `asks_nothing` is true for a call that
    reads no stored data.
    """

    name: str
    tag: str
    summary: str
    replies: Mapping[int, Reply]
    problems: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    body: type | str | None = None
    body_required: bool = True
    with_token: bool = True
    reads_one: bool = True
    asks_nothing: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """Every problem that the function may return here."""
        body = WITH_BODY if self.body is not None else ()
        token = (*WITH_TOKEN, *(("unreadable",) if self.reads_one else ())) if self.with_token else ()
        return (*self.problems, *body, *token, *(() if self.asks_nothing else ALWAYS))


_ACCEPTED = Reply(
    "The generation is stored, and its work begins. The same key and body, or the same retry, returns it again.",
    schemas.Accepted,
    ("Location", "Retry-After"),
    (*RATE_HEADERS, "Idempotency-Replayed"),
)
_UNCHANGED = Reply("Unchanged since the state that If-None-Match names.", None, ("ETag",), ("Retry-After",))
_ONE = "/v1/generations/{generation_id}"

OPERATIONS: Mapping[str, Operation] = {
    "POST /v1/generations": Operation(
        "createGeneration",
        "generations",
        "Start a generation",
        {202: _ACCEPTED},
        ("idempotency_key_invalid", "idempotency_key_reused", *LIMITS),
        ("Idempotency-Key",),
        "create",
    ),
    "GET /v1/generations": Operation(
        "listGenerations",
        "generations",
        "List the caller's generations, newest first, without the dismissed",
        {200: Reply("One page.", schemas.Feed, (), ("Retry-After",))},
        ("invalid_query",),
        ("session_id", "status", "kind", "fields", "limit", "cursor"),
        reads_one=False,
    ),
    f"GET {_ONE}": Operation(
        "getGeneration",
        "generations",
        "Read one generation; a stale one is rescued on the way",
        {
            200: Reply("The generation.", schemas.GenerationDetail, ("ETag",), ("Retry-After",)),
            304: _UNCHANGED,
        },
        ("invalid_query", "not_found"),
        ("expected_progress", "min_version", "If-None-Match"),
    ),
    f"GET {_ONE}/events": Operation(
        "listEvents",
        "generations",
        "Read what happened to a generation",
        {200: Reply("The timeline.", schemas.Timeline)},
        ("invalid_query", "not_found"),
        ("results",),
    ),
    f"GET {_ONE}/input": Operation(
        "getInput",
        "generations",
        "Read what was sent in",
        {200: Reply("The input.", schemas.Input)},
        ("invalid_query", "not_found"),
    ),
    f"POST {_ONE}/cancel": Operation(
        "cancelGeneration",
        "generations",
        "End an open generation; one that has ended is answered as it is",
        {200: Reply("The generation as it then is.", schemas.Generation, ("ETag",))},
        ("not_found",),
    ),
    f"POST {_ONE}/retry": Operation(
        "retryGeneration",
        "generations",
        "Try a failed or canceled generation again, as a new one",
        {202: _ACCEPTED},
        ("user_key_required", "not_found", "not_retryable", *LIMITS),
        body=bodies.Retry,
        body_required=False,
    ),
    f"DELETE {_ONE}": Operation(
        "dismissGeneration",
        "generations",
        "Take an ended generation out of the feed; it can still be read",
        {204: Reply("Dismissed.")},
        ("not_found", "not_terminal"),
    ),
    f"PATCH {_ONE}/suggestions/{{number}}": Operation(
        "decideSuggestion",
        "review",
        "Accept, edit, reject or propose again one suggestion",
        {200: Reply("The suggestion as it then is.", schemas.Reviewed, ("ETag",))},
        ("not_found", "suggestion_not_found", "not_succeeded", "no_suggestions"),
        body=bodies.Decide,
    ),
    f"POST {_ONE}/suggestions": Operation(
        "decideSuggestions",
        "review",
        "Decide on several suggestions, on all of them or none",
        {200: Reply("The suggestions as they then are.", schemas.Reviewed, ("ETag",))},
        ("not_found", "suggestion_not_found", "not_succeeded", "no_suggestions"),
        body=bodies.DecideMany,
    ),
    "GET /v1/cards": Operation(
        "listCards",
        "review",
        "List the caller's cards, newest first",
        {200: Reply("One page.", schemas.Cards)},
        ("invalid_query",),
        PAGED,
        reads_one=False,
    ),
    "GET /v1/cards/{card_id}": Operation(
        "getCard",
        "review",
        "Read one card, whether or not its generation is still there",
        {
            200: Reply("The card.", schemas.Card, ("ETag",)),
            304: Reply("Unchanged since the state that If-None-Match names.", None, ("ETag",)),
        },
        ("invalid_query", "card_not_found"),
        ("If-None-Match",),
    ),
    "PATCH /v1/cards/{card_id}": Operation(
        "editCard",
        "review",
        "Edit one card, and its suggestion while that can be reviewed",
        {200: Reply("The card as it then is.", schemas.Card, ("ETag",))},
        ("card_not_found",),
        body=bodies.EditCard,
    ),
    "DELETE /v1/cards/{card_id}": Operation(
        "deleteCard",
        "review",
        "Delete one card; its suggestion is rejected while that can be reviewed",
        {204: Reply("Deleted.")},
        ("card_not_found",),
    ),
    "POST /v1/live": Operation(
        "openLive",
        "live",
        "Ask for a ticket to a WebSocket that tells of each change; 404 where the deployment has none",
        {200: Reply("The ticket.", schemas.LiveTicket)},
        ("too_many_connections",),
        reads_one=False,
    ),
    "GET /v1/usage": Operation(
        "getUsage",
        "account",
        "Read what was used in a month, and what is left of each limit",
        {200: Reply("The usage.", schemas.UsageOfMonth)},
        ("invalid_query",),
        ("month",),
    ),
    "DELETE /v1/me": Operation(
        "eraseMe",
        "account",
        "Erase everything of the caller; call again until it is done",
        {
            200: Reply("Nothing is left.", schemas.Erasure),
            202: Reply("Not done yet. Call again.", schemas.Erasure, ("Retry-After",)),
        },
        reads_one=False,
    ),
    "GET /v1/openapi.json": Operation(
        "getOpenApi",
        "service",
        "Read this document",
        {200: Reply("This document.", dict, ("ETag",)), 304: Reply("Unchanged.", None, ("ETag",))},
        takes=("If-None-Match",),
        with_token=False,
        asks_nothing=True,
    ),
    "GET /v1/health": Operation(
        "getHealth",
        "service",
        "Read whether the machinery turns",
        {200: Reply("The last sweep's findings, a few seconds old at most.", schemas.Health)},
        with_token=False,
    ),
}
