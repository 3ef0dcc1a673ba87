"""A server between a client and a small service, which does to each call what its row says. Knows no client.

An address is `/<client>/<row>/v1/...`, so that many rows and both clients run against one server at once.
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clients.scripted import generation

type Fault = Callable[["Played", "Call"], "Reply | None"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came."""

    method: str
    path: str
    user: str
    token: str
    key: str | None
    number: int
    """Counts this row's calls with this method, from 1."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the client gets. `cut` is no answer at all, `after` lets the service do its work first."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    after: bool = False


@dataclass
class Played:
    """The calls of one client that a row has seen."""

    calls: list[Call] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    """The user of each generation that was created, by its Idempotency-Key."""
    looks: int = 0


CUT = Reply(cut=True)


def text(status: int, content: str, kind: str = "application/json", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, content.encode(), {"content-type": kind, **named})


def first(times: int, method: str, reply: Reply) -> Fault:
    """The first calls with this method are answered so; the service sees them where the reply says `after`."""
    return lambda _played, call: reply if call.method == method and call.number <= times else None


def unless(good: str, reply: Reply) -> Fault:
    """Only this token is taken."""
    return lambda _played, call: None if call.token == good else reply


def look(**fields: Any) -> str:
    return json.dumps(generation(**fields))


NO = '{"message": "Unauthorized"}'
HTML = "<!doctype html><title>Sign in to the network</title>"
ROWS: dict[str, Fault] = {
    "renewed_after_401": unless("new", text(401, NO)),
    "renewed_after_403": unless("new", text(403, NO)),
    "blocked_while_expired": lambda _played, call: CUT if call.token.startswith("expired.") else None,
    "401_that_passes": first(5, "GET", text(401, NO)),
    "403_that_passes": first(5, "GET", text(403, NO)),
    "token_that_hangs": lambda _played, _call: None,
    "token_that_is_none": lambda _played, _call: None,
    "another_user": lambda _played, call: text(503, NO) if call.user == "ada" else None,
    "retry_after_2147484": first(99, "GET", text(503, NO, retry_after="2147484")),
    "retry_after_86400": first(99, "GET", text(503, NO, retry_after="86400")),
    "retry_after_0": first(3, "GET", text(503, NO, retry_after="0")),
    "create_whose_answer_is_cut": first(2, "POST", Reply(cut=True, after=True)),
    "create_that_the_gateway_ended": first(2, "POST", text(503, '{"message": "Service Unavailable"}')),
    "create_that_a_portal_answered": first(1, "POST", text(200, '{"status": "Login required"}')),
    "portal_json": first(2, "GET", text(200, '{"status": "succeeded", "user": null}')),
    "empty_object": first(2, "GET", text(200, "{}")),
    "null": first(2, "GET", text(200, "null")),
    "list": first(2, "GET", text(200, "[]")),
    "html": first(2, "GET", text(200, HTML, "text/html")),
    "html_404": first(2, "GET", text(404, HTML, "text/html")),
    "another_generation": first(2, "GET", text(200, look(status="succeeded", generation_id=str(uuid.UUID(int=7))))),
    "status_of_a_newer_service": first(
        2, "GET", text(200, look(status="waiting_for_provider", poll_after_seconds=0.1))
    ),
    "no_connection": first(2, "GET", CUT),
}


class Proxy:
    """The server while it runs. `played` are the received calls, by client and row."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.played: dict[tuple[str, str], Played] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, headers: Any) -> Reply:
        _, client, row, *rest = path.split("/")
        with self._lock:
            played = self.played.setdefault((client, row), Played())
            token = str(headers.get("authorization", "")).removeprefix("Bearer ")
            number = 1 + sum(call.method == method for call in played.calls)
            call = Call(method, "/".join(rest), user_of(token), token, headers.get("idempotency-key"), number)
            played.calls.append(call)
            reply = ROWS[row](played, call)
            served = serve(played, call) if reply is None or reply.after else None
        return reply or served or CUT


def serve(played: Played, call: Call) -> Reply:
    """The service: a create is accepted, and its generation has succeeded by the second look that gets through.

    There are no live connections.
    """
    if call.path == "v1/live":
        return text(404, '{"message": "Not Found"}')
    if call.method == "POST":
        played.made.setdefault(call.key or str(uuid.uuid4()), call.user)
        found = generation()["generation_id"]
        accepted = {"generation_id": found, "status": "pending", "version": 1, "urls": {"self": f"/v1/{found}"}}
        return text(202, json.dumps(accepted), retry_after="0")
    played.looks += 1
    if played.looks < 2:
        return text(200, look(poll_after_seconds=0.1))
    return text(200, look(status="succeeded", version=9, finished_at="2026-01-31T08:01:00.000Z"))


def user_of(token: str) -> str:
    try:
        part = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"])
    except (IndexError, ValueError, KeyError):
        return token


def jwt(sub: str, head: str = "e30", valid_seconds: float = 3600.0) -> str:
    """Return a token as an issuer makes it, except for the signature."""
    claims = json.dumps({"sub": sub, "exp": int(time.time() + valid_seconds)}).encode()
    return f"{head}.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.x"


@contextmanager
def fault_proxy() -> Iterator[Proxy]:
    """Run the server on a free port of 127.0.0.1 for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            reply = proxy.answer(self.command, self.path, self.headers)
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = handle_one  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
