"""Every call of the API as a flow: the request and how to read the response. `exchange` does the retries."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

from unstuck.account import Erasure, Health, LiveTicket, UsageOfMonth
from unstuck.answers import read, read_document, retry_after_of
from unstuck.errors import BadAnswerError, UnstuckError
from unstuck.exchange import Conditions, Patience, exchange
from unstuck.flow import Answer, Flow, Request
from unstuck.models import (
    Accepted,
    Card,
    Cards,
    Feed,
    FlashcardsCard,
    GenerationDetail,
    Input,
    Reviewed,
    Timeline,
)
from unstuck.outputs import Answered, ReviewedSuggestion, State
from unstuck.requests import CreateGeneration, Decide, DecideMany, DecideNumbered, Retry
from unstuck.statuses import Status

type Fields = Literal["output"]
"""The optional parts of the feed's rows."""
type Body = CreateGeneration | Mapping[str, Any]


def create(conditions: Conditions, request: Body, idempotency_key: str | None) -> Flow[Accepted]:
    """The key is made once and reused for every retry. Errors carry it, so that callers can continue later."""
    key = idempotency_key or str(uuid.uuid4())
    body = request.body() if isinstance(request, CreateGeneration) else dict(request)
    call = Request("POST", "/v1/generations", headers={"idempotency-key": key}, body=body)
    try:
        return (yield from exchange(call, conditions, _accepted(conditions)))
    except UnstuckError as error:
        error.idempotency_key = key
        raise


def retry(
    conditions: Conditions, generation_id: str, start: Literal["stored", "start"], user_provided_key: str | None
) -> Flow[Accepted]:
    body = Retry(from_=start, user_provided_key=user_provided_key).body()
    return (yield from _on(conditions, generation_id, "POST", "/retry", _accepted(conditions), body=body))


def get(
    conditions: Conditions, generation_id: str, expected_progress: int | None, min_version: int | None
) -> Flow[GenerationDetail]:
    query = _query(expected_progress=expected_progress, min_version=min_version)
    return (yield from _on(conditions, generation_id, "GET", "", detail_of(generation_id), query=query))


def cancel(conditions: Conditions, generation_id: str) -> Flow[GenerationDetail]:
    return (yield from _on(conditions, generation_id, "POST", "/cancel", detail_of(generation_id)))


def dismiss(conditions: Conditions, generation_id: str) -> Flow[None]:
    yield from _on(conditions, generation_id, "DELETE", "", _nothing)


def events(conditions: Conditions, generation_id: str, results: bool) -> Flow[Timeline]:
    query = {"results": "true"} if results else {}
    return (yield from _on(conditions, generation_id, "GET", "/events", partial(read, Timeline), query=query))


def input_of(conditions: Conditions, generation_id: str) -> Flow[Input]:
    return (yield from _on(conditions, generation_id, "GET", "/input", partial(read, Input)))


def decide(
    conditions: Conditions, generation_id: str, number: int, decision: State, edit: Mapping[str, Any]
) -> Flow[ReviewedSuggestion]:
    body = Decide(decision=decision, **edit).body()
    path = f"/suggestions/{number}"
    reviewed = yield from _on(conditions, generation_id, "PATCH", path, partial(read, Reviewed), body=body)
    return reviewed.suggestions[0]


def decide_many(conditions: Conditions, generation_id: str, decisions: Iterable[DecideNumbered]) -> Flow[Reviewed]:
    body = DecideMany(decisions=list(decisions)).body()
    return (yield from _on(conditions, generation_id, "POST", "/suggestions", partial(read, Reviewed), body=body))


def generations(
    conditions: Conditions,
    session_id: str | None,
    status: Status | None,
    kind: str | None,
    fields: Fields | None,
    limit: int | None,
    cursor: str | None,
) -> Flow[Feed]:
    query = _query(session_id=session_id, status=status, kind=kind, fields=fields, limit=limit, cursor=cursor)
    return (yield from _read_at(conditions, "/v1/generations", Feed, query))


def cards(conditions: Conditions, session_id: str | None, limit: int | None, cursor: str | None) -> Flow[Cards]:
    query = _query(session_id=session_id, limit=limit, cursor=cursor)
    return (yield from _read_at(conditions, "/v1/cards", Cards, query))


def card(conditions: Conditions, card_id: str) -> Flow[Card]:
    return (yield from exchange(Request("GET", _path_of_card(card_id)), conditions, _read_card))


def edit_card(conditions: Conditions, card_id: str, edit: Mapping[str, Any]) -> Flow[Card]:
    call = Request("PATCH", _path_of_card(card_id), body=dict(edit))
    return (yield from exchange(call, conditions, _read_card))


def delete_card(conditions: Conditions, card_id: str) -> Flow[None]:
    yield from exchange(Request("DELETE", _path_of_card(card_id)), conditions, _nothing)


def usage(conditions: Conditions, month: str | None) -> Flow[UsageOfMonth]:
    return (yield from _read_at(conditions, "/v1/usage", UsageOfMonth, _query(month=month)))


def open_live(conditions: Conditions) -> Flow[LiveTicket]:
    """One try: a caller without a ticket polls, and tries again later."""
    request = Request("POST", "/v1/live")
    return (yield from exchange(request, conditions, partial(read, LiveTicket), Patience(tries=1)))


def erase(conditions: Conditions) -> Flow[Erasure]:
    def reading(answer: Answer) -> Erasure:
        return read(Erasure, answer, retry_after_seconds=retry_after_of(answer, conditions.around.now()))

    return (yield from exchange(Request("DELETE", "/v1/me"), conditions, reading))


def health(conditions: Conditions) -> Flow[Health]:
    return (yield from exchange(Request("GET", "/v1/health", authorized=False), conditions, partial(read, Health)))


def openapi(conditions: Conditions) -> Flow[dict[str, Any]]:
    call = Request("GET", "/v1/openapi.json", authorized=False)
    return (yield from exchange(call, conditions, read_document))


def path_of(generation_id: str) -> str:
    """Return a generation's path. No id can lead to another path."""
    if not generation_id.strip("."):
        raise ValueError("a generation's id cannot be empty")
    return f"/v1/generations/{quote(generation_id, safe='')}"


def _path_of_card(card_id: str) -> str:
    if not card_id.strip("."):
        raise ValueError("a card's id cannot be empty")
    return f"/v1/cards/{quote(card_id, safe='')}"


def _read_card(answer: Answer) -> Card:
    found = read(Card, answer)
    return read(FlashcardsCard, answer) if found.kind == "flashcards" else found


def _read_at[Model: Answered](
    conditions: Conditions, path: str, model: type[Model], query: Mapping[str, str]
) -> Flow[Model]:
    return (yield from exchange(Request("GET", path, query), conditions, partial(read, model)))


def _on[Result](
    conditions: Conditions,
    generation_id: str,
    method: str,
    path: str,
    reading: Callable[[Answer], Result],
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Flow[Result]:
    """One call on one generation. Errors name the generation."""
    call = Request(method, path_of(generation_id) + path, query or {}, body=body)
    try:
        return (yield from exchange(call, conditions, reading))
    except UnstuckError as error:
        error.generation_id = generation_id
        raise


def detail_of(generation_id: str) -> Callable[[Answer], GenerationDetail]:
    """Return a reader that accepts only a response about this generation."""

    def reading(answer: Answer) -> GenerationDetail:
        found = read(GenerationDetail, answer)
        if found.generation_id != generation_id.lower():
            raise BadAnswerError("the response is about another generation; check for a proxy between you and the API")
        return found

    return reading


def _accepted(conditions: Conditions) -> Callable[[Answer], Accepted]:
    def reading(answer: Answer) -> Accepted:
        replayed = answer.headers.get("idempotency-replayed") == "true"
        first_look = retry_after_of(answer, conditions.around.now())
        return read(Accepted, answer, replayed=replayed, retry_after_seconds=first_look)

    return reading


def _nothing(answer: Answer) -> None:
    if answer.status != 204:
        raise BadAnswerError(
            f"HTTP {answer.status} is not a valid response to this call; check that the base URL is the API's"
        )


def _query(**given: str | int | None) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if value is not None}
