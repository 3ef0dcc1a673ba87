"""A guard in front of the emulator, on its port: decides who may reach which part. Runs inside MiniStack's environment.

A browser on this machine sends a request to any port for any page. So the emulator's management API, which can create
and invoke a function, answers no page, and only callers with this stack's own credentials.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY_HEADER = "x-unstuck-key"
"""Replaces the access key's id on unsigned paths: MiniStack's own pages."""

_NAMES = frozenset({"127.0.0.1", "localhost"})
_API_HOST = re.compile(r"[a-z0-9]{1,32}\.execute-api\.localhost")
_API_PATH = "/_aws/execute-api/"
_CONNECTIONS = "/@connections/"
_HEALTH = "/_ministack/health"
_CREDENTIAL = re.compile(r"Credential=([A-Za-z0-9]{1,128})/")
_ACCOUNT = re.compile(r"[0-9]{12}")
_FROM_NO_PAGE = frozenset({"", "none"})


def guarded(app: App, access_key: str) -> App:
    """Return `app` behind the guard. `access_key` is the id of the only root user's key that may pass."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "websocket" and _is_socket(scope)):
            await app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif (reason := refusal(scope, access_key)) is not None:
            await _refuse(send, reason)
        else:
            await app(scope, receive, send if _is_api(scope) else _without_cors(send))

    return guard


def refusal(scope: Scope, access_key: str) -> str | None:
    """Return why a request is refused; None if it may pass. The emulator applies its own rules to it afterwards."""
    headers = _headers(scope)
    host = _host(headers)
    if host not in _NAMES and not _API_HOST.fullmatch(host):
        return "This stack responds only at 127.0.0.1"  # somebody else's host name that resolves to here: DNS rebinding
    if _is_api(scope):
        return None  # its routes require tokens, and its CORS is the template's
    presigned = scope["method"] in ("GET", "HEAD") and b"X-Amz-Signature=" in scope.get("query_string", b"")
    if not presigned and ("origin" in headers or headers.get("sec-fetch-site", "") not in _FROM_NO_PAGE):
        return "Web pages may not call the AWS APIs here"
    asks_for_health = scope["path"] == _HEALTH and scope["method"] == "GET"
    if asks_for_health or _is_taken(_key(scope, headers), access_key, str(scope["path"])):
        return None
    return "Use the credentials that the stack printed at its start"


def _is_taken(key: str, access_key: str, path: str) -> bool:
    if key == access_key:
        return True
    # Otherwise a role's temporary key, whose signature the emulator checks. It treats these as its root user's,
    # unchecked.
    roots = not key or key == "test" or _ACCOUNT.fullmatch(key) is not None
    return not roots and not path.startswith("/_ministack/")


def _is_socket(scope: Scope) -> bool:
    """Whether a WebSocket is for an API's stage. The API's authorizer decides who may open one, and from which page."""
    host = _host(_headers(scope))
    return (host in _NAMES or bool(_API_HOST.fullmatch(host))) and _is_api(scope)


def _is_api(scope: Scope) -> bool:
    # Posts to open WebSockets belong to AWS, and only functions may make them.
    return _CONNECTIONS not in str(scope["path"]) and _is_below_an_api(scope)


def _is_below_an_api(scope: Scope) -> bool:
    return str(scope["path"]).startswith(_API_PATH) or bool(_API_HOST.fullmatch(_host(_headers(scope))))


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        key = name.decode("latin-1").lower()
        found[key] = f"{found[key]},{value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found


def _host(headers: dict[str, str]) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _key(scope: Scope, headers: dict[str, str]) -> str:
    """Return the id of the access key with which a request is signed; empty if it names none, or two."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    named = [
        *_CREDENTIAL.findall(headers.get("authorization", "")),
        *(value.partition("/")[0] for value in query.get("X-Amz-Credential", ())),
        *query.get("AWSAccessKeyId", ()),
        *(value for value in [headers.get(KEY_HEADER)] if value),
    ]
    return named[0] if len(named) == 1 else ""


def _without_cors(send: Send) -> Send:
    async def passed_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return passed_on


async def _refuse(send: Send, reason: str) -> None:
    body = reason.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
