"""Wiring of live connections: the ticket over HTTP, and API Gateway's WebSocket events."""

from functools import cache
from typing import Any

from functions.live.sockets import SocketService
from functions.live.tickets import TicketService
from shared import wiring
from shared.aws.init import prepare
from shared.domain.settings import settings
from shared.http.response import Route, respond
from shared.store.connections import Connections


@cache
def _connections() -> Connections:
    return wiring.connections()


def _tickets() -> TicketService:
    return TicketService(_connections(), settings().live_url)


def _sockets() -> SocketService:
    return SocketService(_connections(), settings().allowed_origins)


ROUTES: dict[str, Route] = {"POST /v1/live": lambda request: _tickets().issue(request)}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle the HTTP API, payload format 2.0, and the WebSocket API: its authorizer, `$connect` and `$disconnect`."""
    if event.get("type") == "REQUEST":
        return _sockets().judge(event)
    if "routeKey" in event:
        return respond(event, ROUTES)
    return _sockets().follow(event)


prepare(_connections)
