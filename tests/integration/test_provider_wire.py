"""The client against servers that are odd, broken, absent or behind TLS."""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.process.provider import Provider, call
from functions.process.provider.decoding import Decoder
from shared.domain.clock import SystemClock
from shared.domain.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    PermanentProviderError,
    ProtocolBrokenError,
    ProviderError,
    TransientProviderError,
)
from shared.domain.generation import Usage
from tests.integration.provider_servers import (
    KEY,
    Asking,
    Script,
    head,
    raw_server,
    saying,
    until_the_client_leaves,
    wait_until,
)

CHUNK = b'data: {"id": "chatcmpl-1", "choices": [{"delta": {"content": "{}"}, "finish_reason": null}]}\n\n'
FINISH = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
BILL = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\n'
DONE = b"data: [DONE]\n\n"


def ending_of(script: Script, **asking: float) -> ProviderError:
    with raw_server(script) as server, pytest.raises(ProviderError) as caught:
        Asking(**asking).of(Provider(server.base_url))  # type: ignore[arg-type]  # only seconds is ever given
    assert server.connections == 1
    return caught.value


def test_what_is_sent() -> None:
    with raw_server(saying(head(), CHUNK, FINISH, DONE)) as server:
        Asking().of(Provider(server.base_url + "/"))
    headers, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = headers.decode().lower().split("\r\n")
    assert lines[0] == "post /v1/chat/completions http/1.1"
    assert f"authorization: bearer {KEY}" in lines
    assert "accept-encoding: identity" in lines
    assert "x-unstuck-step: draft" in lines
    assert json.loads(body)["stream"] is True


def test_a_server_with_neither_id_header_nor_bill_nor_done_is_understood() -> None:
    with raw_server(saying(head(), CHUNK, FINISH)) as server:
        completion = Asking().of(Provider(server.base_url))
    assert (completion.text, completion.call_id, completion.usage) == ("{}", "chatcmpl-1", Usage(calls=1))


def test_a_server_that_does_not_stream_is_understood() -> None:
    document = {
        "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3},
    }
    asking = Asking()
    with raw_server(saying(head("application/json; charset=utf-8"), json.dumps(document).encode())) as server:
        completion = asking.of(Provider(server.base_url))
    assert (completion.text, completion.usage, asking.progress) == ("{}", Usage(1, 3), [2])


def test_a_connection_left_open_after_the_answer_does_not_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "QUIET_SECONDS", 0.2)
    started = time.monotonic()
    with raw_server(saying(head(), CHUNK, FINISH, then=until_the_client_leaves)) as server:
        assert Asking(seconds=120).of(Provider(server.base_url)).text == "{}"
    assert time.monotonic() - started < 30


def test_an_answer_that_was_whole_when_the_connection_broke_is_whole() -> None:
    chunked = head("text/event-stream", "200 OK", "Transfer-Encoding: chunked")
    body = CHUNK + FINISH + BILL
    with raw_server(saying(chunked, f"{len(body):x}\r\n".encode() + body + b"\r\n")) as server:
        assert Asking().of(Provider(server.base_url)).usage == Usage(1, 3, 1)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "provider_stream_cut"),
        (b"not http at all\r\n\r\n", "provider_protocol_broken"),
        (head() + CHUNK, "provider_stream_cut"),
        (head() + CHUNK + b'data: {"choices": [{"del', "provider_stream_cut"),
        (head("text/html") + b"<html>log in to the wi-fi</html>", "provider_stream_cut"),
        (head("text/event-stream", "204 No Content"), "provider_stream_cut"),
        (head("application/json") + b'{"choices": []}', "provider_stream_cut"),
        (head("application/json") + b"{", "provider_stream_cut"),
        (head() + b"data: {not json}\n\n" + DONE, "provider_protocol_broken"),
        (head("text/event-stream", "200 OK", "Content-Encoding: gzip") + CHUNK, "provider_protocol_broken"),
        (head("text/event-stream", "200 OK", "Content-Encoding: br") + CHUNK, "provider_protocol_broken"),
    ],
)
def test_a_broken_answer_may_be_better_the_next_time(sent: bytes, code: str) -> None:
    caught = ending_of(saying(sent))
    broken = ProtocolBrokenError if code == "provider_protocol_broken" else TransientProviderError
    assert (type(caught), caught.code) == (broken, code)


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-zlib.MAX_WBITS)),
        ("gzip", lambda body: b"".join(gzip.compress(line) for line in body.splitlines(keepends=True))),
        ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(b"") + gzip.compress(body[9:]) + bytes(12)),
        ("GZIP, identity", gzip.compress),
        ("identity", bytes),
    ],
    ids=["gzip", "deflate", "deflate without a header", "a member each line", "padded", "names", "identity"],
)
def test_an_answer_that_is_compressed_unasked_is_opened(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    packed = compress(CHUNK + FINISH + DONE)
    parts = [packed[:1], *(packed[at : at + 7] for at in range(1, len(packed), 7))]
    with raw_server(saying(head("text/event-stream", "200 OK", f"Content-Encoding: {encoding}"), *parts)) as server:
        assert Asking().of(Provider(server.base_url)).text == "{}"


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 200_000])
def test_no_byte_is_left_behind_in_what_unpacks(size: int) -> None:
    body = b"x" * size
    decoder = Decoder("gzip")
    assert b"".join(decoder.decode(gzip.compress(body), 1_000_000)) == body
    assert b"".join(decoder.decode(gzip.compress(b"more"), 1_000_000)) == b"more"


def test_a_small_answer_that_unpacks_to_a_large_one_is_cut_off() -> None:
    bomb = gzip.compress(b"data: " + b"x" * 100_000_000)
    caught = ending_of(saying(head("text/event-stream", "200 OK", "Content-Encoding: gzip"), bomb))
    assert caught.code == "output_too_large"


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with raw_server(saying(head())) as elsewhere:
        moved = head("text/html", "307 Temporary Redirect", f"Location: {elsewhere.base_url}")
        caught = ending_of(saying(moved))
        assert elsewhere.connections == 0
    assert (type(caught), caught.code) == (PermanentProviderError, "provider_bad_request")


def test_a_flood_of_comments_is_cut_off() -> None:
    def flood(stream: socket.socket) -> None:
        stream.sendall(head())
        while True:
            stream.sendall(b": still here\n" * 5_000)

    with raw_server(flood) as server, pytest.raises(PermanentProviderError) as caught:
        Asking().of(Provider(server.base_url, max_bytes=1_000_000))
    assert caught.value.code == "output_too_large"


def test_a_refusal_with_a_body_without_end_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "QUIET_SECONDS", 0.2)
    refusal = head("application/json", "429 Too Many Requests", "Retry-After: 9")
    for body in (b"", b"x" * 200_000, b'{"error": "text"}', b"[]"):
        caught = ending_of(saying(refusal, body, then=until_the_client_leaves))
        assert (caught.code, caught.retry_after_seconds) == ("provider_rate_limited", 9.0)


def test_nobody_there_is_tried_three_times_and_asks_for_no_leave() -> None:
    class Counting(SystemClock):
        pauses = 0

        def random(self) -> float:
            self.pauses += 1
            return 0.0

    clock, asking = Counting(), Asking()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransientProviderError) as caught:
        asking.of(Provider(f"http://127.0.0.1:{port}/v1", clock=clock))
    assert caught.value.code == "provider_unreachable"
    assert "refused" in caught.value.message
    assert (clock.pauses, asking.asked) == (2, 0)


def test_a_server_that_comes_back_within_the_quick_tries_is_used() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))

        class OpensOnTheSecondPause(SystemClock):
            pauses = 0

            def random(self) -> float:
                if self.pauses == 1:
                    listener.listen()
                self.pauses += 1
                return 0.0

        def serve() -> None:
            # Accepting fails until a server listens.
            wait_until(lambda: clock.pauses == 2, "the second pause")
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(head() + CHUNK + FINISH + DONE)

        clock, asking = OpensOnTheSecondPause(), Asking()
        thread = threading.Thread(target=serve)
        thread.start()
        completion = asking.of(Provider(f"http://127.0.0.1:{listener.getsockname()[1]}", clock=clock))
        thread.join(30)
    assert (completion.text, asking.asked) == ("{}", 1)


@pytest.fixture
def hung_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    release = threading.Event()

    def hang(*_: object, **__: object) -> None:
        release.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield release
    release.set()


def test_a_name_server_that_does_not_answer_cannot_hold_the_call(hung_resolver: threading.Event) -> None:
    with pytest.raises(CallDeadlineExceededError):
        Asking(seconds=0.3).of(Provider("http://slow.invalid/v1"))
    asking = Asking()
    threading.Timer(0.1, asking.cancellation.cancel).start()
    with pytest.raises(CallCanceledError):
        asking.of(Provider("http://slow.invalid/v1"))
    assert not hung_resolver.is_set()


def test_a_connection_that_is_not_taken_up_is_given_up() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # With a full backlog Linux drops the next SYN; elsewhere the connection is refused.
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for early in waiting:
            early.setblocking(False)
            early.connect_ex(address)
        provider = Provider(f"http://127.0.0.1:{address[1]}/v1", connect_timeout_seconds=0.2)
        with pytest.raises(TransientProviderError) as caught:
            Asking().of(provider)
        for early in waiting:
            early.close()
    assert caught.value.code == "provider_unreachable"


def test_the_environment_does_not_get_to_see_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with raw_server(saying(head())) as proxy, raw_server(saying(head(), CHUNK, FINISH, DONE)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        Asking().of(Provider(server.base_url))
    assert proxy.connections == 0
    assert f"Bearer {KEY}".encode() in server.requests[0]


@pytest.mark.parametrize("url", ["", "127.0.0.1/v1", "ftp://host/v1", "https://", "https://name:word@host/v1"])
def test_a_base_url_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        Provider(url)
