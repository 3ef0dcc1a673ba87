"""A service whose changes are pushed over connections that lose, double, reorder, fall silent, close and refuse."""

import heapq
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from random import Random
from typing import Any

from tests.clients.scripted import ID, answer, generation, problem
from unstuck.errors import UnreachableError
from unstuck.exchange import Conditions
from unstuck.flow import RUNG, SLEPT, Answer, Flow, Request, Sleep, Surroundings
from unstuck.live import Live
from unstuck.models import GenerationDetail
from unstuck.pushing import Pushing

LEASE_SECONDS, BEAT_SECONDS, HINT_SECONDS = 40.0, 10.0, 2.0
BEGAN = datetime(2026, 1, 31, 8, tzinfo=UTC).timestamp()


@dataclass
class Line:
    """How connections are. Times are seconds, the others chances."""

    refused: float = 0.0
    handshake_fails: float = 0.0
    silent: float = 0.0
    """The state of a connection: it is open, and reports nothing."""
    lost: float = 0.0
    doubled: float = 0.0
    late_seconds: float = 0.3
    lives_seconds: float = 10_000.0


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


@dataclass
class Pushed:
    """Runs a flow beside a worker on one clock. `ends_after` and `dies_after` set the worker's fate."""

    random: Random = field(default_factory=lambda: Random(1))
    line: Line = field(default_factory=Line)
    taken_after: float = 1.0
    ends_after: float = 30.0
    dies_after: float | None = None
    lease_seconds: float = LEASE_SECONDS
    offered: bool = True
    failing: Callable[[Request], Answer | UnreachableError | None] = lambda _request: None
    time: float = BEGAN
    looked: list[float] = field(default_factory=list)
    tickets: list[float] = field(default_factory=list)
    ended_at: float | None = None
    healed_at: float | None = None

    def __post_init__(self) -> None:
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._connections: dict[int, bool] = {}
        around = Surroundings(monotonic=lambda: self.time, now=lambda: self.time, chance=self.random.random)
        self.conditions = Conditions(around=around)
        self.live = Live(around, self._start)
        self.changes = Pushing(live=self.live)
        self.head = generation("pending", 1, created_at=iso(self.time), state="queued")
        self.head["next_at"] = iso(self.time + 60)
        self.lease_until = self.time + 60
        self.at(self.taken_after, self._take)

    # The worker.

    def _take(self) -> None:
        self.change(status="running", state="working", attempt=self.head["attempt"], beat=True)
        begun = self.head["attempt"]
        dies = self.dies_after if begun == 1 else None
        for beat in itertools.count(1):
            if BEAT_SECONDS * beat >= min(self.ends_after, dies or self.ends_after):
                break
            self.at(BEAT_SECONDS * beat, lambda: self.change(beat=True, same_version=True))
        for progress in (20, 40, 60, 80):
            at = self.ends_after * progress / 100
            if dies is None or at < dies:
                self.at(at, partial(self.change, progress=progress, beat=True))
        if dies is None:
            self.at(self.ends_after, self._end)

    def _end(self) -> None:
        self.ended_at = self.time
        self.change(status="succeeded", progress=100, finished_at=iso(self.time), state=None, next_at=None)

    def change(self, *, beat: bool = False, same_version: bool = False, **fields: Any) -> None:
        self.head = {**self.head, **fields, "version": self.head["version"] + (not same_version)}
        if beat:
            self.lease_until = self.time + self.lease_seconds
            self.head |= {"heartbeat_at": iso(self.time), "next_at": iso(self.lease_until)}
        self._push()

    def _heal(self) -> None:
        """The effect of a poll once the lease is over."""
        if self.ended_at is None and self.dies_after is not None and self.time >= self.lease_until:
            self.healed_at, self.dies_after = self.time, None
            self.change(attempt=2, status="pending", state="queued")
            self.at(1.0, self._take)

    # What connects them.

    def _push(self) -> None:
        shown = {name: value for name, value in self.head.items() if value is not None}
        told: dict[str, Any] = {"type": "generation", "etag": self._etag, "generation": shown}
        if self.ended_at is None:
            told["look_after_seconds"] = self.lease_until - self.time
        text = json.dumps(told)
        for number, silent in self._connections.items():
            if silent or self.random.random() < self.line.lost:
                continue
            for _ in range(1 + (self.random.random() < self.line.doubled)):
                delay = self.random.uniform(0.05, self.line.late_seconds)
                self.at(delay, partial(self._deliver, number, text))

    def write(self, number: int, step: str = "cards", attempt: int = 1) -> None:
        """Tell over each connection what is written so far."""
        told = {"type": "partial", "generation_id": ID, "attempt": attempt, "step": step, "number": number}
        for each in self._connections:
            self.live.hear(each, json.dumps({**told, "output": {"text": "x" * number}}))

    def _deliver(self, number: int, text: str) -> None:
        if number in self._connections:
            self.live.hear(number, text)

    def _start(self, number: int, _url: str) -> None:
        if self.random.random() < self.line.handshake_fails:
            self.at(0.3, lambda: self.live.closed(number))
        else:
            self.at(0.2, lambda: self._open(number))

    def _open(self, number: int) -> None:
        for old in [each for each in self._connections if each < number]:
            self.close(old)
        self._connections[number] = self.random.random() < self.line.silent
        self.live.opened(number)
        self.at(self.random.uniform(0.5, 1.5) * self.line.lives_seconds, lambda: self.close(number))

    def close(self, number: int | None = None) -> None:
        """The network does it; without a number, to all."""
        for each in [number] if number is not None else list(self._connections):
            if self._connections.pop(each, None) is not None:
                self.live.closed(each)

    # The flow's side.

    def run[Result](self, flow: Flow[Result]) -> Result:
        try:
            asked = next(flow)
            while True:
                found = self._slept(asked) if isinstance(asked, Sleep) else self._called(asked)
                asked = flow.throw(found) if isinstance(found, UnreachableError) else flow.send(found)
        except StopIteration as end:
            result: Result = end.value
            return result

    def watch(self, watch: Any) -> list[GenerationDetail]:
        """Return everything that a `Watch` yields."""
        found = []
        while (each := self.run(watch.take())) is not None:
            found.append(each)
        return found

    def _slept(self, asked: Sleep) -> Answer:
        until = self.time + asked.seconds
        while True:
            if asked.until_news is not None and asked.until_news.wait(0):
                return RUNG
            if not self._events or self._events[0][0] > until:
                self.time = until
                return SLEPT
            self._next()

    def _called(self, request: Request) -> Answer | UnreachableError:
        seconds = self.random.uniform(0.02, 0.3)
        found = self.failing(request) or (self._ticket() if request.path == "/v1/live" else self._look(request))
        self.pass_(seconds)
        return found

    def _ticket(self) -> Answer:
        self.tickets.append(self.time)
        if not self.offered:
            return answer(404, {"message": "Not Found"})
        if self.random.random() < self.line.refused:
            return self.random.choice([problem(429, "too_many_connections", retry_after="5"), answer(503)])
        return answer(200, {"url": "ws://x", "ends_at": int(self.time + 3600)}, date=self._date)

    def _look(self, request: Request) -> Answer:
        self.looked.append(self.time)
        self._heal()
        if request.headers.get("if-none-match") == self._etag:
            return answer(304, etag=self._etag, retry_after="2", date=self._date)
        shown = {name: value for name, value in self.head.items() if value is not None}
        if self.ended_at is None:
            shown |= {"poll_after_seconds": HINT_SECONDS, "stuck": self._stuck}
        else:
            shown["output"] = {"suggestions": []}
        return answer(200, shown, etag=self._etag, date=self._date)

    @property
    def _etag(self) -> str:
        return f'"{self.head["version"]}-{self.head.get("heartbeat_at")}-{self._stuck}"'

    @property
    def _stuck(self) -> bool:
        return self.ended_at is None and self.time > self.lease_until - self.lease_seconds + 1.2 * BEAT_SECONDS

    @property
    def _date(self) -> str:
        return format_datetime(datetime.fromtimestamp(int(self.time), UTC), usegmt=True)

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.time + seconds, next(self._order), act))

    def pass_(self, seconds: float) -> None:
        until = self.time + seconds
        while self._events and self._events[0][0] <= until:
            self._next()
        self.time = until

    def _next(self) -> None:
        at, _, act = heapq.heappop(self._events)
        self.time = max(self.time, at)
        act()
