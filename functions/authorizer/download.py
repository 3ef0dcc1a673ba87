"""Fetches the issuer's key set from one address, with a deadline and a limit on bytes. Without TLS only on loopback.

The deadline covers the whole download: the name, the handshake and every byte, however slowly they arrive.
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
    """Return the content of `url`. Raises OSError if it is not available, ValueError if the address is not allowed.

    `trust` has the trusted authorities; None reads the system's now, which takes 20 ms of CPU. Redirects are not
    followed: the keys decide who gets in, so they must come from the configured address.
    """
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
        raise ValueError("keys are fetched only over https")
    if not address.hostname:
        raise ValueError("the address of the keys has no host")
    deadline = _Deadline(clock, seconds)
    connection = _connection(address, deadline, trust)
    try:
        connection.request("GET", f"{address.path or '/'}{'?' if address.query else ''}{address.query}")
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"the keys' address returned {answer.status}")
        content = answer.read(MAX_BYTES + 1)
    except http.client.HTTPException as error:
        raise OSError(f"the response is not HTTP: {type(error).__name__}") from error
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
        """Return the remaining seconds. Raises TimeoutError if there are none."""
        seconds = self._until - self._clock.monotonic()
        if seconds <= 0:
            raise TimeoutError("the key set arrives too slowly")
        return seconds


class _Timed(io.RawIOBase):
    """Reads a socket until the deadline. A socket's own timeout limits each read, so a byte a second would outlast
    it."""

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
    # The host and its port as spelled in the address.
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
    """Connect to the first address of the host that responds."""
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
    """Look up a name in a thread, because the system's resolver takes no time limit."""
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
        raise TimeoutError("looking up the host's name timed out")
    if failed:
        raise OSError(f"the host's name cannot be looked up: {type(failed[0]).__name__}") from failed[0]
    return found
