"""Gives an owner a ticket: the address of a WebSocket, valid once and for a short time. Knows no generations."""

from dataclasses import dataclass

from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.store.connections import Connections

_FULL_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TicketService:
    """The only way to connect: the deployment's verifier checks the token here, and no URL contains it."""

    connections: Connections
    url: str

    def issue(self, request: Request) -> Response:
        """Return where to connect within 30 seconds, and when the connection ends; 429 if the owner has too many."""
        owner, token_ends_at = request.owner, request.token_ends_at
        if self.connections.is_full(owner):
            raise ProblemError("too_many_connections", headers={"retry-after": str(_FULL_RETRY_SECONDS)})
        ticket, ends_at = self.connections.issue(owner, token_ends_at)
        return Response(200, {"url": f"{self.url}?ticket={ticket}", "ends_at": ends_at})
