"""What can go wrong, one class for each way of dealing with it. Every error says whether trying again can help.

Knows the codes of docs/errors.md and nothing of HTTP.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unstuck.codes import FAILURES

if TYPE_CHECKING:
    from unstuck.models import FieldError, GenerationDetail

RETRYABLE_FAILURES = frozenset(name for name, code in FAILURES.items() if code.retried) - {"crash_loop"}
"""Codes of failures that the same generation, tried again later, may well not meet.

These are the ones that the service itself has retried, without `crash_loop`: there the same input is likely to fail
again.
"""


class UnstuckError(Exception):
    """Base of all that this package raises for the service, the network and the generations.

    `code` is stable and meant for programs; `retryable` says that the same call, or for a failed generation the same
    request, may succeed later; `retry_after` is how many seconds the service asked to wait, if it did. What the client
    repeats by itself, it has repeated before you see the error.
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
        """Name it when you report a problem."""
        self.generation_id: str | None = None
        """The generation that it was about. One that was accepted goes on, whatever became of the call."""
        self.idempotency_key: str | None = None
        """Of a create that may have been carried out: repeat it with this key, and nothing starts twice."""

    def __str__(self) -> str:
        about = [self.code, *([f"request {self.request_id}"] if self.request_id else [])]
        return f"{self.message} ({', '.join(about)})"


class ApiError(UnstuckError):
    """The service answered that the call cannot be done.

    `code` is one of docs/errors.md, or `http_<status>` where API Gateway or a proxy answered in the service's place.
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
        """What is wrong with which field, where the service says so."""

    def __str__(self) -> str:
        fields = "".join(f"; {error.field}: {error.message}" for error in self.errors)
        return super().__str__() + fields


class InvalidRequestError(ApiError):
    """400, 413, 422 and the other 4xx: the request is wrong, and fails again as it is."""


class UnauthorizedError(ApiError):
    """401, 403: the token is missing, expired, or not one that this deployment takes."""


class NotFoundError(ApiError):
    """404: the caller has no such generation, or the base URL is not that of the API."""


class ConflictError(ApiError):
    """409: the generation's status does not allow this call."""


class LimitReachedError(ApiError):
    """429: a limit of the caller's, or the gateway's throttle; `retry_after` says when there is room again."""


class ServiceError(ApiError):
    """5xx: the service could not do it now. A create may have been carried out; see `idempotency_key`."""


class UnreachableError(UnstuckError):
    """No answer came: no connection, cut off, or too slow. Whether the call was carried out is not known."""

    def __init__(self, message: str, *, token_expired: bool = False) -> None:
        super().__init__(message, code="unreachable", retryable=True)
        self.token_expired = token_expired
        """The token's own `exp` was past: a gateway that refuses such a token may not answer at all."""


class TokenUnavailableError(UnstuckError):
    """The token function failed, gave none in time, or gave one that no header can hold. Nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="token_unavailable", retryable=True)


class AnotherUserError(UnstuckError):
    """The token has become another user's before the call was done. It was not sent again."""

    def __init__(self) -> None:
        message = "it was not sent again: the token is another user's by now; send it once more as the user whose it is"
        super().__init__(message, code="another_user")


class ClosedError(UnstuckError):
    """The client was closed before the call was done."""

    def __init__(self) -> None:
        super().__init__("the client is closed; make another one", code="closed")


class BadAnswerError(UnstuckError):
    """An answer that is not the API's: another server behind the base URL, or one of a newer major version."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message, code="invalid_answer", request_id=request_id)


class WaitTimeoutError(UnstuckError):
    """The generation had not ended within the time that was given to wait. It goes on: wait again."""

    def __init__(self, generation_id: str) -> None:
        super().__init__(f"{generation_id} has not ended yet", code="wait_timeout", retryable=True)
        self.generation_id = generation_id


class GenerationEndedError(UnstuckError):
    """A generation that was waited for ended without an output; `generation` is how it ended."""

    def __init__(self, generation: "GenerationDetail", message: str, *, code: str, retryable: bool) -> None:
        super().__init__(message, code=code, retryable=retryable)
        self.generation = generation
        self.generation_id = generation.generation_id


class GenerationFailedError(GenerationEndedError):
    """It failed; `code` is one of the failures in docs/errors.md."""

    def __init__(self, generation: "GenerationDetail") -> None:
        code = generation.error.code if generation.error else "unknown"
        message = generation.error.message if generation.error else "the service does not say why"
        super().__init__(generation, message, code=code, retryable=code in RETRYABLE_FAILURES)


class GenerationCanceledError(GenerationEndedError):
    """It was canceled."""

    def __init__(self, generation: "GenerationDetail") -> None:
        super().__init__(generation, "the generation was canceled", code="canceled", retryable=False)
