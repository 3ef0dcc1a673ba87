"""Wiring of the owner's actions."""

# Cancels and dismissals do not wait for imports of the other routes, such as pydantic.
# ruff: noqa: PLC0415
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.actions.ending import EndingService
from shared import kinds, wiring
from shared.aws.init import prepare
from shared.domain.settings import settings
from shared.http.response import Route, respond
from shared.kinds.contract import Catalog
from shared.store.ending import EndingStore
from shared.store.ground import Ground
from shared.store.reads import Reader
from shared.store.timeline import Timeline

if TYPE_CHECKING:
    from functions.actions.cards import CardService
    from functions.actions.erase import EraseService
    from functions.actions.retry import RetryService
    from functions.actions.review import ReviewService


@cache
def _ground() -> Ground:
    return wiring.ground()


def _endings() -> EndingService:
    return EndingService(EndingStore(_ground()), Timeline(_ground()), wiring.clock)


@cache  # it has its own client, for the queue
def _retries() -> "RetryService":
    from functions.actions.retry import RetryService
    from shared.domain.limits import policy_of
    from shared.store.retry import RetryStore

    store, policy = RetryStore(_ground()), policy_of(settings())
    return RetryService(store, wiring.dispatch(), wiring.clock, settings(), policy, wiring.seal())


def _reviews() -> "ReviewService":
    from functions.actions.review import ReviewService
    from shared.store.review import ReviewStore

    return ReviewService(Reader(_ground()), ReviewStore(_ground()), wiring.clock, Catalog(kinds.names, kinds.load))


def _cards() -> "CardService":
    from functions.actions.cards import CardService
    from shared.store.review import ReviewStore

    return CardService(_reviews(), ReviewStore(_ground()), Catalog(kinds.names, kinds.load))


def _erasures() -> "EraseService":
    from functions.actions.erase import EraseService
    from shared.store.erasure import ErasureStore

    service = EraseService(ErasureStore(_ground()), EndingStore(_ground()), wiring.clock, settings())
    if not settings().live_table_name:
        return service
    from functions.actions.hang_up import HangUp

    return replace(service, hang_up=HangUp(wiring.connections(), wiring.sockets()))


ROUTES: dict[str, Route] = {
    "POST /v1/generations/{generation_id}/cancel": lambda request: _endings().cancel(request),
    "DELETE /v1/generations/{generation_id}": lambda request: _endings().dismiss(request),
    "POST /v1/generations/{generation_id}/retry": lambda request: _retries().retry(request),
    "POST /v1/generations/{generation_id}/suggestions": lambda request: _reviews().decide_many(request),
    "DELETE /v1/me": lambda request: _erasures().erase(request),
    "PATCH /v1/generations/{generation_id}/suggestions/{number}": lambda request: _reviews().decide(request),
    "PATCH /v1/cards/{card_id}": lambda request: _cards().edit(request),
    "DELETE /v1/cards/{card_id}": lambda request: _cards().delete(request),
}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle a call of API Gateway's HTTP API, payload format 2.0."""
    return respond(event, ROUTES)


prepare(_ground)
