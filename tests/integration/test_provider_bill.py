"""The final bill of a call, on the wire: against the local model server, and servers that do not behave."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from functions.process.provider import Provider
from local.model_server import ModelServer
from shared.domain.errors import CallCanceledError, ProviderError
from shared.domain.generation import Usage
from tests.integration.provider_servers import KEY, Asking, raw_server, saying, until_the_client_leaves, wait_until


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def ask(provider: Provider, bill_id: str, seconds: float = 10.0, key: str = KEY) -> Usage | None:
    return provider.bill(bill_id, api_key=key, deadline=time.monotonic() + seconds)


def cut(server: ModelServer, model: str) -> Usage:
    """Make a call that is cut, and return what the ledger says it cost."""
    asking = Asking(model)
    with pytest.raises(ProviderError) as caught:
        asking.of(Provider(server.base_url))
    assert caught.value.usage is None
    [call] = server.ledger.wait_for(lambda calls: calls[0].outcome is not None)
    assert asking.bill_ids == [call.id]
    return Usage(1, call.prompt_tokens, call.completion_tokens, Decimal(str(call.cost)))


@pytest.mark.parametrize("model", ["local/cut", "local/error_in_stream", "local/broken", "local/huge"])
def test_what_a_call_that_broke_off_has_cost_is_told_afterwards(server: ModelServer, model: str) -> None:
    expected = cut(server, model)
    assert expected.cost_usd > 0
    assert ask(Provider(server.base_url), server.ledger.calls[0].id) == expected


def test_a_bill_that_is_not_there_yet_is_asked_for_again(server: ModelServer) -> None:
    expected = cut(server, "local/late_bill:2")
    assert ask(Provider(server.base_url), server.ledger.calls[0].id) == expected
    assert server.ledger.calls[0].bill_asks == 3


def test_a_bill_that_is_never_there_is_given_up_at_the_deadline(server: ModelServer) -> None:
    cut(server, "local/late_bill:1000000")
    began = time.monotonic()
    assert ask(Provider(server.base_url), server.ledger.calls[0].id, seconds=0.5) is None
    assert 0.4 < time.monotonic() - began < 30
    assert 1 < server.ledger.calls[0].bill_asks < 10


def test_a_call_that_we_closed_has_its_bill_within_moments(server: ModelServer) -> None:
    provider, asking = Provider(server.base_url), Asking("local/stream:60")

    def close_once_it_streams() -> None:
        wait_until(lambda: len(asking.progress) > 1, "text")
        asking.cancellation.cancel()

    closing = threading.Thread(target=close_once_it_streams)
    closing.start()
    with pytest.raises(CallCanceledError):
        asking.of(provider)
    closing.join()
    usage = ask(provider, asking.bill_ids[0])
    [call] = server.ledger.wait_for(lambda calls: calls[0].outcome is not None)
    assert (call.outcome, call.paid) == ("client_closed", True)
    assert usage == Usage(1, call.prompt_tokens, call.completion_tokens, Decimal(str(call.cost)))


def test_the_account_of_ones_own_is_billed_with_the_fee_and_the_models_price(server: ModelServer) -> None:
    asking = Asking("local/byok")
    completion = asking.of(Provider(server.base_url))
    assert ask(Provider(server.base_url), asking.bill_ids[0]) == completion.usage


@pytest.mark.parametrize("model", ["local/no_id", "local/500", "local/429"])
def test_no_id_is_told_by_a_server_that_names_none_or_refuses(server: ModelServer, model: str) -> None:
    asking = Asking(model)
    try:
        asking.of(Provider(server.base_url))
    except ProviderError:
        assert model != "local/no_id"
    assert asking.bill_ids == []


def test_a_key_that_is_refused_gets_no_bill_and_is_not_repeated(server: ModelServer) -> None:
    cut(server, "local/cut")
    assert ask(Provider(server.base_url), server.ledger.calls[0].id, key="") is None
    assert server.ledger.calls[0].bill_asks == 0


def answer(status: str, body: bytes) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    ).encode() + body


ODD = {
    "another shape": b'{"total_cost": 1}',
    "no JSON": b"<html>",
    "a list": b"[]",
    "no cost": b'{"data": {"tokens_prompt": 3}}',
    "a cost that is a word": b'{"data": {"total_cost": "free"}}',
    "a cost that is true": b'{"data": {"total_cost": true}}',
    "a cost with an endless exponent": b'{"data": {"total_cost": 1e99999999999999999999}}',
    "too deep": b"[" * 60_000,
    "too large": json.dumps({"data": {"total_cost": 1, "provider_responses": "x" * 70_000}}).encode(),
}


@pytest.mark.parametrize("name", ODD)
def test_an_answer_that_is_no_bill_is_none(name: str) -> None:
    with raw_server(saying(answer("200 OK", ODD[name]))) as server:
        assert ask(Provider(server.base_url), "gen-1") is None
    assert server.connections == 1


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "302 Found", "400 Bad Request"])
def test_a_refusal_is_final(status: str) -> None:
    with raw_server(saying(answer(status, b"{}"))) as server:
        assert ask(Provider(server.base_url), "gen-1") is None
    assert server.connections == 1


def test_the_question_names_the_id_and_carries_the_key_in_its_header_alone() -> None:
    bill = b'{"data": {"total_cost": 0.5, "tokens_prompt": 7, "tokens_completion": 2}}'
    with raw_server(saying(answer("200 OK", bill))) as server:
        assert ask(Provider(server.base_url), "gen/1&x=2") == Usage(1, 7, 2, Decimal("0.5"))
    [request] = server.requests
    line, _, rest = request.partition(b"\r\n")
    assert line == b"GET /v1/generation?id=gen%2F1%26x%3D2 HTTP/1.1"
    assert rest.count(KEY.encode()) == 1
    assert f"Authorization: Bearer {KEY}".encode() in rest


def drip(stream: socket.socket) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while stream.send(b" "):
        time.sleep(0.05)


@pytest.mark.parametrize("script", [until_the_client_leaves, drip])
def test_a_server_that_hangs_is_left_at_the_deadline(script: Callable[[socket.socket], None]) -> None:
    with raw_server(script) as server:
        began = time.monotonic()
        assert ask(Provider(server.base_url), "gen-1", seconds=0.4) is None
        assert time.monotonic() - began < 30


def test_a_server_that_cannot_be_reached_tells_no_bill() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert ask(Provider(f"http://127.0.0.1:{port}"), "gen-1", seconds=2) is None
