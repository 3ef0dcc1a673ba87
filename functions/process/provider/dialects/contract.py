"""What a wire is to the client: where a call goes, what it says, how its answer is read, what its errors and bill are.

One module is one wire; a new one is its file and a line of `dialects.NAMES`. It never sends.
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
    """One call as it goes out, its key among the headers. `fields` are the names that a server can refuse."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    fields: frozenset[str]

    def __repr__(self) -> str:
        return f"Wired({self.url!r})"


class Dialect(Protocol):
    """How one kind of server is spoken to. Safe to share between threads."""

    takes_key: bool
    """Whether a call goes with a key; without one, it is signed with the function's own rights."""

    bill_id_header: str | None
    """The header whose value `bill_request` can ask with, for a server that tells the cost of a call afterwards."""

    def call(self, request: ModelRequest, terms: Terms, api_key: str) -> Wired:
        """Return the call as the terms allow it."""
        ...

    def framing(self, max_bytes: int) -> Framing:
        """Return what cuts the answer's body into events."""
        ...

    def read(self, answer: AnswerReader, event: bytes, *, last: bool) -> None:
        """Tell `answer` what an event says. `last` is whether the body's end completed it, which may have cut it."""
        ...

    def refusal(self, body: bytes, headers: Mapping[str, str]) -> Report:
        """Return what a refusal says."""
        ...

    def bill_request(self, bill_id: str, api_key: str) -> tuple[str, Mapping[str, str]] | None:
        """Return the URL and headers that ask what a call has cost; None where there is nobody to ask."""
        ...

    def bill(self, document: Any) -> Usage | None:
        """Return the cost that the answer to `bill_request` tells, None where it does not."""
        ...
