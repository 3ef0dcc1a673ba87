"""The errors, one class for each way of handling them. Every error says whether a retry can help.

Knows the codes of docs/errors.md and nothing of HTTP.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unstuck.codes import FAILURES

if TYPE_CHECKING:
    from unstuck.models import FieldError, GenerationDetail

RETRYABLE_FAILURES = frozenset(name for name, code in FAILURES.items() if code.retried) - {"crash_loop"}
"""Codes of failures that a later retry may avoid.

These are the codes that the service itself retried, except `crash_loop`, where the same input will probably fail again.
"""


class UnstuckError(Exception):
    """Base of all errors of this package about the service, the network and generations.

    `code` is stable and meant for programs. `retryable` means that the same call may succeed later; for a failed
    generation, the same request. `retry_after` is how many seconds the service asked to wait, if it did. The client has
    already done its own retries before it raises the error.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        retryable: bool = False,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.request_id = request_id
        """Include it when you report a problem."""
        self.generation_id: str | None = None
        """The generation of the call. An accepted generation continues, whatever happened to the call."""
        self.idempotency_key: str | None = None
        """For a create that may have succeeded: resend it with this key, and nothing starts twice."""

    def __str__(self) -> str:
        about = [self.code, *([f"request {self.request_id}"] if self.request_id else [])]
        return f"{self.message} ({', '.join(about)})"


class ApiError(UnstuckError):
    """The service refused the call.

    `code` is one of docs/errors.md, or `http_<status>` if API Gateway or a proxy responded instead of the service.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        retryable: bool = False,
        retry_after: float | None = None,
        request_id: str | None = None,
        errors: Sequence["FieldError"] = (),
    ) -> None:
        super().__init__(message, code=code, retryable=retryable, retry_after=retry_after, request_id=request_id)
        self.status = status
        self.errors = tuple(errors)
        """The faulty fields and their faults, if the service names them."""

    def __str__(self) -> str:
        fields = "".join(f"; {error.field}: {error.message}" for error in self.errors)
        return super().__str__() + fields


class InvalidRequestError(ApiError):
    """400, 413, 422 and the other 4xx: the request is invalid and would fail again."""


class UnauthorizedError(ApiError):
    """401, 403: the token is missing, expired, or not valid for this deployment."""


class NotFoundError(ApiError):
    """404: the caller has no such generation, or the base URL is not the API's."""


class ConflictError(ApiError):
    """409: the generation's status does not allow this call."""


class LimitReachedError(ApiError):
    """429: a limit of the caller, or the gateway's throttle. `retry_after` says when to try again."""


class ServiceError(ApiError):
    """5xx: the service could not do it now. A create may have succeeded; see `idempotency_key`."""


class UnreachableError(UnstuckError):
    """No response: no connection, cut off, or timed out. The outcome of the call is unknown."""

    def __init__(self, message: str, *, token_expired: bool = False) -> None:
        super().__init__(message, code="unreachable", retryable=True)
        self.token_expired = token_expired
        """The token's own `exp` has passed. A gateway that refuses such a token may not respond at all."""


class TokenUnavailableError(UnstuckError):
    """The token function failed, timed out, or returned a token that no header can hold. Nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="token_unavailable", retryable=True)


class AnotherUserError(UnstuckError):
    """The token changed to another user's before the call was done. The client did not retry."""

    def __init__(self) -> None:
        message = (
            "the call was not retried, because the token now belongs to another user; resend it as the original user"
        )
        super().__init__(message, code="another_user")


class ClosedError(UnstuckError):
    """The client was closed before the call was done."""

    def __init__(self) -> None:
        super().__init__("the client is closed; create a new one", code="closed")


class BadAnswerError(UnstuckError):
    """The response is not the API's: the base URL leads to another server, or to a newer major version."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message, code="invalid_answer", request_id=request_id)


class WaitTimeoutError(UnstuckError):
    """The generation did not end within the timeout. It continues; wait again."""

    def __init__(self, generation_id: str) -> None:
        super().__init__(f"{generation_id} has not ended yet", code="wait_timeout", retryable=True)
        self.generation_id = generation_id


class GenerationEndedError(UnstuckError):
    """The awaited generation ended without an output. `generation` is its final state."""

    def __init__(self, generation: "GenerationDetail", message: str, *, code: str, retryable: bool) -> None:
        super().__init__(message, code=code, retryable=retryable)
        self.generation = generation
        self.generation_id = generation.generation_id


class GenerationFailedError(GenerationEndedError):
    """It failed. `code` is one of the failures in docs/errors.md."""

    def __init__(self, generation: "GenerationDetail") -> None:
        code = generation.error.code if generation.error else "unknown"
        message = generation.error.message if generation.error else "the service gives no reason"
        super().__init__(generation, message, code=code, retryable=code in RETRYABLE_FAILURES)


class GenerationCanceledError(GenerationEndedError):
    """It was canceled."""

    def __init__(self, generation: "GenerationDetail") -> None:
        super().__init__(generation, "the generation was canceled", code="canceled", retryable=False)
