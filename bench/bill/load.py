"""Real generations, each of a different owner, followed as a browser follows them: by Retry-After, to the end."""

import random
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local.stack import LocalStack
from operations.durations import Durations

PATIENCE_SECONDS = 300.0
_TEXT = (Path(__file__).parents[2] / "examples" / "biology.txt").read_text(encoding="utf-8")
_ENDED = ("succeeded", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Order:
    """One generation to make. `seconds` is the time of its model, for all of its calls together."""

    kind: str
    seconds: float
    owner: str = field(default_factory=lambda: f"owner-{uuid.uuid4()}")


@dataclass(slots=True)
class Followed:
    """The outcome of a request, and the calls that it took to find out."""

    order: Order
    generation_id: str = ""
    status: str = "pending"
    wait_seconds: float = 0.0
    polls: int = 0
    sent_bytes: int = 0
    """Bodies and headers that the API answered."""


CALLS = {"flashcards": 1, "story": 5, "image": 1, "assistant": 2}
"""Model calls of one generation as requested here."""


def body_of(order: Order) -> dict[str, Any]:
    """Return the request's body: about 5,000 characters for flashcards, else the kind's usual."""
    mark = f"(Copy {uuid.uuid4()}.)"  # the model server distinguishes conversations by their text
    model = f"local/stream:{order.seconds / CALLS[order.kind]:.3f}"
    fields: dict[str, Any] = {
        "flashcards": {"source_text": f"{(_TEXT + _TEXT[::-1])[:4_950]} {mark}"},
        "story": {"premise": f"A lighthouse keeper finds a map in a bottle and follows it to an island. {mark}"},
        "image": {"prompt": f"A lighthouse on a cliff at dusk, seen from the sea. {mark}"},
        "assistant": {"sentence": f"I want to run a marathon next spring. {mark}"},
    }[order.kind]
    return {"kind": order.kind, "model": model, "client_id": "c" * 36, "session_id": "s" * 36, **fields}


def drawn(mean: float, count: int) -> list[float]:
    """Return `count` log-normal durations at even steps of their distribution, shuffled: its shape alone."""
    found = [Durations(mean).quantile((place + 0.5) / count) for place in range(count)]
    random.Random(round(mean * 1000) + count).shuffle(found)
    return found


class Browser:
    """Sends requests and follows them, each in a separate thread, like as many tabs."""

    def __init__(self, stack: LocalStack, tabs: int) -> None:
        self._stack = stack
        limits = httpx.Limits(max_connections=64)
        self._http = httpx.Client(base_url=stack.api_url, timeout=60.0, limits=limits)
        self._pool = ThreadPoolExecutor(tabs, thread_name_prefix="tab")
        # All in one process, and the machine is small: a crowd at the door would time itself.
        self._door = threading.Semaphore(8)

    def send(self, orders: Iterable[Order]) -> list[Followed]:
        """Send them and return what they are; nobody follows them yet."""
        return list(self._pool.map(self._submit, orders))

    def follow(self, sent: Sequence[Followed]) -> list[Future[Followed]]:
        return [self._pool.submit(self._follow, each) for each in sent]

    def look(self, followed: Followed) -> None:
        """Poll once."""
        self._call("GET", f"/v1/generations/{followed.generation_id}", followed)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._http.close()

    def _submit(self, order: Order) -> Followed:
        followed = Followed(order)
        answer = self._call("POST", "/v1/generations", followed, json=body_of(order))
        if answer.status_code != 202:
            raise RuntimeError(f"{order.kind} was not accepted: {answer.status_code} {answer.text[:300]}")
        followed.generation_id = str(answer.json()["generation_id"])
        followed.wait_seconds = float(answer.headers["retry-after"])
        return followed

    def _follow(self, followed: Followed) -> Followed:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            time.sleep(followed.wait_seconds)
            answer = self._call("GET", f"/v1/generations/{followed.generation_id}", followed)
            followed.polls += 1
            followed.status = answer.json()["status"]
            if followed.status in _ENDED:
                return followed
            followed.wait_seconds = float(answer.headers["retry-after"])
        raise RuntimeError(f"{followed.order.kind} {followed.generation_id} has not ended: {followed.status}")

    def _call(self, method: str, path: str, followed: Followed, **body: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._stack.token(followed.order.owner)}"}
        if method == "POST":
            headers["idempotency-key"] = str(uuid.uuid4())
        with self._door:
            answer = self._http.request(method, path, headers=headers, **body)
        lines = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
        followed.sent_bytes += lines + len(answer.content)
        return answer
