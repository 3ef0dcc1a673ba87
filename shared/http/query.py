"""Reads a query string strictly. An unknown, repeated or invalid parameter is a 400, and its value is never echoed."""

import re
from collections.abc import Collection

from shared.http import cursor
from shared.http.problems import ProblemError
from shared.http.request import Request, whole_number

LABEL = re.compile(r"[A-Za-z0-9._:~-]{1,64}")
"""The form of `client_id` and `session_id`."""


class Query:
    """Take every known parameter, then call `check`, which reports all faults at once.

    API Gateway joins a repeated parameter's values with commas. No valid value has a comma, so repeated parameters
    fail.
    """

    def __init__(self, request: Request, *known: str) -> None:
        self._values: dict[str, str] = dict(request.event.get("queryStringParameters") or {})
        self._errors: list[dict[str, str]] = []
        if not set(known) >= set(self._values):
            allowed = f"Known here: {', '.join(known)}." if known else "This call takes none."
            self._wrong("query", "unknown", allowed)

    def matching(self, name: str, pattern: re.Pattern[str], meaning: str) -> str | None:
        """Return a value that must match the pattern completely. `meaning` tells the caller what is valid."""
        value = self._values.get(name)
        if value is None or pattern.fullmatch(value):
            return value
        self._wrong(name, "malformed", meaning)
        return None

    def one_of(self, name: str, allowed: Collection[str]) -> str | None:
        value = self._values.get(name)
        if value is None or value in allowed:
            return value
        self._wrong(name, "unknown", f"One of {', '.join(allowed)}.")
        return None

    def number(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number within both bounds."""
        value = self._values.get(name)
        if value is None:
            return None
        number = whole_number(value)
        if number is not None and low <= number <= high:
            return number
        self._wrong(name, "out_of_bounds", f"A whole number from {low} to {high}.")
        return None

    def cursor(self) -> str | None:
        """Return the id after which the page begins."""
        value = self._values.get("cursor")
        try:
            return None if value is None else cursor.decode(value)
        except ValueError:
            self._wrong("cursor", "malformed", "Send the previous page's next_cursor unchanged.")
            return None

    def check(self) -> None:
        """Raise ProblemError if anything was invalid."""
        if self._errors:
            raise ProblemError("invalid_query", errors=self._errors)

    def _wrong(self, name: str, code: str, message: str) -> None:
        self._errors.append({"field": name, "code": code, "message": message})
