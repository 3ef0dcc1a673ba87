"""What a service raises to have its caller answered with an error. The codes are in `shared.domain.codes.problems`."""

from collections.abc import Mapping

from shared.domain.errors import UnstuckError


class ProblemError(UnstuckError):
    """An answer that is an error: a code of PROBLEMS, and for 400 what is wrong with which field."""

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
