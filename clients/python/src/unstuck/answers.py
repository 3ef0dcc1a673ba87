"""Reads answers: a model, or the error that an answer stands for. Knows both forms of error, ours and the gateway's."""

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
"""No wait that a server asks for is read as longer than a day."""
_SECONDS = re.compile(r"[0-9]++(\.[0-9]++)?")
_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)
_SAID = {
    401: "The token is missing, has expired, or is not one that this deployment takes.",
    403: "The token was refused.",
    404: "There is nothing at this address: is the base URL that of the API?",
    429: "Too many calls at once.",
}


def read[Model: Answered](model: type[Model], answer: Answer, **from_headers: Any) -> Model:
    """Return the answer's body as a model; raise BadAnswerError when it is none."""
    given = {name: value for name, value in from_headers.items() if value is not None}
    try:
        return model.model_validate(_object(answer) | given)
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors(include_input=False)}))
        raise BadAnswerError(
            f"the answer is not a {model.__name__} (wrong: {where})", request_id=_request_id(answer)
        ) from None


def read_document(answer: Answer) -> dict[str, Any]:
    """Return an OpenAPI document as it is; raise BadAnswerError when it is none."""
    found = _object(answer)
    if not isinstance(found.get("paths"), dict):
        raise BadAnswerError("the answer is no OpenAPI document; is the base URL that of the API?")
    return found


def error_of(answer: Answer, now: float) -> ApiError | BadAnswerError:
    """Return what an answer that is neither 2xx nor 304 stands for; `now` is the wall clock's time."""
    if answer.status < 400:
        where = "the service answers no redirects" if answer.status >= 300 else "that is no final answer"
        return BadAnswerError(f"HTTP {answer.status}: {where}; is the base URL right?", request_id=_request_id(answer))
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
    """Return the header in seconds from now, in both of its forms (RFC 9110, section 10.2.3), and a day at most.

    A date counts from the answer's own, where it has one. The cases are in tests/clients/cases, for both clients.
    """
    value = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST_ASKED_SECONDS)
    at, sent = _moment(value), sent_at_of(answer)
    if at is None:
        return None
    return min(max(0.0, at - (now if sent is None else sent)), _LONGEST_ASKED_SECONDS)


def sent_at_of(answer: Answer) -> float | None:
    """Return when it was answered, by the service's clock, in whole epoch seconds; None where it does not say."""
    return _moment(answer.headers.get("date", ""))


def _moment(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if _DATE.fullmatch(value) else None
    except ValueError:
        return None


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadAnswerError(
            f"HTTP {answer.status} came with no JSON object; is the base URL that of the API?",
            request_id=_request_id(answer),
        )
    return found


def _problem(answer: Answer) -> Problem | None:
    try:
        return Problem.model_validate_json(answer.body)
    except ValidationError:
        return None


def _message_of(answer: Answer) -> str:
    """Return what the gateway says in `{"message": ...}`; of a page that is none, not a word is repeated."""
    try:
        said = _object(answer).get("message")
    except BadAnswerError:
        said = None
    ours = _SAID.get(answer.status, "The service cannot do this right now." if answer.status >= 500 else "Refused.")
    return f"{ours} The gateway says: {said}." if isinstance(said, str) and said else ours


def _request_id(answer: Answer) -> str | None:
    return answer.headers.get("apigw-requestid")
