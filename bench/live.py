"""How soon an open page sees a change, by push and by polling; what pushes delay; what a text's messages come to.

One local stack, at the template's own timings. Of AWS it says nothing but what the code adds.
"""

import json
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench.report import Goal, Report, Spread, Table, run
from local.stack import LocalStack, StackOptions

WRITES = 30
ENDS = 8
MESSAGES = 20
CHANGE_SECONDS = 0.025
TEXT = "The cell is the smallest unit of life. Robert Hooke named it in 1665. " * 20
STORY = {"kind": "story", "premise": "A lighthouse keeper finds a door in the sea.", "chapters": 3}
_PATIENCE_SECONDS = 60.0


@dataclass
class Page:
    """An owner with a page open: calls the API, and listens."""

    stack: LocalStack
    name: str = field(default_factory=lambda: f"page-{uuid.uuid4()}")
    frames: list[tuple[float, dict[str, Any], int]] = field(default_factory=list)
    """When each came, in epoch seconds, what it was, and its bytes."""

    def __enter__(self) -> Self:
        headers = {"authorization": f"Bearer {self.stack.token(self.name)}"}
        self.http = httpx.Client(base_url=self.stack.api_url, headers=headers, timeout=60)
        url = self.http.post("/v1/live").raise_for_status().json()["url"]
        self._open = connect(url, proxy=None, open_timeout=60)
        self._socket = self._open.__enter__()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
        self.http.close()

    def _listen(self) -> None:
        try:
            for text in self._socket:
                self.frames.append(
                    (time.time(), json.loads(text), len(text.encode() if isinstance(text, str) else text))
                )
        except ConnectionClosed:
            return

    def create(self, seconds: float, **body: Any) -> str:
        asked = body or {"source_text": f"{TEXT} {uuid.uuid4()}"}
        answer = self.http.post("/v1/generations", json={"model": f"local/stream:{seconds:g}", **asked})
        return str(answer.raise_for_status().json()["generation_id"])

    def heard(self, generation_id: str, version: int = 0, *, end: bool = False) -> float:
        """Return when the first frame came that tells of this version, or of the end."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            for at, frame, _ in list(self.frames):
                head = frame.get("generation", {})
                told = head.get("generation_id") == generation_id and head["version"] >= version
                if told and (not end or "finished_at" in head):
                    return at
            time.sleep(0.001)
        raise TimeoutError(f"{generation_id} was not heard of")

    def poll(self, generation_id: str) -> tuple[float, int, dict[str, Any]]:
        """Follow by Retry-After; return when the end was seen, after how many GETs, and what it was."""
        gets = 0
        while True:
            answer = self.http.get(f"/v1/generations/{generation_id}").raise_for_status()
            gets += 1
            if "finished_at" in answer.json():
                return time.time(), gets, dict(answer.json())
            time.sleep(float(answer.headers["retry-after"]))


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _write(stack: LocalStack, owner: str, generation_id: str) -> int:
    """Change a head, and return its version then."""
    answer = stack.client("dynamodb").update_item(
        TableName=stack.table_name,
        Key={"pk": {"S": owner}, "sk": {"S": f"G#{generation_id}"}},
        UpdateExpression="ADD version :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["version"]["N"])


@contextmanager
def changing(stack: LocalStack, page: Page, generation_id: str) -> Iterator[None]:
    """Change a head of a page that listens every 25 ms: `push` is never idle."""
    over = threading.Event()

    def change() -> None:
        while not over.wait(CHANGE_SECONDS):
            _write(stack, page.name, generation_id)

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _write_to_frame(stack: LocalStack, page: Page, generation_id: str) -> list[float]:
    found = []
    for _ in range(WRITES):
        began = time.time()
        version = _write(stack, page.name, generation_id)
        found.append(page.heard(generation_id, version) - began)
    return found


def _message_delays(page: Page) -> list[float]:
    """Return how long the message of each generation took to its worker, in seconds."""
    found = []
    for _ in range(MESSAGES):
        _, _, seen = page.poll(page.create(0.1))
        found.append(_epoch(seen["started_at"]) - _epoch(seen["created_at"]))
    return found


def _lateness(pushed: Page, polled: Page) -> dict[str, list[float]]:
    """Return how late each end was seen, and after how many GETs, in turns: one pushed, one polled."""
    found: dict[str, list[float]] = {"push late": [], "push gets": [], "poll late": [], "poll gets": []}
    for _ in range(ENDS):
        ended = pushed.create(5)
        at = pushed.heard(ended, end=True)
        seen = pushed.http.get(f"/v1/generations/{ended}").raise_for_status().json()
        found["push late"].append(at - _epoch(seen["finished_at"]))
        found["push gets"].append(1)
        at, gets, seen = polled.poll(polled.create(5))
        found["poll late"].append(at - _epoch(seen["finished_at"]))
        found["poll gets"].append(gets)
    return found


def _partials(page: Page) -> dict[str, tuple[int, int, int]]:
    """Return, for each kind, how many messages of a text there were, their bytes in all, and the largest."""
    found = {}
    for kind, body, seconds in (("flashcards", {"source_text": f"{TEXT} {uuid.uuid4()}"}, 15), ("story", STORY, 10)):
        generation_id = page.create(seconds, **body)
        page.heard(generation_id, end=True)
        sizes = [size for _, frame, size in page.frames if frame.get("generation_id") == generation_id]
        found[kind] = len(sizes), sum(sizes), max(sizes)
    return found


def measure() -> Report:
    limits = {"RateLimits": "*=10000/1", "MaxRunning": "0", "MaxDailySpendUsd": "0"}
    with LocalStack(StackOptions(parameters=limits)) as stack, ExitStack() as pages:
        one, two, busy = (pages.enter_context(Page(stack)) for _ in range(3))
        ids = {page.name: page.create(0.1) for page in (one, two, busy)}
        for page in (one, two, busy):
            page.heard(ids[page.name], end=True)
        idle = _write_to_frame(stack, one, ids[one.name])
        quiet = _message_delays(two)
        with changing(stack, busy, ids[busy.name]), ThreadPoolExecutor(4) as pool:
            load = [pool.submit(two.create, 8) for _ in range(4)]
            loaded = _write_to_frame(stack, one, ids[one.name])
            for each in load:
                two.heard(each.result(), end=True)
            delayed = _message_delays(two)
        late = _lateness(one, two)
        partials = _partials(one)
    return _report(idle, loaded, quiet, delayed, late, partials)


def _report(
    idle: list[float],
    loaded: list[float],
    quiet: list[float],
    delayed: list[float],
    late: dict[str, list[float]],
    partials: dict[str, tuple[int, int, int]],
) -> Report:
    def ms(seconds: list[float]) -> str:
        return Spread.of(each * 1000 for each in seconds).text(0)

    ends = Table(
        "How late an end is seen, seconds, and GETs a generation",
        ["", "late", "GETs"],
        [
            ["by push", Spread.of(late["push late"]).text(), Spread.of(late["push gets"]).text(1)],
            ["by polling, by the hint", Spread.of(late["poll late"]).text(), Spread.of(late["poll gets"]).text(1)],
        ],
        [f"{ENDS} generations of 5 s each, in turns on one stack. By push the one GET fetches the output."],
    )
    ways = Table(
        "A change's way to an open page, and a message's to its worker, milliseconds",
        ["", "idle", f"a head changes every {CHANGE_SECONDS * 1000:.0f} ms"],
        [
            ["from the write of a head to its frame", ms(idle), ms(loaded)],
            ["from the create to the worker", ms(quiet), ms(delayed)],
        ],
        [
            f"{WRITES} writes, {MESSAGES} generations. The emulator polls the stream ten times a second, AWS four.",
            "Under load four more generations stream meanwhile for the first row.",
        ],
    )
    texts = Table(
        "Messages of a text while it is written, one page open",
        ["", "messages", "bytes in all", "largest"],
        [[kind, *(f"{figure:,}" for figure in found)] for kind, found in partials.items()],
        ["Flashcards in one call of 15 s; a story of three chapters, in four calls of 10 s."],
    )
    worst, added = max(idle), statistics.median(delayed) - statistics.median(quiet)
    goals = [
        Goal("a change is on an open page within a second", f"{worst:.2f} s at worst, idle", worst < 1),
        Goal("a message waits for no push", f"{added * 1000:+.0f} ms in the median", added < 0.5),
        Goal(
            "an end is seen sooner by push than by polling",
            f"{statistics.median(late['push late']):.2f} s, and {statistics.median(late['poll late']):.2f} s",
            statistics.median(late["push late"]) < statistics.median(late["poll late"]),
        ),
    ]
    figures = {"idle": idle, "loaded": loaded, "quiet": quiet, "delayed": delayed, "late": late, "partials": partials}
    return Report("live", "Live pages", [ways, ends, texts], figures, goals)


if __name__ == "__main__":
    sys.exit(run(measure, __doc__ or ""))
