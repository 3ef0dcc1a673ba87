"""The error that a service raises to return a problem to its caller. The codes are in
`shared.domain.codes.problems`."""

from collections.abc import Mapping

from shared.domain.errors import UnstuckError


class ProblemError(UnstuckError):
    """An error response: a code of PROBLEMS and, for 400, each faulty field and its fault."""

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
