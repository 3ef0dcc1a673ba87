"""Wiring of `GET /v1/generations/{generation_id}`."""

from functools import cache
from typing import Any

from functions.status.service import StatusService
from shared import api, wiring


@cache
def _service() -> StatusService:
    store = wiring.store()
    return StatusService(store, wiring.rescuer(store))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway's HTTP API, payload format 2.0."""
    return api.respond(event, {"GET /v1/generations/{generation_id}": lambda request: _service().get(request)})
