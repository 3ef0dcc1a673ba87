"""How a service's response, or the error that it raised, becomes API Gateway's form. Knows no generation's rules."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.aws.logs import logger
from shared.aws.metrics import Metric, measure
from shared.domain.codes.problems import PROBLEMS
from shared.domain.errors import (
    AdmissionRefusedError,
    KeyReusedError,
    SealUnavailableError,
    StoreUnavailableError,
)
from shared.domain.settings import error_docs_url
from shared.http.problems import ProblemError
from shared.http.request import Request


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response before it takes API Gateway's form. `body` None is an empty one, a text is sent as it is."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Request], Response]


def respond(event: Mapping[str, Any], routes: Mapping[str, Route]) -> dict[str, Any]:
    """Answer one call by the route that API Gateway chose. The one place where an error becomes a response."""
    request = Request(event)
    method, _, path = str(event["routeKey"]).partition(" ")
    try:
        response = routes[f"GET {path}" if method == "HEAD" else event["routeKey"]](request)
    except ProblemError as problem:
        response = _problem(problem, request)
    except KeyReusedError:
        response = _problem(ProblemError("idempotency_key_reused"), request)
    except AdmissionRefusedError as refused:
        response = _problem(_refusal(refused), request)
    except (StoreUnavailableError, SealUnavailableError):
        logger().exception("DynamoDB or KMS is unavailable")
        measure({Metric.ERRORS: 1})
        response = _problem(ProblemError("unavailable"), request)
    except Exception:  # noqa: BLE001 - whatever it is, the caller gets problem+json, and the log the cause
        logger().exception("unexpected error")
        measure({Metric.ERRORS: 1})
        response = _problem(ProblemError("internal_error"), request)
    if method == "HEAD":  # what GET would answer, without the content (RFC 9110, section 9.3.2)
        response = Response(response.status, None, response.headers)
    return _to_gateway(response)


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
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {"statusCode": response.status, "headers": headers, "body": body}
