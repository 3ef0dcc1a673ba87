"""Wiring of `POST /v1/generations`."""

from functools import cache
from typing import Any

from functions.create.service import CreateService
from shared import wiring
from shared.aws import clients
from shared.aws.init import prepare
from shared.aws.journal import warn_of_suffixes
from shared.domain.allowed_models import with_any_suffix
from shared.domain.limits import policy_of
from shared.domain.settings import settings
from shared.http.response import Route, respond
from shared.store.admission import AdmissionStore


@cache
def _service() -> CreateService:
    warn_of_suffixes(with_any_suffix(settings()))
    store, policy, sqs = AdmissionStore(wiring.ground()), policy_of(settings()), clients.sqs()
    return CreateService(store, wiring.dispatch(lambda: sqs), wiring.clock, settings(), policy, wiring.seal())


ROUTES: dict[str, Route] = {"POST /v1/generations": lambda request: _service().create(request)}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle a call of API Gateway's HTTP API, payload format 2.0."""
    return respond(event, ROUTES)


prepare(_service, wiring.load_kinds)
