"""What the HTTP functions share: problem+json, the answer's form, the caller, the ETag. Knows no generation's rules."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.config import error_docs_url
from shared.errors import (
    AdmissionRefusedError,
    KeyReusedError,
    SealUnavailableError,
    StoreUnavailableError,
    UnstuckError,
)
from shared.metrics import Metric, measure
from shared.telemetry import logger

MAX_BODY_BYTES = 256 * 1024
_SUBJECT_LENGTH = 128
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

TITLES: Mapping[str, tuple[int, str]] = {
    "invalid_json": (400, "The body is not JSON."),
    "invalid_encoding": (400, "The body is not valid UTF-8 text."),
    "validation_failed": (400, "The body does not fit what this kind takes."),
    "idempotency_key_invalid": (400, "The Idempotency-Key is not 1 to 255 visible ASCII characters."),
    "user_key_required": (400, "What is retried was made with a key of yours, which is not kept: give one again."),
    "token_expired": (401, "The token has expired."),
    "invalid_query": (400, "The query string is not one that this call takes."),
    "unsupported_subject": (401, "The token's subject cannot be used as an owner."),
    "not_found": (404, "There is no such generation of yours."),
    "suggestion_not_found": (404, "The generation has no suggestion of that number."),
    "not_terminal": (409, "The generation has not ended yet."),
    "not_retryable": (409, "Only a failed or canceled generation can be retried."),
    "not_succeeded": (409, "Only a succeeded generation can be reviewed."),
    "no_suggestions": (409, "This kind of generation has nothing to review."),
    "body_too_large": (413, "The body is larger than 256 KB."),
    "idempotency_key_reused": (422, "The Idempotency-Key was used for another request."),
    "rate_limited": (429, "You have started as many generations as you may for now."),
    "too_many_running": (429, "You have as many generations under way as you may have at once."),
    "daily_spend_reached": (429, "Your generations have cost as much today as they may."),
    "internal_error": (500, "Something went wrong on our side."),
    "unavailable": (503, "The service cannot do this right now; try again shortly."),
}
"""Every problem that the functions answer: its status and title. docs/errors.md has a section for each."""


class ProblemError(UnstuckError):
    """An answer that is an error: a code of TITLES, and for 400 what is wrong with which field."""

    def __init__(
        self,
        code: str,
        *,
        detail: str | None = None,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer before it takes API Gateway's form. `body` None is an empty one, a text is sent as it is."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the HTTP API: payload format 2.0, already routed and its token already verified."""

    event: Mapping[str, Any]

    @property
    def request_id(self) -> str:
        return str(self.event["requestContext"]["requestId"])

    @property
    def owner(self) -> str:
        """The caller: the verified token's `sub` and nothing else. Raises ProblemError for one that is no key."""
        subject = self._claims().get("sub", "")
        if not (isinstance(subject, str) and 0 < len(subject) <= _SUBJECT_LENGTH and subject.isprintable()):
            raise ProblemError("unsupported_subject")
        if not subject.isascii():
            raise ProblemError("unsupported_subject")
        return subject

    def _claims(self) -> Mapping[str, Any]:
        """What API Gateway says of the token: its own verifier's claims, or what functions/authorizer answered.

        An answer of the authorizer may have been kept from an earlier call, so its `exp` is compared with this call's.
        """
        context = self.event["requestContext"]
        if "lambda" not in context["authorizer"]:
            return dict(context["authorizer"]["jwt"]["claims"])
        claims = dict(context["authorizer"]["lambda"])
        if int(claims["exp"]) * 1000 <= int(context["timeEpoch"]):
            raise ProblemError("token_expired")
        return claims

    @property
    def generation_id(self) -> str:
        """The id in the path. What is no id of ours cannot be there: it is answered as an absent one is."""
        generation_id = str(self.event.get("pathParameters", {}).get("generation_id", ""))
        if not _ID.fullmatch(generation_id):
            raise ProblemError("not_found")
        return generation_id

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name, as API Gateway hands them over."""
        value = self.event.get("headers", {}).get(name)
        return None if value is None else str(value)

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object of sound text. Raises ProblemError; its size comes first."""
        text = self._text()
        try:
            body = json.loads(text, parse_constant=_refuse_constant)
            _refuse_unsound(body)
        except (ValueError, RecursionError) as error:
            raise ProblemError("invalid_json", detail="Send one JSON object.") from error
        if not isinstance(body, dict):
            raise ProblemError("invalid_json", detail="Send one JSON object.")
        return body

    def _text(self) -> str:
        body = self.event.get("body") or ""
        if not self.event.get("isBase64Encoded"):
            raw = body.encode("utf-8", "surrogatepass")
        elif len(body) > MAX_BODY_BYTES * 4 // 3 + 4:
            raise ProblemError("body_too_large")
        else:
            try:
                raw = base64.b64decode(body, validate=True)
            except ValueError as error:  # not ASCII at all, or binascii's own for what is no base64
                raise ProblemError("invalid_encoding") from error
        if len(raw) > MAX_BODY_BYTES:
            raise ProblemError("body_too_large")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProblemError("invalid_encoding") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_unsound(value: object) -> None:
    """Refuse U+FFFD, which is what API Gateway makes of bytes that are not UTF-8, and lone surrogates."""
    if isinstance(value, str):
        if "\ufffd" in value:
            raise ProblemError("invalid_encoding")
        try:
            value.encode()  # fails for a lone surrogate, and is far cheaper than a look at each character
        except UnicodeEncodeError:
            raise ProblemError("invalid_encoding") from None
    elif isinstance(value, dict):
        for key, member in value.items():
            _refuse_unsound(key)
            _refuse_unsound(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_unsound(member)


Route = Callable[[Request], Answer]


def respond(event: Mapping[str, Any], routes: Mapping[str, Route]) -> dict[str, Any]:
    """Answer one call by the route that API Gateway chose. The one place where an error becomes an answer."""
    request = Request(event)
    try:
        answer = routes[event["routeKey"]](request)
    except ProblemError as problem:
        answer = _problem(problem, request)
    except KeyReusedError:
        answer = _problem(ProblemError("idempotency_key_reused"), request)
    except AdmissionRefusedError as refused:
        answer = _problem(_refusal(refused), request)
    except (StoreUnavailableError, SealUnavailableError):
        logger().exception("DynamoDB or KMS is unavailable")
        measure({Metric.ERRORS: 1})
        answer = _problem(ProblemError("unavailable"), request)
    except Exception:  # noqa: BLE001 - whatever it is, the caller gets problem+json, and the log the cause
        logger().exception("unexpected error")
        measure({Metric.ERRORS: 1})
        answer = _problem(ProblemError("internal_error"), request)
    return _to_gateway(answer)


def _refusal(refused: AdmissionRefusedError) -> ProblemError:
    headers = {"retry-after": str(refused.retry_after_seconds)}
    return ProblemError(refused.code, headers=headers | (refused.rate.headers() if refused.rate else {}))


def _problem(problem: ProblemError, request: Request) -> Answer:
    status, title = TITLES[problem.code]
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
        headers["retry-after"] = "2"
    return Answer(status, body, headers)


def _to_gateway(answer: Answer) -> dict[str, Any]:
    headers = {"content-type": "application/json", "cache-control": "no-store", **answer.headers}
    body = "" if answer.body is None else answer.body
    if not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {"statusCode": answer.status, "headers": headers, "body": body}
