"""Fetching the issuer's keys from servers of every sort: the keys, or an error the caller knows, and in time."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from functions.authorizer.download import MAX_BYTES, download
from functions.authorizer.jwks import Jwks, KeysUnavailableError
from shared.domain.clock import SystemClock
from tests.integration.provider_servers import self_signed
from tests.tokens import Issuer

CLOCK = SystemClock()


@contextmanager
def server(answer: Callable[[socket.socket], None], *, reads: bool = True) -> Iterator[str]:
    """A server that answers one call with whatever `answer` writes."""

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # nobody called
            return
        with connection:
            try:
                if reads:
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


LIMIT_SECONDS = 0.5
HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPPED: dict[str, tuple[bytes, bytes]] = {
    "nothing at all": (b"", b""),
    "the status line": (b"HTTP/1.1 200 ", b"O"),
    "a line that never ends": (HEAD + b"X: ", b"y"),
    "headers without end": (HEAD, b"X: y\r\n"),
    "an interim answer again and again": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "an extension of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "chunks of one byte": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "a body of known length": (HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
    "a body of unknown length": (HEAD + b"\r\n", b" "),
}
"""The bytes sent at once, and the drips after them. Each drip comes well within any timeout of a single read."""


def dripping(at_once: bytes, drip: bytes) -> Callable[[socket.socket], None]:
    def write(connection: socket.socket) -> None:
        connection.settimeout(10)
        connection.sendall(at_once)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if drip:
                connection.sendall(drip)
                time.sleep(LIMIT_SECONDS / 10)
            elif not connection.recv(1):  # it has hung up
                return

    return write


@pytest.mark.parametrize("name", DRIPPED)
def test_whatever_drips_ends_at_the_deadline_of_the_whole_fetch(name: str) -> None:
    began = time.monotonic()
    with server(dripping(*DRIPPED[name])) as url:
        with pytest.raises(OSError, match=r"slowly|timed out|HTTP"):
            download(url, CLOCK, LIMIT_SECONDS)
        took = time.monotonic() - began
    assert took < LIMIT_SECONDS + 10, "far from the half minute that drips used to take"


def test_a_handshake_that_never_ends_ends_at_the_deadline() -> None:
    began = time.monotonic()
    with server(dripping(b"\x16\x03\x03\x40\x00", b"\x02")) as url, pytest.raises(OSError):  # noqa: PT011
        download(url.replace("http://", "https://"), CLOCK, LIMIT_SECONDS)
    assert time.monotonic() - began < LIMIT_SECONDS + 10


def test_a_name_whose_lookup_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def hangs(*_arguments: Any, **_options: Any) -> list[Any]:
        go_on.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    began = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            download("https://issuer.example/keys", CLOCK, LIMIT_SECONDS)
        assert time.monotonic() - began < LIMIT_SECONDS + 10
    finally:
        go_on.set()


def test_a_host_of_many_dead_addresses_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each had the time of the whole fetch. A queue that is full takes no connection, as a host that is down."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        filling = []
        for _ in range(4):
            filling.append(socket.socket())
            filling[-1].setblocking(False)
            filling[-1].connect_ex(place)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place)] * 20
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: found)
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - which one is the system's
            download("https://issuer.example/keys", CLOCK, LIMIT_SECONDS)
        assert time.monotonic() - began < LIMIT_SECONDS + 8
        for each in filling:
            each.close()


def test_keys_come_over_tls_from_whom_the_host_is_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    def answer(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with server(answer, reads=False) as url, pytest.raises(ssl.SSLError):
        download(url.replace("http://", "https://"), CLOCK)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server(answer, reads=False) as url:
        assert download(url.replace("http://", "https://"), CLOCK) == b"{}"


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
