"""Reads responses: returns a model or raises the error of the response. Knows the error forms of the service and the
gateway."""

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import ValidationError

from unstuck.errors import (
    ApiError,
    BadAnswerError,
    ConflictError,
    InvalidRequestError,
    LimitReachedError,
    NotFoundError,
    ServiceError,
    UnauthorizedError,
)
from unstuck.flow import Answer
from unstuck.models import Problem
from unstuck.outputs import Answered

_CLASSES: Mapping[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: UnauthorizedError,
    404: NotFoundError,
    409: ConflictError,
    429: LimitReachedError,
}
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_ASKED_SECONDS = 86_400.0
"""A server's wait is cut to a day."""
_SECONDS = re.compile(r"[0-9]++(\.[0-9]++)?")
_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)
_SAID = {
    401: "The token is missing, has expired, or is not valid for this deployment.",
    403: "The token was refused.",
    404: "There is nothing at this address. Check that the base URL is the API's.",
    429: "Too many calls at once. Try again shortly.",
}


def read[Model: Answered](model: type[Model], answer: Answer, **from_headers: Any) -> Model:
    """Return the response's body as a model; raise BadAnswerError if it does not fit."""
    given = {name: value for name, value in from_headers.items() if value is not None}
    try:
        return model.model_validate(_object(answer) | given)
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors(include_input=False)}))
        raise BadAnswerError(
            f"the response is not a {model.__name__} (wrong: {where})", request_id=_request_id(answer)
        ) from None


def read_document(answer: Answer) -> dict[str, Any]:
    """Return an OpenAPI document unchanged; raise BadAnswerError if it is not one."""
    found = _object(answer)
    if not isinstance(found.get("paths"), dict):
        raise BadAnswerError("the response is not an OpenAPI document; check that the base URL is the API's")
    return found


def error_of(answer: Answer, now: float) -> ApiError | BadAnswerError:
    """Return the error of a response that is neither 2xx nor 304. `now` is the wall clock's time."""
    if answer.status < 400:
        where = "the service sends no redirects" if answer.status >= 300 else "this is not a final response"
        return BadAnswerError(f"HTTP {answer.status}: {where}; check the base URL", request_id=_request_id(answer))
    problem = _problem(answer)
    kind = _CLASSES.get(answer.status, InvalidRequestError if answer.status < 500 else ServiceError)
    message = _message_of(answer) if problem is None else f"{problem.title} {problem.detail or ''}".strip()
    return kind(
        message,
        status=answer.status,
        code=f"http_{answer.status}" if problem is None else problem.code,
        retryable=answer.status in _RETRYABLE,
        retry_after=retry_after_of(answer, now),
        request_id=_request_id(answer) if problem is None else problem.request_id,
        errors=(problem.errors or ()) if problem else (),
    )


def retry_after_of(answer: Answer, now: float) -> float | None:
    """Return the header in seconds from now, at most a day. Reads both of its forms (RFC 9110, section 10.2.3).

    A date is compared with the response's own Date, if it has one. tests/clients/cases has the cases for both clients.
    """
    value = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST_ASKED_SECONDS)
    at, sent = _moment(value), sent_at_of(answer)
    if at is None:
        return None
    return min(max(0.0, at - (now if sent is None else sent)), _LONGEST_ASKED_SECONDS)


def sent_at_of(answer: Answer) -> float | None:
    """Return the time of the response by the service's clock, in whole epoch seconds; None if it has none."""
    return _moment(answer.headers.get("date", ""))


def _moment(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if _DATE.fullmatch(value) else None
    except ValueError:
        return None


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadAnswerError(
            f"HTTP {answer.status} came without a JSON object; check that the base URL is the API's",
            request_id=_request_id(answer),
        )
    return found


def _problem(answer: Answer) -> Problem | None:
    try:
        return Problem.model_validate_json(answer.body)
    except ValidationError:
        return None


def _message_of(answer: Answer) -> str:
    """Return the gateway's `{"message": ...}`. Repeats nothing from any other page."""
    try:
        said = _object(answer).get("message")
    except BadAnswerError:
        said = None
    ours = _SAID.get(answer.status, "The service cannot do this right now." if answer.status >= 500 else "Refused.")
    return f"{ours} The gateway says: {said}." if isinstance(said, str) and said else ours


def _request_id(answer: Answer) -> str | None:
    return answer.headers.get("apigw-requestid")
