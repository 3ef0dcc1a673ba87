"""Wiring of `POST /v1/generations`."""

from functools import cache
from typing import Any

from functions.create.service import CreateService
from shared import wiring
from shared.aws.journal import warn_of_suffixes
from shared.domain.allowed_models import with_any_suffix
from shared.domain.limits import policy_of
from shared.domain.settings import settings
from shared.http.response import Route, respond
from shared.store.admission import AdmissionStore


@cache
def _service() -> CreateService:
    warn_of_suffixes(with_any_suffix(settings()))
    store, policy = AdmissionStore(wiring.ground()), policy_of(settings())
    return CreateService(store, wiring.dispatch(), wiring.clock, settings(), policy, wiring.seal())


ROUTES: dict[str, Route] = {"POST /v1/generations": lambda request: _service().create(request)}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway's HTTP API, payload format 2.0."""
    return respond(event, ROUTES)
