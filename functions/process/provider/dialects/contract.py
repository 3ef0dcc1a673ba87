"""The interface of a wire format: the address and body of a call, how to read its answer, its errors and its cost.

Each module is one wire format; a new one needs its file and a line in `dialects.NAMES`. It never sends.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from functions.process.provider.answer import AnswerReader
from functions.process.provider.events import Framing
from functions.process.provider.report import Report
from functions.process.provider.request import ModelRequest
from functions.process.provider.terms import Terms
from shared.domain.generation import Usage


class Wired(NamedTuple):
    """One request, with the key in its headers. `fields` are the names that a server can refuse."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    fields: frozenset[str]

    def __repr__(self) -> str:
        return f"Wired({self.url!r})"


class Dialect(Protocol):
    """The protocol of one kind of server. Safe to share between threads."""

    takes_key: bool
    """Whether a call needs a key. If not, it is signed with the function's own rights."""

    bill_id_header: str | None
    """The header with the id for `bill_request`, for a server that reports a call's cost afterwards."""

    def call(self, request: ModelRequest, terms: Terms, api_key: str) -> Wired:
        """Return the request that the terms allow."""
        ...

    def framing(self, max_bytes: int) -> Framing:
        """Return the parser that splits the answer's body into events."""
        ...

    def read(self, answer: AnswerReader, event: bytes, *, last: bool) -> None:
        """Pass an event's content to `answer`. `last` means that the body's end completed it, and may have cut it."""
        ...

    def refusal(self, body: bytes, headers: Mapping[str, str]) -> Report:
        """Return the report of a refusal."""
        ...

    def bill_request(self, bill_id: str, api_key: str) -> tuple[str, Mapping[str, str]] | None:
        """Return the URL and headers that ask for a call's cost; None if the server has no such endpoint."""
        ...

    def bill(self, document: Any) -> Usage | None:
        """Return the cost in the response to `bill_request`; None if it has none."""
        ...
