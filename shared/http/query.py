"""Reads a query string strictly: what is unknown, repeated or out of bounds is 400, and is never echoed."""

import re
from collections.abc import Collection

from shared.http import cursor
from shared.http.problems import ProblemError
from shared.http.request import Request, whole_number

LABEL = re.compile(r"[A-Za-z0-9._:~-]{1,64}")
"""What `client_id` and `session_id` look like."""


class Query:
    """Take every value that is known, then `check`: all that is wrong is told at once.

    API Gateway joins a repeated key's values by commas. No value has one, so a repeated key is a wrong value.
    """

    def __init__(self, request: Request, *known: str) -> None:
        self._values: dict[str, str] = dict(request.event.get("queryStringParameters") or {})
        self._errors: list[dict[str, str]] = []
        if not set(known) >= set(self._values):
            allowed = f"Known here: {', '.join(known)}." if known else "This call takes none."
            self._wrong("query", "unknown", allowed)

    def matching(self, name: str, pattern: re.Pattern[str], meaning: str) -> str | None:
        """Return a value that must match as a whole; `meaning` tells the caller what it must be."""
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
            self._wrong("cursor", "malformed", "Send next_cursor of the page before, as it was answered.")
            return None

    def check(self) -> None:
        """Raise ProblemError when anything was wrong."""
        if self._errors:
            raise ProblemError("invalid_query", errors=self._errors)

    def _wrong(self, name: str, code: str, message: str) -> None:
        self._errors.append({"field": name, "code": code, "message": message})
