"""Turns a `Request` into httpx's request, and httpx's response into an `Answer`. The only module that knows a token."""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic_core import to_jsonable_python

from unstuck.errors import AnotherUserError, UnreachableError
from unstuck.flow import Answer, Owner, Request

CONNECT_SECONDS = 10.0
TOKEN_GAP_SECONDS = 2.0
"""How often the token function is called while waiting for a new token."""
_OPAQUE = "~"
try:
    __version__ = version("unstuck-client")
except PackageNotFoundError:  # the sources without an installation
    __version__ = "0"


def address(base_url: str) -> str:
    """Return the API's address without a trailing slash. Raises ValueError if it is not valid."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the base URL must be like https://abc.execute-api.eu-central-1.amazonaws.com")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("the base URL must not have a user, a query or a fragment")
    try:
        url = httpx.URL(base_url)
        _ = url.host, url.raw_host.decode("ascii").encode("idna")  # as httpx and the resolver read it, at each call
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError("the base URL has no valid host or port") from error
    return base_url.rstrip("/")


def usable(token: object) -> str:
    """Return the token without surrounding space. Raises ValueError, without the token, if no header can hold it."""
    found = token.strip() if isinstance(token, str) else ""
    if not found.isascii() or not found.isprintable() or not found:
        raise ValueError("the token is empty or has characters that a header cannot hold")
    return found


def claim(owner: Owner, token: str) -> None:
    """Bind a call to the user of its first try. Raise AnotherUserError if this try would be another user's.

    If a token does not name its user, a different token counts as another user's, except one that replaces a refused
    token.
    """
    subject = _subject(token)
    if owner.subject is None or (owner.renewing and owner.subject[:1] == subject[:1] == _OPAQUE):
        owner.subject = subject
    if owner.subject != subject:
        raise AnotherUserError


def expired(token: str | None, now: float) -> bool:
    """Whether the token's own `exp` has passed."""
    until = _claims(token or "").get("exp")
    return isinstance(until, int | float) and until <= now


def _subject(token: str) -> str:
    claims = _claims(token)
    if isinstance(claims.get("sub"), str):
        return json.dumps([claims.get("iss"), claims["sub"]])
    return _OPAQUE + hashlib.sha256(token.encode()).hexdigest()


def _claims(token: str) -> Mapping[str, Any]:
    """Return a JWT's claims, unverified; empty for any other token."""
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def headers_of(request: Request, token: str | None) -> Mapping[str, str]:
    """Return all of a request's headers."""
    return {
        "accept": "application/json",
        "user-agent": f"unstuck-python/{__version__}",
        **request.headers,
        **({} if token is None else {"authorization": f"Bearer {token}"}),
    }


def built(
    client: httpx.Client | httpx.AsyncClient, base_url: str, request: Request, token: str | None
) -> httpx.Request:
    """Return the request in httpx's form. `timeout` limits each wait; the caller limits the total."""
    return client.build_request(
        request.method,
        base_url + request.path,
        params=dict(request.query) or None,
        headers=dict(headers_of(request, token)),
        json=to_jsonable_python(dict(request.body)) if request.body is not None else None,
        timeout=httpx.Timeout(request.within_seconds, connect=min(CONNECT_SECONDS, request.within_seconds)),
    )


def answered(response: httpx.Response, body: bytes) -> Answer:
    """Return the response once it is complete."""
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def unreachable(error: httpx.RequestError, token: str | None) -> UnreachableError:
    """Return the error of a call without a response. httpx's own messages can be empty."""
    why = str(error) or type(error).__name__
    return UnreachableError(f"no response: {why}", token_expired=expired(token, time.time()))
