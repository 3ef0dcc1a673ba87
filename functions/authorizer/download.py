"""Fetches the issuer's key set: one address, in the clear only on this machine, with a deadline and a cap on bytes.

The deadline is for the whole of it: the name, the handshake, and every byte of the answer, however slowly they come.
"""

import http.client
import io
import socket
import ssl
import threading
from typing import Any, override
from urllib.parse import SplitResult, urlsplit

from shared.domain.clock import Clock

TIMEOUT_SECONDS = 2.0
MAX_BYTES = 256 * 1024
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def download(url: str, clock: Clock, seconds: float = TIMEOUT_SECONDS, trust: ssl.SSLContext | None = None) -> bytes:
    """Return what is at `url`. Raises OSError when it is not to be had, ValueError when it must not be asked for.

    `trust` says whom to trust; None reads the system's authorities now, 20 ms of a processor. A redirect is not
    followed: the keys decide who gets in, and come from the configured address or not at all.
    """
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
        raise ValueError("keys are fetched by https alone")
    if not address.hostname:
        raise ValueError("the address of the keys names no host")
    deadline = _Deadline(clock, seconds)
    connection = _connection(address, deadline, trust)
    try:
        connection.request("GET", f"{address.path or '/'}{'?' if address.query else ''}{address.query}")
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"the keys were answered with {answer.status}")
        content = answer.read(MAX_BYTES + 1)
    except http.client.HTTPException as error:
        raise OSError(f"no answer of HTTP: {type(error).__name__}") from error
    finally:
        connection.close()
    if len(content) > MAX_BYTES:
        raise OSError("the key set is too large")
    return content


class _Deadline:
    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError when none are."""
        seconds = self._until - self._clock.monotonic()
        if seconds <= 0:
            raise TimeoutError("the key set comes too slowly")
        return seconds


class _Timed(io.RawIOBase):
    """Reads a socket until the deadline. A socket's own time-out is for each read: a drip a second would outlast it."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._socket, self._deadline = connected, deadline
        self._raw = connected.makefile("rb", buffering=0)  # keeps the socket open until it is closed itself

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left())
        return int(self._raw.readinto(buffer) or 0)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


def _connection(address: SplitResult, deadline: _Deadline, trust: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host, secure = address.hostname or "", address.scheme == "https"
    connected = _connect(host, address.port or (443 if secure else 80), deadline)
    try:
        if secure:
            context = trust or ssl.create_default_context()
            connected.settimeout(deadline.left())  # of the handshake as a whole
            connected = context.wrap_socket(connected, server_hostname=host)
        connected.settimeout(deadline.left())
    except BaseException:
        connected.close()
        raise
    # The host as it is spelled in the address, with its port: what the request names.
    connection = http.client.HTTPConnection(address.netloc.rpartition("@")[2])
    connection.sock = connected
    connection.response_class = _answer_until(deadline)
    return connection


def _answer_until(deadline: _Deadline) -> type[http.client.HTTPResponse]:
    class Answer(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
            super().__init__(sock, *arguments, **options)
            plain, self.fp = self.fp, io.BufferedReader(_Timed(sock, deadline))
            plain.close()

    return Answer


def _connect(host: str, port: int, deadline: _Deadline) -> socket.socket:
    """Connect to the first address of the host that answers."""
    failed: OSError | None = None
    for family, kind, protocol, _, place in _addresses(host, port, deadline):
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(deadline.left())
            connected.connect(place)
        except OSError as error:
            connected.close()
            failed = error
        else:
            return connected
    raise failed or OSError("the host has no address")


def _addresses(host: str, port: int, deadline: _Deadline) -> list[Any]:
    """Look a name up. The system's resolver takes no time limit: a thread that it keeps does nothing more."""
    found: list[Any] = []
    failed: list[OSError | UnicodeError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if thread.is_alive():
        raise TimeoutError("the host's name was not looked up in time")
    if failed:
        raise OSError(f"the host's name cannot be looked up: {type(failed[0]).__name__}") from failed[0]
    return found
