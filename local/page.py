"""Serves the page, `web/dist`, and the extras of a local page: tokens for any user, and faults.

Decides who may call what. `local.faults` carries out the faults. Never deployed.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from local.emulator import PROJECT
from local.faults import (
    ARMED_SECONDS,
    MAX_FREEZE_SECONDS,
    AlreadyArmedError,
    Faults,
    NobodyHoldsItError,
)
from local.model_server.serving import JsonHandler, LoopbackServer
from local.running import RunningStack

DIST = PROJECT / "web" / "dist"
TOKEN_SECONDS = 3600
MAX_SUB = 128
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_NO_PAGE = b"<!doctype html><title>Unstuck</title><p>web/dist is missing: run `npm ci && npm run build` in web/."


def content_security_policy(api: str) -> str:
    """The page's policy, the same here and on AWS: only its own scripts, and calls only to its own API.

    Pictures are signed URLs: here they also lead to the API's origin, and so does its WebSocket.
    """
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self' {api} {api.replace('http', 'ws', 1)}".strip(),
            f"img-src 'self' data: {api}".strip(),
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class PageServer(LoopbackServer):
    """Listens from the start, so that its origin is known before the deploy; serves once `stack_is_up` was called."""

    def __init__(self, stack: RunningStack, dist: Path | None = None) -> None:
        self.stack, self.dist = stack, (dist or DIST).resolve()
        self.faults = Faults(stack)
        self.config: dict[str, Any] | None = None
        super().__init__(_Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def origins(self) -> tuple[str, str]:
        """The host names by which a browser can reach the page."""
        return f"http://127.0.0.1:{self.port}", f"http://localhost:{self.port}"

    def stack_is_up(self) -> None:
        """Write the API's address into config.json."""
        self.config = {"apiUrl": self.stack.api_url, "local": {"faults": "/faults"}}

    def stop(self) -> None:
        self.faults.close()
        super().stop()


class _Handler(JsonHandler):
    server: PageServer
    max_body_bytes = 4096
    path_only = ""  # for an unreadable request

    def find_route(self) -> Callable[[Any], None] | None:
        self.origin = None  # no page but this one reads an answer, and this one needs no permission
        if self.path_only.startswith("/faults"):
            found = self._faults.get(f"{self.command} {self.path_only}")
            return None if found is None else lambda handler: handler.guarded(found)
        if self.command != "GET":
            return None
        return _Handler.configuration if self.path_only == "/config.json" else _Handler.static

    def static(self) -> None:
        # A list, not a joined path: no spelling can reach a file that is not in it.
        dist = self.server.dist
        files = {f"/{file.relative_to(dist)}": file for file in dist.rglob("*") if file.is_file(follow_symlinks=False)}
        asked = "/index.html" if self.path_only == "/" else unquote(self.path_only)
        if (file := files.get(asked)) is not None:
            self._send(HTTPStatus.OK, file.read_bytes(), _TYPES.get(file.suffix, "application/octet-stream"))
        elif self.path_only == "/":
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, _NO_PAGE, _TYPES[".html"])
        else:
            self.refuse(HTTPStatus.NOT_FOUND, f"No file {self.path_only}")

    def configuration(self) -> None:
        if self.server.config is None:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The stack is not up yet")
        else:
            self.reply(HTTPStatus.OK, self.server.config)

    def guarded(self, route: Callable[["_Handler"], None]) -> None:
        """Answer only the page, and clients other than browsers. Another page cannot hide its origin, nor send JSON
        without a preflight."""
        foreign = self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
        if foreign or self.headers.get("Origin", self.server.origins[0]) not in self.server.origins:
            self.refuse(HTTPStatus.FORBIDDEN, "Only the local stack's own page may do this")
        elif self.command == "POST" and self.headers.get_content_type() != "application/json":
            self.refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json")
        elif self.server.config is None:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The stack is not up yet")
        else:
            try:
                route(self)
            except _BadRequestError as error:
                self.refuse(HTTPStatus.BAD_REQUEST, str(error))
            except NobodyHoldsItError:
                self.refuse(HTTPStatus.CONFLICT, "No worker holds this generation now")
            except AlreadyArmedError:
                self.refuse(
                    HTTPStatus.CONFLICT, f"Already waiting for the next message, for {ARMED_SECONDS:.0f} s at most"
                )

    def look(self) -> None:
        self.reply(HTTPStatus.OK, self.server.faults.look())

    def token(self) -> None:
        """`{"sub"}`: a token of the local issuer for any user, in a form that API Gateway verifies."""
        sub = _text(self._asked(), "sub", MAX_SUB)
        expires_at = datetime.now(UTC) + timedelta(seconds=TOKEN_SECONDS)
        token = self.server.stack.token(sub, ttl_seconds=TOKEN_SECONDS)
        self.reply(HTTPStatus.OK, {"token": token, "expires_at": _iso(expires_at)})

    def kill(self) -> None:
        """`{"generation_id"}`: SIGKILL of the process that holds it."""
        self.reply(HTTPStatus.OK, {"pid": self.server.faults.kill(_text(self._asked(), "generation_id"))})

    def freeze(self) -> None:
        """`{"generation_id", "seconds"}`: SIGSTOP of the process that holds it, and SIGCONT that many seconds later."""
        asked = self._asked()
        seconds = asked.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= MAX_FREEZE_SECONDS:
            raise _BadRequestError(f"seconds must be a number above 0 and up to {MAX_FREEZE_SECONDS:.0f}")
        pid, until = self.server.faults.freeze(_text(asked, "generation_id"), seconds)
        self.reply(HTTPStatus.OK, {"pid": pid, "frozen_until": _iso(until)})

    def lose(self) -> None:
        """`{"sub"}` or `{}`: the message of the next generation, of this user or of anybody, is lost."""
        asked = self._asked()
        sub = _text(asked, "sub", MAX_SUB) if "sub" in asked else None
        self.reply(HTTPStatus.OK, {"armed_until": _iso(self.server.faults.lose(sub))})

    _faults: ClassVar[Mapping[str, Callable[["_Handler"], None]]] = {
        "GET /faults": look,
        "POST /faults/tokens": token,
        "POST /faults/kill": kill,
        "POST /faults/freeze": freeze,
        "POST /faults/lose": lose,
    }

    def _asked(self) -> dict[str, Any]:
        try:
            asked = json.loads(self.body)
        except ValueError:
            raise _BadRequestError("The body is not JSON") from None
        if not isinstance(asked, dict):
            raise _BadRequestError("The body is not a JSON object")
        return asked

    def _send(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Each answer says how it may be used. Caches must revalidate it: the next build has the same names."""
        config = self.server.config or {}
        self.send_header("Cache-Control", "no-store" if self.path_only == "/config.json" else "no-cache")
        self.send_header("Content-Security-Policy", content_security_policy(_origin(config.get("apiUrl", ""))))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        super().end_headers()


class _BadRequestError(Exception):
    """The request is not valid. The message says why."""


def _text(asked: Mapping[str, Any], name: str, longest: int = 64) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise _BadRequestError(f"{name} must be a text of 1 to {longest} characters")
    return value


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
