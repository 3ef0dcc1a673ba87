"""Turns a service's response, or the error that it raised, into API Gateway's form. Knows no rules of generations."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.aws.journal import log_answered, sample_rate
from shared.aws.logs import logger
from shared.aws.metrics import Metric, measure, measure_refused
from shared.domain.codes.problems import PROBLEMS
from shared.domain.errors import (
    AdmissionRefusedError,
    EditsTooLargeError,
    KeyReusedError,
    ObjectDeniedError,
    SealUnavailableError,
    StoreUnavailableError,
    UnreadableError,
)
from shared.domain.settings import error_docs_url
from shared.http.problems import ProblemError
from shared.http.request import Request


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response before it takes API Gateway's form. A `body` of None is empty; a text is sent unchanged."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Request], Response]
_STARTS = frozenset({"POST /v1/generations", "POST /v1/generations/{generation_id}/retry"})
"""The routes that start a generation."""


def respond(event: Mapping[str, Any], routes: Mapping[str, Route]) -> dict[str, Any]:
    """Answer one call by the route that API Gateway chose. The only place where an error becomes a response."""
    request, began = Request(event), time.monotonic()
    method, _, path = str(event["routeKey"]).partition(" ")
    route, code = f"GET {path}" if method == "HEAD" else event["routeKey"], None
    try:
        response = routes[route](request)
    except Exception as error:  # noqa: BLE001 - for any error, the caller gets problem+json and the log gets the cause
        problem = _problem_of(error)
        response, code = _problem(problem, request), problem.code
        if route in _STARTS:
            measure_refused(code)
    if sample_rate() > 0:
        log_answered(event["routeKey"], request.request_id, response.status, code, time.monotonic() - began)
    if method == "HEAD":  # GET's response without the content (RFC 9110, section 9.3.2)
        response = Response(response.status, None, response.headers)
    return _to_gateway(response)


def _problem_of(error: Exception) -> ProblemError:
    """Return the problem that the caller gets for an error. A fault of the service is logged and counted."""
    match error:
        case ProblemError():
            return error
        case KeyReusedError():
            return ProblemError("idempotency_key_reused")
        case AdmissionRefusedError():
            return _refusal(error)
        case EditsTooLargeError():
            return ProblemError("body_too_large", detail="The edits are too large to store. Shorten them.")
    measure({Metric.ERRORS: 1})
    code, said = _fault(error)
    logger().exception(said)
    return ProblemError(code)


def _fault(error: Exception) -> tuple[str, str]:
    """Return a fault's code, and its log message."""
    match error:
        case UnreadableError() | ObjectDeniedError():
            return "unreadable", "the stored data cannot be read"
        case StoreUnavailableError() | SealUnavailableError():
            return "unavailable", "DynamoDB or KMS is unavailable"
    return "internal_error", "unexpected error"


def _refusal(refused: AdmissionRefusedError) -> ProblemError:
    headers = {"retry-after": str(refused.retry_after_seconds)}
    return ProblemError(refused.code, headers=headers | (refused.rate.headers() if refused.rate else {}))


def _problem(problem: ProblemError, request: Request) -> Response:
    status, title = PROBLEMS[problem.code].status, PROBLEMS[problem.code].title
    body: dict[str, Any] = {
        "type": f"{error_docs_url()}{problem.code}",
        "title": title,
        "status": status,
        "code": problem.code,
        "request_id": request.request_id,
    }
    if problem.detail:
        body["detail"] = problem.detail
    if problem.errors:
        body["errors"] = problem.errors
    headers = {"content-type": "application/problem+json", **problem.headers}
    if status == 503:
        headers.setdefault("retry-after", "2")
    return Response(status, body, headers)


def _to_gateway(response: Response) -> dict[str, Any]:
    headers = {"content-type": "application/json", "cache-control": "no-store", **response.headers}
    body = "" if response.body is None else response.body
    if not isinstance(body, str):
        body = json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return {"statusCode": response.status, "headers": headers, "body": body}
