"""Load of a given width and length on the HTTP API: clients that each send their next request when they are answered.

Bounded by time. A request that is not answered as it must be ends the bench: refusals are fast, and would count too.
"""

import http.client
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.report import PROJECT
from local.stack import LocalStack

CEILING_PATH = "/v1/throughput-ceiling"
MODEL = "local/cards"
_POLL_SECONDS = 0.25
AT_ONCE = 8
"""That a function starts at once: more on two processors, and a start may take longer than a function may."""
_PATIENCE_SECONDS = 60.0


class UnexpectedAnswerError(RuntimeError):
    """The API answered differently than the load expects."""


@dataclass
class Client:
    """One user with a connection that is kept open."""

    stack: LocalStack
    name: str
    text: str
    _connection: http.client.HTTPConnection = field(init=False)
    _base: str = field(init=False)
    _headers: dict[str, str] = field(init=False)
    _ended: str = ""
    _etag: str = ""

    def __post_init__(self) -> None:
        url = urllib.parse.urlsplit(self.stack.api_url)
        self._connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=_PATIENCE_SECONDS)
        self._base = url.path
        token = self.stack.token(self.name)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def prepare(self) -> None:
        """Make a generation that has ended, for polls."""
        self._ended = self.whole()
        self._etag = self._ask("GET", f"/v1/generations/{self._ended}", 200)[0]["ETag"]

    def nothing(self) -> None:
        """Call the function that does nothing, behind the same gateway and token."""
        self._ask("GET", CEILING_PATH, 200)

    def poll(self) -> None:
        """Read a generation that has succeeded, with its cards."""
        self._ask("GET", f"/v1/generations/{self._ended}", 200)

    def poll_again(self) -> None:
        """Read what has not changed."""
        self._ask("GET", f"/v1/generations/{self._ended}", 304, {"if-none-match": self._etag})

    def create(self) -> str:
        """Have a generation accepted; return its id."""
        body = json.dumps({"source_text": self.text, "model": MODEL}).encode()
        return str(json.loads(self._ask("POST", "/v1/generations", 202, body=body)[1])["generation_id"])

    def whole(self) -> str:
        """Create a generation and poll it until it has succeeded; return its id."""
        generation_id, give_up = self.create(), time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up:
            found = json.loads(self._ask("GET", f"/v1/generations/{generation_id}", 200)[1])
            if found["status"] == "succeeded":
                return generation_id
            if found["status"] not in ("pending", "running"):
                raise UnexpectedAnswerError(f"{generation_id} has {found['status']}")
            time.sleep(_POLL_SECONDS)
        raise UnexpectedAnswerError(f"{generation_id} has not ended within {_PATIENCE_SECONDS:.0f} s")

    def _ask(
        self, method: str, path: str, status: int, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[Any, bytes]:
        self._connection.request(method, self._base + path, body, {**self._headers, **(headers or {})})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != status:
            raise UnexpectedAnswerError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return answer.headers, content

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Slice:
    """The work of one stretch of load: seconds, and the duration of each request."""

    seconds: float
    latencies: Sequence[float]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def clients(stack: LocalStack, count: int) -> list[Client]:
    """Return this many users, each with a generation to poll."""
    text = Path(PROJECT / "examples" / "biology.txt").read_text(encoding="utf-8")
    made = [Client(stack, f"throughput-{number}", text) for number in range(count)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(Client.prepare, made))
    return made


def press(users: Sequence[Client], act: Callable[[Client], object], seconds: float) -> Slice:
    """Run all users side by side, each one request after the other, and let the running ones finish.

    The time counts until the last has finished, so that requests and answers match.
    """
    together, began = threading.Barrier(len(users) + 1), 0.0

    def keep_acting(user: Client) -> list[float]:
        together.wait()
        until, found = time.monotonic() + seconds, []
        while (at := time.monotonic()) < until:
            act(user)
            found.append(time.monotonic() - at)
        return found

    with ThreadPoolExecutor(len(users)) as pool:
        running = [pool.submit(keep_acting, user) for user in users]
        together.wait()
        began = time.monotonic()
        latencies = [latency for each in running for latency in each.result()]
    return Slice(time.monotonic() - began, latencies)
