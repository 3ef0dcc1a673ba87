"""Turns a `Request` into what httpx sends, and what it got into an `Answer`. The only module that knows a token."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

import httpx

from unstuck.errors import UnreachableError
from unstuck.flow import Answer, Request

CONNECT_SECONDS = 10.0
try:
    __version__ = version("unstuck-client")
except PackageNotFoundError:  # the sources without an installation
    __version__ = "0"


def address(base_url: str) -> str:
    """Return the API's address without a slash at its end; ValueError when it is none."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the base URL must be like https://abc.execute-api.eu-central-1.amazonaws.com")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("the base URL must hold neither a user, a query nor a fragment")
    return base_url.rstrip("/")


def headers_of(request: Request, token: str | None) -> Mapping[str, str]:
    """Return all of a request's headers. A token that no header can hold is a ValueError that does not repeat it."""
    authorization = {}
    if request.authorized and token is not None:
        token = token.strip()
        if not token.isascii() or not token.isprintable() or not token:
            raise ValueError("the token is empty or holds characters that no header may hold")
        authorization = {"authorization": f"Bearer {token}"}
    return {
        "accept": "application/json",
        "user-agent": f"unstuck-python/{__version__}",
        **request.headers,
        **authorization,
    }


def built(
    client: httpx.Client | httpx.AsyncClient, base_url: str, request: Request, token: str | None
) -> httpx.Request:
    """Return the request in httpx's form. `timeout` bounds each wait of it; the caller bounds the whole."""
    return client.build_request(
        request.method,
        base_url + request.path,
        params=dict(request.query) or None,
        headers=dict(headers_of(request, token)),
        json=dict(request.body) if request.body is not None else None,
        timeout=httpx.Timeout(request.within_seconds, connect=min(CONNECT_SECONDS, request.within_seconds)),
    )


def answered(response: httpx.Response, body: bytes) -> Answer:
    """Return what came, once it is whole."""
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def unreachable(error: httpx.RequestError) -> UnreachableError:
    """Return the error for a call whose answer did not come; httpx's own messages can be empty."""
    why = str(error) or type(error).__name__
    return UnreachableError(f"no answer came: {why}")
