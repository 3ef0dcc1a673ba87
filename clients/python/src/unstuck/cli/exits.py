"""Exit codes and error messages: what happened, and what to do. Decides nothing."""

from typing import Any

from unstuck.codes import FAILURES
from unstuck.errors import (
    AnotherUserError,
    ApiError,
    BadAnswerError,
    ConflictError,
    GenerationEndedError,
    LimitReachedError,
    NotFoundError,
    ServiceError,
    TokenUnavailableError,
    UnauthorizedError,
    UnreachableError,
    UnstuckError,
    WaitTimeoutError,
)

OK, ENDED_BADLY, USAGE, NOT_FOUND, REFUSED, UNAVAILABLE, NOT_YET, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130

_OF_CONFLICTS = {
    "not_terminal": "It has not ended. Wait for it (unstuck watch {id}) or cancel it (unstuck cancel {id}).",
    "not_retryable": "Submit it again. Only a failed or canceled generation can be retried (unstuck get {id}).",
    "not_succeeded": "It has not succeeded, so there is nothing to review. Check its status: unstuck get {id}",
    "no_suggestions": "Its output has no suggestions to review. See it: unstuck get {id}",
}


def code_of(error: UnstuckError) -> int:
    """Return the exit code of an error."""
    if isinstance(error, GenerationEndedError):
        return ENDED_BADLY
    if isinstance(error, NotFoundError):
        return NOT_FOUND
    if isinstance(error, WaitTimeoutError):
        return NOT_YET
    if isinstance(error, UnreachableError | ServiceError | BadAnswerError):
        return UNAVAILABLE
    return REFUSED


def as_json(error: UnstuckError) -> dict[str, Any]:
    """Return an error for programs."""
    told = {
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
        "retry_after": error.retry_after,
        "request_id": error.request_id,
        "generation_id": error.generation_id,
        "idempotency_key": error.idempotency_key,
        "status": getattr(error, "status", None),
        "errors": [field.model_dump() for field in getattr(error, "errors", ())] or None,
        "to_do": to_do(error),
    }
    return {"error": {name: value for name, value in told.items() if value is not None}}


def to_do(error: UnstuckError) -> str:  # noqa: PLR0911 - a table whose rows differ in more than a text
    """Return what the user can do about an error, in one or two sentences."""
    about = error.generation_id or "ID"
    match error:
        case GenerationEndedError():
            return _after_the_end(error, about)
        case WaitTimeoutError():
            return f"It continues. Wait for it again: unstuck watch {about}"
        case UnauthorizedError() | TokenUnavailableError() | AnotherUserError():
            return "Get a new token and set UNSTUCK_TOKEN to it, or run: unstuck login"
        case NotFoundError(code="not_found"):
            return "You can see only your own generations, until their retention ends. List them: unstuck list"
        case NotFoundError(code="suggestion_not_found"):
            return f"See its suggestions and their numbers: unstuck get {about}"
        case NotFoundError():
            return "Check the address (--url, UNSTUCK_URL or unstuck login). It must not include /v1."
        case ConflictError():
            return _OF_CONFLICTS.get(error.code, "Check its status: unstuck get {id}").format(id=about)
        case LimitReachedError():
            when = "a while" if error.retry_after is None else duration(error.retry_after)
            return f"Try again in {when}. See your limits: unstuck usage"
        case UnreachableError():
            return "Check the address and the network, and try again." + _once_more(error)
        case ServiceError():
            return "Try again shortly. If it keeps failing, report it to the operator of the service." + _once_more(
                error
            )
        case BadAnswerError():
            return "Check the address (--url, UNSTUCK_URL or unstuck login), and update this client if it is old."
        case ApiError():
            return "Fix what is named above. The same request fails again."
    return ""


def duration(seconds: float) -> str:
    """Return a duration for people, rounded up."""
    whole = int(-(-seconds // 1))
    if whole < 120:
        return f"{whole} s"
    return f"{-(-whole // 60)} min" if whole < 7200 else f"{-(-whole // 3600)} h"


def _once_more(error: UnstuckError) -> str:
    if error.idempotency_key is None:
        return ""
    key = error.idempotency_key
    return f" It may have been accepted. Repeat it with --idempotency-key {key}, and it cannot start twice."


def _after_the_end(error: GenerationEndedError, about: str) -> str:
    again = f"Retry it from its stored steps: unstuck retry {about}"
    if error.code == "canceled" or error.retryable:
        return again
    known = FAILURES.get(error.code)
    return f"{known.fix} {again}" if known else f"The same input will probably fail again. {again}"
