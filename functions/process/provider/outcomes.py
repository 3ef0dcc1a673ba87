"""Every way in which a call can end badly: one table from what was seen to the error's type and code.

The type says what is to be done (see `shared.domain.errors`); nothing of a server's own words is passed on, since
servers quote prompts and keys in them.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from socket import gaierror
from typing import Any

from shared.domain.errors import (
    CallDeadlineExceededError,
    InvalidOutputError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)
from shared.domain.generation import Usage


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to end: the error's type, its code and its whole message."""

    error: type[ProviderError]
    code: str
    message: str

    def raised(
        self,
        detail: str = "",
        *,
        retry_after_seconds: float | None = None,
        usage: Usage | None = None,
        call_id: str | None = None,
    ) -> ProviderError:
        """Return the error to raise. `detail` is ours, never the server's."""
        message = f"{self.message} ({detail})" if detail else self.message
        return self.error(self.code, message, retry_after_seconds=retry_after_seconds, usage=usage, call_id=call_id)


LATER, NEVER, REPAIR = TransientProviderError, PermanentProviderError, InvalidOutputError

UNREACHABLE = Outcome(LATER, "provider_unreachable", "the provider could not be reached")
DEADLINE = Outcome(
    CallDeadlineExceededError, "provider_timeout", "the provider did not finish in the time the call was given"
)
TIMED_OUT = Outcome(LATER, "provider_timeout", "the provider gave up waiting for the model")
RATE_LIMITED = Outcome(LATER, "provider_rate_limited", "the provider asked for fewer calls")
UNAVAILABLE = Outcome(LATER, "provider_unavailable", "the provider or the model behind it is not available")
STREAM_CUT = Outcome(LATER, "provider_stream_cut", "the provider's answer ended before it was whole")
PROVIDER_ERROR = Outcome(LATER, "provider_error", "the provider reported an error while it answered")
PROTOCOL_BROKEN = Outcome(LATER, "provider_error", "the provider's answer did not follow its protocol")
KEY_REFUSED = Outcome(NEVER, "provider_key_refused", "the provider refused the key")
OUT_OF_CREDIT = Outcome(NEVER, "provider_out_of_credit", "the provider's account is out of credit")
FORBIDDEN = Outcome(NEVER, "provider_forbidden", "the provider does not allow this request")
INPUT_TOO_LARGE = Outcome(NEVER, "provider_input_too_large", "the input is too large for the model")
BAD_REQUEST = Outcome(NEVER, "provider_bad_request", "the provider refused the request or does not have the model")
OUTPUT_TOO_LARGE = Outcome(NEVER, "output_too_large", "the model's answer was larger than is accepted")
OUTPUT_FILTERED = Outcome(NEVER, "output_filtered", "the provider's content filter stopped the answer")
OUTPUT_REFUSED = Outcome(NEVER, "output_refused", "the model refused to answer")
OUTPUT_TRUNCATED = Outcome(REPAIR, "output_truncated", "the model's answer was longer than its limit of tokens")
OUTPUT_EMPTY = Outcome(REPAIR, "output_empty", "the model's answer was empty")
OUTPUT_NO_IMAGE = Outcome(REPAIR, "output_empty", "the model answered without a picture")
OUTPUT_INVALID = Outcome(REPAIR, "output_invalid", "the model's answer was not text in UTF-8")
OUTPUT_NOT_IMAGE = Outcome(REPAIR, "output_invalid", "the model's picture is not a sound PNG, JPEG or WebP")
OUTPUT_NOT_TEXT = Outcome(REPAIR, "output_invalid", "the model called a tool instead of answering")

BY_STATUS = {
    401: KEY_REFUSED,
    402: OUT_OF_CREDIT,
    403: FORBIDDEN,
    408: TIMED_OUT,
    413: INPUT_TOO_LARGE,
    425: UNAVAILABLE,
    429: RATE_LIMITED,
}
BY_STATUS_CLASS = {3: BAD_REQUEST, 4: BAD_REQUEST, 5: UNAVAILABLE}

# Words that say more than the status they come with: OpenAI's 429 for a spent quota does not pass by waiting.
# OpenRouter's own are in the error's metadata, as `error_type`.
BEYOND_STATUS = {
    "content_filter": OUTPUT_FILTERED,
    "content_policy_violation": OUTPUT_FILTERED,
    "context_length_exceeded": INPUT_TOO_LARGE,
    "exceed_context_size_error": INPUT_TOO_LARGE,
    "insufficient_quota": OUT_OF_CREDIT,
    "invalid_api_key": KEY_REFUSED,
    "payload_too_large": INPUT_TOO_LARGE,
    "refusal": OUTPUT_REFUSED,
    "string_too_long": INPUT_TOO_LARGE,
    "token_limit_exceeded": INPUT_TOO_LARGE,
}
# Words that stand in for a status where there is none: in a stream.
BY_WORD = BEYOND_STATUS | {
    "authentication_error": KEY_REFUSED,
    "invalid_prompt": BAD_REQUEST,
    "invalid_request_error": BAD_REQUEST,
    "model_not_found": BAD_REQUEST,
    "overloaded_error": UNAVAILABLE,
    "rate_limit_error": RATE_LIMITED,
    "rate_limit_exceeded": RATE_LIMITED,
    "server_error": UNAVAILABLE,
}

BY_FINISH = {
    "length": OUTPUT_TRUNCATED,
    "content_filter": OUTPUT_FILTERED,
    "error": PROVIDER_ERROR,
    "tool_calls": OUTPUT_NOT_TEXT,
    "function_call": OUTPUT_NOT_TEXT,
}

WHY_UNREACHABLE = (
    (ssl.SSLCertVerificationError, "its certificate was not accepted"),
    (ssl.SSLError, "no TLS"),
    (gaierror, "its name was not found"),
    (ConnectionRefusedError, "the connection was refused"),
    (TimeoutError, "no connection in time"),
)


def of_status(status: int, error: Any) -> tuple[Outcome, str]:
    """Return how an answer with a status other than 2xx ends, and a detail to report."""
    word = _word(error, BEYOND_STATUS)
    if word:
        return BEYOND_STATUS[word], f"HTTP {status}, {word}"
    outcome = BY_STATUS.get(status) or BY_STATUS_CLASS.get(status // 100, PROTOCOL_BROKEN)
    return outcome, f"HTTP {status}"


def of_error(error: Any) -> tuple[Outcome, str]:
    """Return how an error that came inside an answer of status 200 ends, by the code it carries."""
    word = _word(error, BY_WORD)
    if word:
        return BY_WORD[word], word
    code = error.get("code") if isinstance(error, dict) else None
    status = int(code) if isinstance(code, int | str) and str(code) in _STATUSES else 0
    if not status:
        return PROVIDER_ERROR, ""
    return of_status(status, None)[0], f"error {status}"


def why_unreachable(error: BaseException) -> str:
    """Return what stood in the way, looked up along the chain of causes."""
    cause: BaseException | None = error
    while cause is not None:
        for kind, reason in WHY_UNREACHABLE:
            if isinstance(cause, kind):
                return reason
        cause = cause.__cause__ or cause.__context__
    return ""


def is_tls_failure(error: BaseException) -> bool:
    """Whether the two sides did not agree on TLS: the next try, a moment later, would end the same."""
    return why_unreachable(error) in {reason for kind, reason in WHY_UNREACHABLE if issubclass(kind, ssl.SSLError)}


_STATUSES = frozenset(str(status) for status in range(400, 600))


def _word(error: Any, table: Mapping[str, Outcome]) -> str:
    """Return the first word of the error that `table` knows. Others are not repeated: they may quote anything."""
    if not isinstance(error, dict):
        return ""
    metadata = error.get("metadata")
    kind = metadata.get("error_type") if isinstance(metadata, dict) else None
    for word in (error.get("code"), error.get("type"), kind):
        if isinstance(word, str) and word in table:
            return word
    return ""
