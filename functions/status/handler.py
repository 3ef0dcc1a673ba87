"""Wiring of what an owner reads."""

from functools import cache
from typing import Any

from functions.status.cards import CardsService
from functions.status.feed import FeedService
from functions.status.generation import GenerationService
from functions.status.health import HealthService
from functions.status.openapi import openapi
from functions.status.pictures import PictureLinks
from functions.status.timeline import TimelineService
from functions.status.usage import UsageService
from shared import wiring
from shared.domain.limits import policy_of
from shared.domain.settings import settings
from shared.http.response import Route, respond
from shared.rescue import Rescuer
from shared.store.whole import Store


@cache
def _store() -> Store:
    return wiring.store(Store)


@cache
def _rescuer() -> Rescuer:
    return wiring.rescuer(_store())


def _generation() -> GenerationService:
    return GenerationService(_store(), _rescuer())


def _feed() -> FeedService:
    return FeedService(_store(), _rescuer())


def _record() -> TimelineService:
    return TimelineService(_store(), PictureLinks(_store()))


def _usage() -> UsageService:
    return UsageService(_store(), policy_of(settings()))


def _cards() -> CardsService:
    return CardsService(_store())


@cache  # it remembers
def _health() -> HealthService:
    return HealthService(_store(), wiring.clock)


ROUTES: dict[str, Route] = {
    "GET /v1/generations/{generation_id}": lambda request: _generation().get(request),
    "GET /v1/generations/{generation_id}/events": lambda request: _record().events(request),
    "GET /v1/generations/{generation_id}/input": lambda request: _record().input(request),
    "GET /v1/generations": lambda request: _feed().read(request),
    "GET /v1/cards": lambda request: _cards().page(request),
    "GET /v1/usage": lambda request: _usage().get(request),
    "GET /v1/health": lambda request: _health().get(request),
    "GET /v1/openapi.json": openapi,
}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway's HTTP API, payload format 2.0."""
    return respond(event, ROUTES)
