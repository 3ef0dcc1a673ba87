"""A browser's side of a live connection: a ticket, a WebSocket, and all of its messages."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from local.stack import LocalStack
from shared.store.marshalling import unmarshal
from tests.e2e.contract import assert_frame
from tests.e2e.owner import PATIENCE_SECONDS

Frame = dict[str, Any]


def ticket(http: httpx.Client) -> Frame:
    """Ask for a ticket as an owner does."""
    answer = http.post("/v1/live")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class Listener:
    """`with Listener(owner.http) as heard:` - connected when the block begins, and gone when it ends."""

    def __init__(self, http: httpx.Client, url: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.url = url or str(ticket(http)["url"])
        self.headers = dict(headers or {})
        self.frames: list[Frame] = []
        self.heard_at: list[float] = []
        self._news = threading.Condition()
        self.closed = False

    def __enter__(self) -> Self:
        self._open = connect(self.url, additional_headers=self.headers, proxy=None, open_timeout=60)
        self.socket: ClientConnection = self._open.__enter__()
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
        self._thread.join(10)

    def _listen(self) -> None:
        try:
            for text in self.socket:
                with self._news:
                    self.frames.append(json.loads(text))
                    self.heard_at.append(time.monotonic())
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        with self._news:
            self.closed = True
            self._news.notify_all()

    def wait_for(self, wanted: Callable[[Frame], bool], after: int = 0) -> Frame:
        """Wait until a frame behind the first `after` is as wanted, and return the first that is."""
        until = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while True:
                for frame in self.frames[after:]:
                    assert_frame(frame)
                    if wanted(frame):
                        return frame
                assert not self.closed, f"closed: {self.frames}"
                assert time.monotonic() < until, f"not told within {PATIENCE_SECONDS} s: {self.frames}"
                self._news.wait(1)

    def wait_for_end(self, generation_id: str) -> Frame:
        return self.wait_for(lambda frame: is_of(frame, generation_id) and "finished_at" in frame["generation"])

    def wait_until_closed(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while not self.closed:
                assert time.monotonic() < until, "the socket stays open"
                self._news.wait(1)

    def of(self, generation_id: str) -> list[Frame]:
        return [frame for frame in self.frames if is_of(frame, generation_id)]


def is_of(frame: Frame, generation_id: str) -> bool:
    """Whether a frame tells of a generation's head."""
    return bool(frame["type"] == "generation" and frame["generation"]["generation_id"] == generation_id)


def connected(stack: LocalStack, owner: str) -> list[dict[str, Any]]:
    """Return what is noted of an owner's connections."""
    found = stack.client("dynamodb").query(
        TableName=stack.live_table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": owner}},
        ConsistentRead=True,
    )
    return [unmarshal(item) for item in found["Items"]]


def id_of(frame: dict[str, Any]) -> str:
    """Return which generation a frame tells of."""
    return str(frame["generation_id"] if frame["type"] == "partial" else frame["generation"]["generation_id"])


def heads_in(heard: Listener) -> list[dict[str, Any]]:
    return [frame for frame in heard.frames if frame["type"] == "generation"]


def is_past(version: int, frame: dict[str, Any]) -> bool:
    return int(frame["generation"]["version"]) > version


def refusal(url: str, **headers: str) -> int:
    """Return the status that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers, proxy=None, open_timeout=60):
        pass
    return int(refused.value.response.status_code)


@contextmanager
def silent(url: str) -> Iterator[None]:
    """Connect, and neither read nor send anything during the block, like a machine that lost its network."""
    address = urlsplit(url)
    asks = (
        f"GET {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=60) as wire:
        wire.sendall(asks.encode())
        assert b" 101 " in wire.recv(1024)
        yield
