"""Fetching the issuer's keys from servers of every sort: the keys, or an error the caller knows, and in time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from functions.authorizer.download import MAX_BYTES, TIMEOUT_SECONDS, download
from functions.authorizer.jwks import Jwks, KeysUnavailableError
from shared.domain.clock import SystemClock
from tests.tokens import Issuer

CLOCK = SystemClock()


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers one call with whatever `answer` writes."""

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # nobody called
            return
        with connection:
            try:
                connection.recv(65536)
                answer(connection)
            except OSError:  # the caller had enough
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def writes(*parts: bytes) -> Callable[[socket.socket], None]:
    def write(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return write


def drips(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def test_the_keys_are_what_the_issuer_publishes() -> None:
    with Issuer() as issuer:
        content = download(f"{issuer.url}/.well-known/jwks.json", CLOCK)
    assert issuer.signer.key_id.encode() in content


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x01",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_is_no_key_set_gives_no_keys_and_breaks_nothing(answer: bytes) -> None:
    with server(writes(answer)) as url:
        keys = Jwks(url, "ES256", CLOCK, partial(download, clock=CLOCK))
        with pytest.raises(KeysUnavailableError):
            keys.find({"kid": "any"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with Issuer() as elsewhere:
        location = f"{elsewhere.url}/.well-known/jwks.json".encode()
        answer = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location)
        with server(writes(answer)) as url, pytest.raises(OSError, match=str(status)):
            download(url, CLOCK)
        assert elsewhere.asked == []


def test_a_stream_of_drips_ends_at_the_deadline() -> None:
    began = time.monotonic()
    with server(drips) as url, pytest.raises(TimeoutError):
        download(url, CLOCK)
    assert time.monotonic() - began < TIMEOUT_SECONDS + 20


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    def floods(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b" " * MAX_BYTES)

    with server(floods) as url, pytest.raises(OSError, match="too large"):
        download(url, CLOCK)


def test_a_server_that_is_not_there_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        download(f"http://127.0.0.1:{port}/keys", CLOCK)


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/keys",
        "http://127.0.0.1.issuer.example/keys",
        "http://localhost@issuer.example/keys",
        "file:///etc/passwd",
        "ftp://127.0.0.1/keys",
        "data:application/json,{}",
        "/etc/passwd",
        "",
        "http://[",
    ],
)
def test_only_https_is_asked_outside_this_machine(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - two of ours and the parser's own
        download(url, CLOCK)
