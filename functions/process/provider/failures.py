"""Every way in which a call can fail: the error's type, code and message for each observation.

The type decides what happens next (see `shared.domain.errors`). A server's own text is never passed on, because servers
quote prompts and keys.
"""

import ssl
from dataclasses import dataclass
from socket import gaierror

from functions.process.provider import wordings
from functions.process.provider.report import Report
from shared.domain.errors import (
    CallDeadlineExceededError,
    InvalidOutputError,
    PermanentProviderError,
    ProtocolBrokenError,
    ProviderError,
    TransientProviderError,
)
from shared.domain.generation import Usage


@dataclass(frozen=True, slots=True)
class CallFailure:
    """One failure: the error's type, its code and its complete message."""

    error: type[ProviderError]
    code: str
    message: str

    def raised(
        self,
        detail: str = "",
        *,
        retry_after_seconds: float | None = None,
        usage: Usage | None = None,
        unpaid: bool = False,
    ) -> ProviderError:
        """Return the error to raise. `detail` is our text, never the server's."""
        message = f"{self.message} ({detail})" if detail else self.message
        return self.error(
            self.code,
            message,
            retry_after_seconds=retry_after_seconds,
            usage=usage,
            unpaid=unpaid,
        )


LATER, NEVER, REPAIR = TransientProviderError, PermanentProviderError, InvalidOutputError

UNREACHABLE = CallFailure(LATER, "provider_unreachable", "the provider could not be reached")
DEADLINE = CallFailure(
    CallDeadlineExceededError, "provider_timeout", "the provider did not finish in the time the call was given"
)
TIMED_OUT = CallFailure(LATER, "provider_timeout", "the provider gave up waiting for the model")
RATE_LIMITED = CallFailure(LATER, "provider_rate_limited", "the provider asked for fewer calls")
UNAVAILABLE = CallFailure(LATER, "provider_unavailable", "the provider or the model behind it is not available")
STREAM_CUT = CallFailure(LATER, "provider_stream_cut", "the provider's answer ended before it was whole")
PROVIDER_ERROR = CallFailure(LATER, "provider_error", "the provider reported an error while it answered")
PROTOCOL_BROKEN = CallFailure(
    ProtocolBrokenError, "provider_protocol_broken", "the provider's answer did not follow its protocol"
)
KEY_REFUSED = CallFailure(NEVER, "provider_key_refused", "the provider refused the key")
OUT_OF_CREDIT = CallFailure(NEVER, "provider_out_of_credit", "the provider's account is out of credit")
FORBIDDEN = CallFailure(NEVER, "provider_forbidden", "the provider does not allow this request")
INPUT_TOO_LARGE = CallFailure(NEVER, "provider_input_too_large", "the input is too large for the model")
BAD_REQUEST = CallFailure(NEVER, "provider_bad_request", "the provider refused the request or lacks the model")
OUTPUT_TOO_LARGE = CallFailure(NEVER, "output_too_large", "the model's answer was larger than is accepted")
OUTPUT_FILTERED = CallFailure(NEVER, "output_filtered", "the provider's content filter stopped the answer")
OUTPUT_REFUSED = CallFailure(NEVER, "output_refused", "the model refused to answer")
OUTPUT_TRUNCATED = CallFailure(REPAIR, "output_truncated", "the model's answer exceeded its limit of tokens")
OUTPUT_EMPTY = CallFailure(REPAIR, "output_empty", "the model's answer was empty")
OUTPUT_NO_PICTURE = CallFailure(REPAIR, "output_empty", "the model answered without a picture")
OUTPUT_INVALID = CallFailure(REPAIR, "output_invalid", "the model's answer was not text in UTF-8")
OUTPUT_NOT_JSON = CallFailure(REPAIR, "output_invalid", "the provider found the model's answer not to fit the schema")
OUTPUT_NOT_PICTURE = CallFailure(REPAIR, "output_invalid", "the model's picture is not a whole PNG, JPEG or WebP")
OUTPUT_NOT_TEXT = CallFailure(REPAIR, "output_invalid", "the model called a tool instead of answering")

BY_STATUS = {
    401: KEY_REFUSED,
    402: OUT_OF_CREDIT,
    403: FORBIDDEN,
    408: TIMED_OUT,
    409: UNAVAILABLE,
    413: INPUT_TOO_LARGE,
    424: UNAVAILABLE,
    425: UNAVAILABLE,
    429: RATE_LIMITED,
    498: UNAVAILABLE,
    499: UNAVAILABLE,
}
BY_STATUS_CLASS = {3: BAD_REQUEST, 4: BAD_REQUEST, 5: UNAVAILABLE}
_MEANT = {
    wordings.Meaning.KEY: KEY_REFUSED,
    wordings.Meaning.CREDIT: OUT_OF_CREDIT,
    wordings.Meaning.CONTEXT: INPUT_TOO_LARGE,
    wordings.Meaning.FILTER: OUTPUT_FILTERED,
    wordings.Meaning.REFUSAL: OUTPUT_REFUSED,
    wordings.Meaning.NOT_JSON: OUTPUT_NOT_JSON,
    wordings.Meaning.RATE: RATE_LIMITED,
    wordings.Meaning.BUSY: UNAVAILABLE,
    wordings.Meaning.TIMEOUT: TIMED_OUT,
    wordings.Meaning.REQUEST: BAD_REQUEST,
    wordings.Meaning.FORBIDDEN: FORBIDDEN,
}
_FINISHED = {
    wordings.Finish.TRUNCATED: OUTPUT_TRUNCATED,
    wordings.Finish.FILTERED: OUTPUT_FILTERED,
    wordings.Finish.REFUSED: OUTPUT_REFUSED,
    wordings.Finish.FAILED: PROVIDER_ERROR,
}

WHY_UNREACHABLE = (
    (ssl.SSLCertVerificationError, "its certificate was not accepted"),
    (ssl.SSLError, "no TLS"),
    (gaierror, "its name was not found"),
    (ConnectionRefusedError, "the connection was refused"),
    (TimeoutError, "no connection in time"),
)


def of_refusal(
    status: int, report: Report, *, told_wait: bool = False, try_again: bool = False
) -> tuple[CallFailure, str]:
    """Return the failure of a response with a status other than 2xx, and a detail to report.

    The body's words about keys, credit, context and filters decide, whatever the status. `told_wait` means that the
    server said when to retry; then a quota is temporary. `try_again` means that the server recommends a retry.
    """
    meant = wordings.meaning_of(report, status, told_wait=told_wait)
    if meant in wordings.BEYOND_STATUS:
        return _MEANT[meant], f"HTTP {status}"
    failure = BY_STATUS.get(status) or BY_STATUS_CLASS.get(status // 100, PROTOCOL_BROKEN)
    if failure is BAD_REQUEST and status >= 400 and (try_again or meant in wordings.PASSING):
        failure = _MEANT[meant] if meant in wordings.PASSING else UNAVAILABLE
    return failure, f"HTTP {status}"


def of_error(report: Report, *, told_wait: bool = False) -> tuple[CallFailure, str]:
    """Return the failure of an error inside a response with status 200, by its text."""
    meant = wordings.meaning_of(report, None, told_wait=told_wait)
    if meant in wordings.BEYOND_STATUS:
        return _MEANT[meant], "in the stream"
    if statuses := report.statuses:
        status = statuses[0]
        return BY_STATUS.get(status) or BY_STATUS_CLASS[status // 100], f"error {status}"
    return (_MEANT[meant], "in the stream") if meant else (PROVIDER_ERROR, "")


def of_finish(finish: wordings.Finish) -> CallFailure | None:
    """Return the failure of an answer that the model ended for this reason; None if it may be complete."""
    return _FINISHED.get(finish)


def why_unreachable(error: BaseException) -> str:
    """Return the reason, found along the chain of causes."""
    cause: BaseException | None = error
    while cause is not None:
        for kind, reason in WHY_UNREACHABLE:
            if isinstance(cause, kind):
                return reason
        cause = cause.__cause__ or cause.__context__
    return ""


def is_tls_failure(error: BaseException) -> bool:
    """Whether TLS failed. The next try would fail the same way."""
    return why_unreachable(error) in {reason for kind, reason in WHY_UNREACHABLE if issubclass(kind, ssl.SSLError)}
