"""Wiring of `POST /v1/generations/{generation_id}/cancel`."""

from functools import cache
from typing import Any

from functions.actions.service import ActionsService
from shared import api, wiring


@cache
def _service() -> ActionsService:
    return ActionsService(wiring.store())


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway's HTTP API, payload format 2.0."""
    return api.respond(
        event, {"POST /v1/generations/{generation_id}/cancel": lambda request: _service().cancel(request)}
    )
