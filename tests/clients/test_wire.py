"""The traffic of both clients alike: addresses, headers, tokens, and answers that never end."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.clients.both import CALLERS
from tests.clients.scripted import ID, generation
from unstuck import wire
from unstuck.errors import BadAnswerError, UnauthorizedError, UnreachableError, WaitTimeoutError
from unstuck.exchange import Conditions, Patience
from unstuck.requests import CreateFlashcards, DecideNumbered

URL = "https://api.example/stage/$default"
ONCE = Conditions(calls=Patience(tries=1))

pytestmark = pytest.mark.parametrize("make", CALLERS.values(), ids=list(CALLERS))


class Server:
    """Answers every call alike, and remembers it."""

    def __init__(self, status: int = 200, body: Any = None, **headers: str) -> None:
        self.calls: list[httpx.Request] = []
        self.status, self.body, self.headers = status, generation() if body is None else body, headers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        if request.method == "DELETE" and self.status == 200 and not request.url.path.endswith("/me"):
            return httpx.Response(204)
        return httpx.Response(self.status, json=self.body, headers=self.headers)


REVIEWED = {
    "generation_id": ID,
    "version": 3,
    "suggestions": [{"number": 1, "front": "f", "back": "b", "state": "proposed"}],
}
CARD = {"card_id": ID, "kind": "quiz", "generation_id": ID, "number": 1, "created_at": "2026-01-01T00:00:00.000Z"}
ACCEPTED = {"generation_id": ID, "status": "pending", "version": 1, "urls": {"self": f"/v1/generations/{ID}"}}
EMPTY: dict[str, Any] = {"generations": [], "cards": [], "next_cursor": None}
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], Any, str, str, Any]] = [
    ("create", (CreateFlashcards(source_text="x", count=3),), {}, ACCEPTED, "POST", "/v1/generations",
     {"kind": "flashcards", "source_text": "x", "count": 3}),
    ("create", ({"kind": "haiku", "about": "rain"},), {}, ACCEPTED, "POST", "/v1/generations",
     {"kind": "haiku", "about": "rain"}),
    ("get", (ID,), {"min_version": 3}, None, "GET", f"/v1/generations/{ID}?min_version=3", None),
    ("cancel", (ID,), {}, None, "POST", f"/v1/generations/{ID}/cancel", None),
    ("retry", (ID,), {"start": "start"}, ACCEPTED, "POST", f"/v1/generations/{ID}/retry", {"from": "start"}),
    ("dismiss", (ID,), {}, None, "DELETE", f"/v1/generations/{ID}", None),
    ("events", (ID,), {"results": True}, {"generation_id": ID, "version": 1, "attempts": [], "events": []},
     "GET", f"/v1/generations/{ID}/events?results=true", None),
    ("input", (ID,), {}, {"generation_id": ID, "kind": "k", "model": "m", "prompt_version": "1", "input": {}},
     "GET", f"/v1/generations/{ID}/input", None),
    ("decide", (ID, 1, "accepted"), {"front": "new"}, REVIEWED, "PATCH", f"/v1/generations/{ID}/suggestions/1",
     {"decision": "accepted", "front": "new"}),
    ("decide_many", (ID, [DecideNumbered(number=1, decision="rejected")]), {}, REVIEWED,
     "POST", f"/v1/generations/{ID}/suggestions", {"decisions": [{"number": 1, "decision": "rejected"}]}),
    ("feed", (), {"status": "failed"}, EMPTY, "GET", "/v1/generations?status=failed&limit=50", None),
    ("feed", (), {"fields": "output"}, EMPTY, "GET", "/v1/generations?fields=output", None),
    ("feed_page", (), {"fields": "output", "limit": 25}, EMPTY, "GET", "/v1/generations?fields=output&limit=25", None),
    ("cards", (), {"session_id": "s~1"}, EMPTY, "GET", "/v1/cards?session_id=s~1&limit=50", None),
    ("card", (ID,), {}, CARD, "GET", f"/v1/cards/{ID}", None),
    ("edit_card", (ID,), {"front": "new", "source": None}, CARD, "PATCH", f"/v1/cards/{ID}",
     {"front": "new", "source": None}),
    ("delete_card", (ID,), {}, None, "DELETE", f"/v1/cards/{ID}", None),
    ("decide", (ID, 1, "accepted"), {"explanation": None, "options": ["a"]}, REVIEWED, "PATCH",
     f"/v1/generations/{ID}/suggestions/1", {"decision": "accepted", "explanation": None, "options": ["a"]}),
    ("erase_me", (), {}, {"done": True, "content_erased": True}, "DELETE", "/v1/me", None),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=[f"{call[0]}{place}" for place, call in enumerate(CALLS)])
def test_a_call_is_sent_as_the_api_takes_it(make: Any, call: tuple[Any, ...]) -> None:
    method, arguments, named, body, verb, path, sent = call
    server = Server(200, body)
    make(URL, server)(method, *arguments, **named)
    request = server.calls[0]
    assert (request.method, str(request.url)) == (verb, URL + path)
    assert (json.loads(request.content) if request.content else None) == sent
    assert request.headers["authorization"] == "Bearer t-1"
    assert request.headers["user-agent"] == f"unstuck-python/{wire.__version__}"


@pytest.mark.parametrize("method", ["health", "openapi"])
def test_what_needs_no_token_gets_none(make: Any, method: str) -> None:
    figures = {"last_sweep_at": None, "last_sweep_age_seconds": None, "stale": 0, "oldest_pending_seconds": 0}
    server = Server(200, figures | {"paths": {}})
    make(URL, server)(method)
    assert "authorization" not in server.calls[0].headers


def test_a_token_from_a_function_is_asked_for_each_time_and_again_after_a_401(make: Any) -> None:
    tokens = iter(["old", "new"])
    seen = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200 if seen[-1] == "Bearer new" else 401, json=generation())

    make(URL, serve)("get", ID, token=lambda: next(tokens))
    assert seen == ["Bearer old", "Bearer new"]


def test_a_fixed_token_that_is_refused_is_an_error_at_once(make: Any) -> None:
    server = Server(401, {"message": "Unauthorized"})
    with pytest.raises(UnauthorizedError):
        make(URL, server)("get", ID)
    assert len(server.calls) == 1


@pytest.mark.parametrize("token", ["", " ", "a\nb", "schlüssel", "a\x00"])
def test_a_token_that_no_header_can_hold_is_refused_without_repeating_it(make: Any, token: str) -> None:
    with pytest.raises(ValueError, match="token") as caught:
        make(URL, Server())("get", ID, token=token)
    assert not token.strip() or token not in str(caught.value)


def test_a_token_does_not_follow_a_redirect(make: Any) -> None:
    server = Server(302, {}, location="https://elsewhere.example/")
    with pytest.raises(BadAnswerError):
        make(URL, server)("get", ID)
    assert [str(call.url.host) for call in server.calls] == ["api.example"]


def test_no_token_is_in_an_error_or_a_repr(make: Any) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UnreachableError) as caught:
        make(URL, refuse, ONCE)("get", ID, token="secret-token")
    assert "secret-token" not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError, httpx.ConnectTimeout]
)
def test_whatever_the_network_does_is_unreachable(make: Any, error: type[httpx.TransportError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("", request=request)

    with pytest.raises(UnreachableError, match=error.__name__):
        make(URL, fail, ONCE)("get", ID)


def test_a_create_is_repeated_over_the_wire_with_its_key(make: Any) -> None:
    keys: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) < 3:
            raise httpx.ReadTimeout("", request=request)
        return httpx.Response(202, json=ACCEPTED, headers={"Idempotency-Replayed": "true", "Retry-After": "8"})

    found = make(URL, serve)("create", CreateFlashcards(source_text="x"))
    assert (len(keys), len(set(keys))) == (3, 1)
    assert (found.replayed, found.retry_after_seconds) == (True, 8.0)


@contextmanager
def dripping() -> Iterator[str]:
    """A server whose answer comes a byte at a time and has no end."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not over.wait(0.05):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()


def test_an_answer_that_drips_for_ever_ends_at_the_timeout(make: Any) -> None:
    with dripping() as url:
        began = time.monotonic()
        with pytest.raises(WaitTimeoutError):
            make(url, None)("wait", ID, timeout_seconds=1.0)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "url", ["", "api.example", "ftp://api.example", "https://", "https://u:p@api.example", "https://a.example?x=1"]
)
def test_an_address_that_is_none_is_refused(make: Any, url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        make(url, Server())("get", ID)


def test_a_slash_at_the_addresss_end_changes_nothing(make: Any) -> None:
    server = Server()
    make(URL + "/", server)("get", ID)
    assert str(server.calls[0].url) == f"{URL}/v1/generations/{ID}"
