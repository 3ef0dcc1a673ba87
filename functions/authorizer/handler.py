"""Wiring of the API's Lambda authorizer: payload format 2.0, simple responses."""

import logging
import os
import ssl
from functools import cache, partial
from typing import Any

from cryptography.hazmat.backends import default_backend

import shared.aws.silence  # noqa: F401 - at DEBUG, botocore would log to the root logger as well
from functions.authorizer.download import download
from functions.authorizer.jwks import Jwks
from functions.authorizer.sampling import Sampler
from functions.authorizer.service import AuthorizerService
from functions.authorizer.settings import Settings, from_environment
from functions.authorizer.tokens import Keys, TokenVerifier
from shared.aws.init import prepare
from shared.domain.clock import SystemClock


@cache
def _service() -> AuthorizerService:
    logging.getLogger().setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    settings, clock = from_environment(dict(os.environ)), SystemClock()
    return AuthorizerService(TokenVerifier(settings, _keys(settings, clock), clock), Sampler(clock))


def _keys(settings: Settings, clock: SystemClock) -> Keys:
    if settings.algorithm == "HS256":
        from functions.authorizer.secret import SharedSecret  # noqa: PLC0415 - boto3 costs 300 ms that only HS256 needs

        return SharedSecret(settings.secret_parameter)
    fetch = partial(download, clock=clock, trust=ssl.create_default_context())
    return Jwks(settings.jwks_url, settings.algorithm, clock, fetch)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Decide whether a call may pass, and name its user."""
    return _service().judge(event)


prepare(_service, default_backend)
