"""Every error that the HTTP API answers, as RFC 9457 has it: its code, status and title. Sends nothing."""

from collections.abc import Mapping

from shared.domain.errors import UnstuckError

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
