"""The client's WebSocket against a real server: what it hears wakes who waits, on a thread or an event loop."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from queue import Queue
from typing import Any

import anyio
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.clients.scripted import ID, generation
from unstuck import channel as channels
from unstuck.bell import Bell
from unstuck.channel import Channel
from unstuck.flow import Surroundings

PATIENCE_SECONDS = 20.0
LOOPS = [loop for loop in ("asyncio", "trio") if find_spec(loop)]
"""tests/clients/test_oldest.py runs these with both."""


def until(true: Callable[[], object], bell: Bell | None = None) -> None:
    over = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < over, "not in time"
        bell.wait(1) if bell else time.sleep(0.01)


@dataclass
class Server:
    """Keeps what connects, and what it was sent."""

    url: str = ""
    connections: list[ServerConnection] = field(default_factory=list)
    sent: Queue[Any] = field(default_factory=Queue)
    closed: Queue[ServerConnection] = field(default_factory=Queue)

    def serve_one(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        try:
            for text in connection:
                self.sent.put(text)
        except ConnectionClosed:
            pass
        self.closed.put(connection)

    def tell(self, version: int) -> None:
        frame = {"type": "generation", "generation": generation(version=version), "etag": "e"}
        until(lambda: self.connections)
        self.connections[-1].send(json.dumps(frame))


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    with serve(found.serve_one, "127.0.0.1", 0) as running:
        host, port = running.socket.getsockname()[:2]
        found.url = f"ws://{host}:{port}/live?ticket=x"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield found
        running.shutdown()
        thread.join()


@contextmanager
def opened() -> Iterator[Channel]:
    channel = Channel(Surroundings())
    try:
        yield channel
    finally:
        channel.close()
        assert not [each for each in threading.enumerate() if each.name == "unstuck-live"], "a thread is left"


def told(channel: Channel) -> int:
    found = channel.live.heard(ID).told
    return found.generation.version if found else 0


def test_what_is_told_rings_until_it_is_closed(server: Server) -> None:
    with opened() as channel, channel.live.following(ID) as bell:
        channel.live.admit(server.url, 3600)
        until(lambda: channel.live.healthy, bell)
        server.tell(7)
        until(lambda: told(channel) == 7, bell)
        for odd in ("no json", "[]", '{"type": "generation"}', '{"type": "news"}', '{"type": []}'):
            server.connections[-1].send(odd)
        server.tell(8)
        until(lambda: told(channel) == 8, bell)
        server.connections[-1].close()
        until(lambda: not channel.live.healthy, bell)
        assert 0 < (channel.live.wanted_in() or 0) <= 2


def test_an_event_loop_is_woken_and_never_blocked(server: Server) -> None:
    with opened() as channel:

        async def listen(version: int) -> int:
            with channel.live.following(ID) as bell:
                while told(channel) < version:
                    await bell.wait_async(PATIENCE_SECONDS)
            return told(channel)

        async def both() -> list[int]:
            channel.live.admit(server.url, 3600)
            waiting = [asyncio.ensure_future(listen(7)) for _ in range(30)]
            given_up = asyncio.ensure_future(listen(99))
            while not channel.live.healthy:
                await asyncio.sleep(0.01)
            given_up.cancel()
            channel.live.missed()  # which rings, on the loop's own thread
            server.tell(7)
            return await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE_SECONDS)

        assert asyncio.run(both()) == [7] * 30
        server.tell(8)  # when the loop is gone
        until(lambda: told(channel) == 8)


@pytest.mark.parametrize("loop", LOOPS)
def test_either_kind_of_loop_is_woken_from_another_thread(loop: str) -> None:
    async def heard(bell: Bell) -> bool:
        with anyio.move_on_after(0.01):
            await bell.wait_async(PATIENCE_SECONDS)  # given up, and waited for again
        threading.Timer(0.1, bell.ring).start()
        return await bell.wait_async(PATIENCE_SECONDS)

    assert anyio.run(heard, Bell(), backend=loop)


def test_a_bell_is_heard_once_and_kept_until_then() -> None:
    bell = Bell()
    assert not bell.wait(0)
    bell.ring()
    bell.ring()
    assert bell.wait(PATIENCE_SECONDS)
    assert not bell.wait(0.01)
    bell.ring()
    assert asyncio.run(bell.wait_async(PATIENCE_SECONDS))
    assert not asyncio.run(bell.wait_async(0.01))


def test_the_next_connection_closes_the_one_before(server: Server) -> None:
    with opened() as channel, channel.live.following(ID) as bell:
        for count in (1, 2):
            channel.live.admit(server.url, 3600)
            until(lambda count=count: channel.live.turn == count, bell)  # type: ignore[misc]
        server.closed.get(timeout=PATIENCE_SECONDS)
        assert server.closed.empty()
        assert channel.live.healthy
        assert channel.live.turn == 2, "what was closed on purpose is no loss"


def test_it_pings_so_that_it_is_not_closed_as_idle(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "PING_SECONDS", 0.05)
    with opened() as channel, channel.live.following(ID):
        channel.live.admit(server.url, 3600)
        for _ in range(3):
            assert json.loads(server.sent.get(timeout=PATIENCE_SECONDS)) == {"action": "ping"}


def test_it_is_closed_when_nothing_is_followed_and_at_its_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstuck.live.LINGER_SECONDS", 0.2)
    with opened() as channel:
        channel.live.admit(server.url, 3600)
        server.closed.get(timeout=PATIENCE_SECONDS)
        assert channel.live.wanted_in() == 0.0, "whoever follows next connects at once"
        with channel.live.following(ID):
            channel.live.admit(server.url, 0.2)
            server.closed.get(timeout=PATIENCE_SECONDS)
            assert not channel.live.healthy


def test_a_server_that_refuses_is_asked_again_later() -> None:
    with opened() as channel, channel.live.following(ID) as bell:
        channel.live.admit("ws://127.0.0.1:1/live", 3600)
        until(lambda: channel.live.wanted_in() is not None, bell)
        assert 0 < (channel.live.wanted_in() or 0) <= 2
        assert not channel.live.healthy
