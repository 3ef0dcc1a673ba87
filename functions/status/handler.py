"""Wiring of the owner's reads."""

# Most reads are polls: their cold start does not wait for imports of the other routes.
# ruff: noqa: PLC0415
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.status.generation import GenerationService
from functions.status.healing import Healer
from functions.status.output import Outputs
from functions.status.pictures import PictureLinks
from shared import kinds, wiring
from shared.aws.init import prepare
from shared.domain.settings import settings
from shared.http.response import Route, respond
from shared.store.ground import Ground
from shared.store.pictures import PictureStore
from shared.store.reads import Reader
from shared.store.review import ReviewReader

if TYPE_CHECKING:
    from functions.status.cards import CardsService
    from functions.status.feed import FeedService
    from functions.status.health import HealthService
    from functions.status.timeline import TimelineService
    from functions.status.usage import UsageService
    from shared.http.request import Request
    from shared.http.response import Response


@cache
def _ground() -> Ground:
    return wiring.ground()


@cache
def _healer() -> Healer:
    return Healer(Reader(_ground()), wiring.rescuer(_ground()))


def _links() -> PictureLinks:
    return PictureLinks(PictureStore(_ground()), wiring.clock, settings().signed_url_seconds)


def _outputs() -> Outputs:
    return Outputs(Reader(_ground()), ReviewReader(_ground()), _links(), kinds.reviews)


def _generation() -> GenerationService:
    return GenerationService(Reader(_ground()), _healer(), _outputs(), wiring.clock, settings())


def _feed() -> "FeedService":
    from functions.status.feed import FeedService

    return FeedService(Reader(_ground()), _healer(), _outputs(), wiring.clock, settings())


def _timeline() -> "TimelineService":
    from functions.status.timeline import TimelineService
    from shared.store.timeline import Timeline

    return TimelineService(Reader(_ground()), Timeline(_ground()), _links())


def _usage() -> "UsageService":
    from functions.status.usage import UsageService
    from shared.domain.limits import policy_of
    from shared.store.quota import QuotaReader

    return UsageService(Reader(_ground()), QuotaReader(_ground()), policy_of(settings()), wiring.clock)


def _cards() -> "CardsService":
    from functions.status.cards import CardsService

    return CardsService(ReviewReader(_ground()))


@cache  # it remembers
def _health() -> "HealthService":
    from functions.status.health import HealthService
    from shared.store.sweeps import SweepMarks

    return HealthService(SweepMarks(_ground()), wiring.clock, settings())


def _openapi(request: "Request") -> "Response":
    from functions.status.openapi import openapi

    return openapi(request)


ROUTES: dict[str, Route] = {
    "GET /v1/generations/{generation_id}": lambda request: _generation().get(request),
    "GET /v1/generations/{generation_id}/events": lambda request: _timeline().events(request),
    "GET /v1/generations/{generation_id}/input": lambda request: _timeline().input(request),
    "GET /v1/generations": lambda request: _feed().read(request),
    "GET /v1/cards": lambda request: _cards().page(request),
    "GET /v1/cards/{card_id}": lambda request: _cards().get(request),
    "GET /v1/usage": lambda request: _usage().get(request),
    "GET /v1/health": lambda request: _health().get(request),
    "GET /v1/openapi.json": _openapi,
}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle a call of API Gateway's HTTP API, payload format 2.0."""
    return respond(event, ROUTES)


prepare(_healer)
