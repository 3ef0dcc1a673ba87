"""The WebSocket of a client, in a separate thread: reports to `Live`, and decides nothing."""

import threading
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import httpx

from unstuck.flow import Surroundings
from unstuck.following import Changes, Polling
from unstuck.live import Live
from unstuck.pushing import Pushing
from unstuck.wire import __version__

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

PING_SECONDS = 300.0
_PING = '{"action": "ping"}'
_CONNECT_SECONDS, _CLOSE_SECONDS = 10.0, 1.0
NEEDED = {"websockets": (15,), "anyio": (4, 11)}
"""The extra `live`, with its oldest versions."""


class Channel:
    """Opens a connection when `live` starts one. Closes the old one when the new one is open, or on `close`."""

    def __init__(self, around: Surroundings) -> None:
        self.live = Live(around, self._start)
        self._lock = threading.Lock()
        self._sockets: dict[int, ClientConnection] = {}
        self._threads: list[threading.Thread] = []

    def close(self) -> None:
        """Close all open connections. Takes two seconds at most."""
        self.live.shut()
        self._end_before(None)
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)

    def _start(self, number: int, url: str) -> None:
        thread = threading.Thread(target=self._run, args=(number, url), name="unstuck-live", daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def _run(self, number: int, url: str) -> None:
        from websockets.exceptions import WebSocketException  # noqa: PLC0415 - of an extra
        from websockets.sync.client import connect  # noqa: PLC0415

        try:
            with connect(
                url,
                ssl=httpx.create_ssl_context() if url.startswith("wss:") else None,  # with the trust of the calls
                user_agent_header=f"unstuck-python/{__version__}",
                open_timeout=_CONNECT_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                ping_interval=None,  # API Gateway counts messages, but not pings
            ) as socket:
                with self._lock:
                    self._sockets[number] = socket
                self.live.opened(number)
                self._end_before(number)
                self._listen(number, socket)
        except (OSError, WebSocketException):
            pass
        finally:
            with self._lock:
                self._sockets.pop(number, None)
            self.live.closed(number)

    def _listen(self, number: int, socket: "ClientConnection") -> None:
        ping_at = time.monotonic() + PING_SECONDS
        while (rests := self.live.rests(number)) is not None:
            with suppress(TimeoutError):
                self.live.hear(number, socket.recv(timeout=max(0.0, min(rests, ping_at - time.monotonic()))))
            if time.monotonic() >= ping_at:
                socket.send(_PING)
                ping_at += PING_SECONDS

    def _end_before(self, number: int | None) -> None:
        """Close the connections before this one, or all."""
        with self._lock:
            old = [socket for each, socket in self._sockets.items() if number is None or each < number]
        for socket in old:
            socket.close()


def over(changes: Changes, around: Surroundings, *, wanted: bool) -> tuple[Changes, Channel | None]:
    """Put a live connection over polling, if changes are learned of that way and the extra `live` is installed."""
    if not wanted or type(changes) is not Polling or not _installed():
        return changes, None
    channel = Channel(around)
    return Pushing(changes.at_most_seconds, live=channel.live), channel


def _installed() -> bool:
    try:
        return all(_numbers(version(name)) >= oldest for name, oldest in NEEDED.items())
    except PackageNotFoundError:
        return False


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
