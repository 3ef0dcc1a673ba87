"""Tokens that expire, hang, are refused for a while or become another user's; and creates that time out."""

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from tests.clients.both import CALLERS
from tests.clients.scripted import ID, LOST, Service, accepted, answer, generation
from unstuck import following, operations
from unstuck.client import Client
from unstuck.errors import (
    AnotherUserError,
    ClosedError,
    TokenUnavailableError,
    UnauthorizedError,
    UnreachableError,
    UnstuckError,
    WaitTimeoutError,
)
from unstuck.exchange import Conditions, Patience

URL = "https://api.example"
ONCE = Conditions(calls=Patience(tries=1))
both = pytest.mark.parametrize("make", CALLERS.values(), ids=list(CALLERS))


def jwt(sub: str, valid_seconds: float = 3600.0, nonce: str = "") -> str:
    """Return a token as issuers make them, except for the signature."""
    claims = {"iss": "https://issuer.example", "sub": sub, "exp": time.time() + valid_seconds, "n": nonce}
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + ".x"


def taking(good: str, refusal: Callable[[], httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
    """Return a service that takes one token alone."""

    def serve(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] != f"Bearer {good}":
            return refusal()
        return httpx.Response(200, json=generation("succeeded", 9))

    return serve


def blocked() -> httpx.Response:
    raise httpx.ReadError("blocked")


@both
@pytest.mark.parametrize("status", [401, 403])
def test_a_token_is_renewed_once_on_both_refusals(make: Any, status: int) -> None:
    tokens = iter(["old", "new"])
    refusal = lambda: httpx.Response(status, json={"message": "no"})  # noqa: E731
    found = make(URL, taking("new", refusal), ONCE)("get", ID, token=lambda: next(tokens))
    assert found.version == 9
    tokens = iter(["old", "older", "oldest"])
    with pytest.raises(UnauthorizedError):
        make(URL, taking("new", refusal), ONCE)("get", ID, token=lambda: next(tokens))
    assert next(tokens) == "oldest"


@both
def test_an_expired_token_whose_call_gets_no_answer_is_renewed(make: Any) -> None:
    old, new = jwt("ada", -60.0), jwt("ada")
    tokens = iter([old, new])
    assert make(URL, taking(new, blocked), ONCE)("get", ID, token=lambda: next(tokens)).version == 9
    tokens = iter([jwt("ada", nonce="valid"), new])
    with pytest.raises(UnreachableError):
        make(URL, taking(new, blocked), ONCE)("get", ID, token=lambda: next(tokens))


@both
def test_a_refusal_that_passes_does_not_end_a_wait(make: Any) -> None:
    answers = [401, 403, 401, 401, 403]

    def serve(_request: httpx.Request) -> httpx.Response:
        if answers:
            return httpx.Response(answers.pop(), json={"message": "no"})
        return httpx.Response(200, json=generation("succeeded", 9))

    assert make(URL, serve)("wait", ID, token=lambda: "t").version == 9


def test_a_refusal_that_stays_ends_a_wait_after_its_patience() -> None:
    refused = [answer(401, {"message": "no"}) for _ in range(200)]
    service = Service(list(refused))
    conditions = service.conditions(renews_tokens=True)
    with pytest.raises(UnauthorizedError):
        service.run(following.wait(following.watch(ID, following.Polling(), conditions, None), True))
    assert 60 < sum(service.slept) <= 120
    assert len(service.asked) < 50


def test_a_fixed_token_that_is_refused_ends_a_wait_at_once() -> None:
    service = Service([answer(401, {"message": "no"})])
    with pytest.raises(UnauthorizedError):
        service.run(following.wait(following.watch(ID, following.Polling(), service.conditions(), None), True))
    assert service.slept == []


def test_a_new_token_ends_the_pause_after_a_refusal() -> None:
    slept: list[float] = []
    slow = Conditions(watching=Patience(seconds=1000, tries=None, base_seconds=100, cap_seconds=100))
    serve = taking("new", lambda: httpx.Response(403, json={"message": "no"}))
    token = lambda: "new" if sum(slept) >= 4 else "old"  # noqa: E731
    with Client(URL, token, conditions=slow, transport=httpx.MockTransport(serve), sleep=slept.append) as client:
        client.wait(ID)
    assert slept == [2.0, 2.0]


@both
def test_a_token_function_that_fails_is_an_error_of_its_own_and_nothing_is_sent(make: Any) -> None:
    def fails() -> str:
        raise LookupError("signed out")

    with pytest.raises(TokenUnavailableError, match="LookupError") as caught:
        make(URL, taking("t", blocked), ONCE)("get", ID, token=fails)
    assert isinstance(caught.value.__cause__, LookupError)


@both
@pytest.mark.parametrize("bad", ["", "a\nb", "schlüssel", None, 5])
def test_a_token_that_no_header_can_hold_is_not_repeated_in_the_error(make: Any, bad: Any) -> None:
    with pytest.raises(TokenUnavailableError) as caught:
        make(URL, taking("t", blocked), ONCE)("get", ID, token=lambda: bad)
    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert not bad or str(bad) not in shown


def test_a_token_function_that_hangs_is_covered_by_the_time_limit() -> None:
    over = threading.Event()
    with Client(URL, lambda: str(over.wait(60)), transport=httpx.MockTransport(taking("t", blocked))) as client:
        with pytest.raises(WaitTimeoutError):
            client.wait(ID, timeout_seconds=0.2)
        over.set()


def test_an_async_token_function_that_hangs_is_covered_by_the_time_limit() -> None:
    async def hangs() -> str:
        await anyio.sleep(60)
        return "t"

    with pytest.raises(WaitTimeoutError):
        CALLERS["async"](URL, None)("wait", ID, token=hangs, timeout_seconds=0.2)


@both
def test_a_create_is_not_repeated_under_another_users_token(make: Any) -> None:
    seen: list[str] = []
    users = iter(["ada", "bob", "bob"])

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(503, json={"message": "busy"})

    with pytest.raises(AnotherUserError) as caught:
        make(URL, serve)("create", {"kind": "story"}, token=lambda: jwt(next(users)))
    assert len(seen) == 1
    assert caught.value.idempotency_key


@both
def test_a_create_goes_on_under_a_new_token_of_the_same_user(make: Any) -> None:
    numbers = iter(range(9))
    keys: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) < 3:
            return httpx.Response(503, json={"message": "busy"})
        return httpx.Response(202, content=accepted().body)

    make(URL, serve)("create", {"kind": "story"}, token=lambda: jwt("ada", nonce=str(next(numbers))))
    assert (len(keys), len(set(keys))) == (3, 1)


@both
def test_a_refused_token_is_not_renewed_into_another_users(make: Any) -> None:
    users = iter(["ada", "bob"])
    with pytest.raises(AnotherUserError):
        make(URL, lambda _: httpx.Response(401, json={}))("create", {"kind": "x"}, token=lambda: jwt(next(users)))


def test_a_closed_client_sends_nothing_more() -> None:
    seen: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(503, json={"message": "busy"})

    client = Client(URL, "t", transport=httpx.MockTransport(serve), sleep=lambda _: client.close())
    with pytest.raises(ClosedError):
        client.create({"kind": "story"})
    assert len(seen) == 1


@pytest.mark.parametrize("ending", [LOST, answer(503, {"message": "Service Unavailable"}), answer(504, {})])
def test_a_create_that_timed_out_is_repeated_under_its_key(ending: Any) -> None:
    service = Service([ending, ending, accepted()], call_seconds=35.0)
    service.run(operations.create(service.conditions(), {"kind": "story"}, None))
    keys = {headers["idempotency-key"] for headers in service.headers}
    assert (len(service.asked), len(keys)) == (3, 1)


def test_a_create_that_a_page_of_another_server_answered_is_repeated_too() -> None:
    service = Service([answer(200, {"status": "Login required"}), accepted()])
    service.run(operations.create(service.conditions(), {"kind": "story"}, None))
    assert len(service.asked) == 2


def test_no_error_holds_a_token() -> None:
    token = jwt("ada", -60.0)
    with (
        Client(URL, lambda: token, conditions=ONCE, transport=httpx.MockTransport(taking("t", blocked))) as client,
        pytest.raises(UnstuckError) as caught,
    ):
        client.get(ID)
    assert token not in f"{caught.value!r} {caught.value} {vars(caught.value)}"
