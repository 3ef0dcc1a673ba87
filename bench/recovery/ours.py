"""Our own course: generations on a local stack with the template's lifecycle, watched or left to the sweeper.

The stack differs from the template in what it can hold alone: a worker for each generation, as the peers have.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from bench.recovery.account import Job
from bench.recovery.course import StoppedError
from bench.recovery.plan import JOB_SECONDS, KILLS, START_SECONDS, WATCH_SECONDS, kill_after_seconds
from local.emulator import PROJECT
from local.faults import holding_process, read_head
from local.stack import LocalStack, StackOptions

CAPACITY = {"BatchSize": "1", "MaximumConcurrency": str(2 * KILLS), "IsolatedMaximumConcurrency": str(2 * KILLS)}
"""A generation for each worker, so that a kill hits one, and a place for each: the defaults are ten, ten and five."""
TEXT_LENGTH = 1_200
MODEL = f"local/stream:{JOB_SECONDS:g}"
TERMINAL = ("succeeded", "failed", "canceled")
_APART_SECONDS, _AT_MOST_APART_SECONDS = 2.0, 6.0
"""Between two pairs of creates: at least, and while the workers are still starting for the ones before. The emulator
starts a new process for every kill and unpacks the code for it; many at once would keep each other from starting."""
_LOOK_SECONDS = 0.1
_MANY = httpx.Limits(max_connections=100)


@dataclass
class Generation:
    """One of the jobs, each of a different owner, because the rate limit is the default, too."""

    owner: str
    watched: bool
    number: int
    """Which kill it gets, among its kind."""
    generation_id: str = ""
    watching: threading.Thread | None = None
    headers: dict[str, str] = field(default_factory=dict)
    seen_at: float | None = None
    began_at: float | None = None
    killed_at: float | None = None


@dataclass
class OurCourse:
    """Runs ours, both contestants side by side on one stack. See `bench.recovery.course.Course`."""

    starting: threading.Lock
    stopped: threading.Event
    _all: list[Generation] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, after: Sequence[Future[Any]] = ()) -> tuple[list[Job], list[Job]]:
        """Return the evidence of the watched and of the unwatched; begin when the stack is up and all `after` are over.

        A hundred idle workers of others look for work several times a second: they would take of our time.
        """
        with ExitStack() as ending:
            with self.starting:
                self._stack = ending.enter_context(LocalStack(StackOptions(parameters=CAPACITY, default_model=MODEL)))
            self._http = ending.enter_context(httpx.Client(base_url=self._stack.api_url, timeout=60, limits=_MANY))
            ending.callback(self._let_go)
            wait(after)
            self._begin_all()
            while any(one.killed_at is None for one in self._all) or time.time() < self._last_kill + WATCH_SECONDS:
                self._step()
            calls = self._stack.ledger()
            jobs = {
                watched: [self._job(one, calls) for one in self._all if one.watched is watched]
                for watched in (True, False)
            }
        return jobs[True], jobs[False]

    @property
    def _last_kill(self) -> float:
        return max(one.killed_at or 0.0 for one in self._all)

    def _begin_all(self) -> None:
        text = (PROJECT / "examples" / "biology.txt").read_text(encoding="utf-8")[:TEXT_LENGTH]
        for number in range(KILLS):
            pair = [Generation(f"bench-watched-{number}", True, number)]
            pair.append(Generation(f"bench-unwatched-{number}", False, number))
            for one in pair:
                self._submit(one, text)
            self._all += pair
            self._step_until(_APART_SECONDS)
            self._step_until(_AT_MOST_APART_SECONDS, partial(_have_begun, pair))
        if not self._step_until(START_SECONDS, partial(_have_begun, self._all)):
            raise RuntimeError(f"not all began: {self._all}")

    def _submit(self, one: Generation, text: str) -> None:
        one.headers = {"authorization": f"Bearer {self._stack.token(one.owner)}"}
        body = {"source_text": f"{text} ({one.owner})", "model": MODEL}
        answer = self._http.post("/v1/generations", json=body, headers=one.headers)
        if answer.status_code != 202:
            raise RuntimeError(f"not accepted: {answer.text}")
        one.generation_id = answer.json()["generation_id"]
        if one.watched:
            one.watching = threading.Thread(target=self._watch, args=(one, answer.headers["retry-after"]))
            one.watching.start()

    def _watch(self, one: Generation, retry_after: str) -> None:
        """Look when the answer before said so, and at no other time, until it has ended."""
        while not self.stopped.wait(float(retry_after)) and not self._over.is_set():
            try:
                answer = self._http.get(f"/v1/generations/{one.generation_id}", headers=one.headers)
            except httpx.TransportError:
                continue  # a page, too, would look again
            if answer.status_code == 200 and answer.json()["status"] in TERMINAL:
                one.seen_at = time.time()
                return
            retry_after = answer.headers.get("retry-after", retry_after)

    def _step_until(self, seconds: float, is_so: Callable[[], bool] = lambda: False) -> bool:
        until = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > until:
                return False
            self._step()
        return True

    def _step(self) -> None:
        """Record whose model call has begun, and kill the worker of each whose time has come."""
        if self.stopped.wait(_LOOK_SECONDS):
            raise StoppedError
        begun = {call["generation"]: call["received_at"] for call in reversed(self._stack.ledger())}
        for one in self._all:
            one.began_at = begun.get(one.generation_id)
            if one.began_at is None or one.killed_at is not None:
                continue
            if time.time() >= one.began_at + kill_after_seconds(one.number):
                self._kill(one)

    def _kill(self, one: Generation) -> None:
        pid = holding_process(self._stack, one.owner, one.generation_id)
        if pid is None:
            raise RuntimeError(f"nobody holds {one.owner}'s generation in the middle of its model call")
        one.killed_at = time.time()
        os.kill(pid, signal.SIGKILL)

    def _let_go(self) -> None:
        self._over.set()
        for one in self._all:
            if one.watching is not None:
                one.watching.join()

    def _job(self, one: Generation, calls: list[dict[str, Any]]) -> Job:
        """A generation ends once, with its head; a model call that was read to its end is a run to the end."""
        own = [call for call in calls if call["generation"] == one.generation_id]
        head = read_head(self._stack, one.owner, one.generation_id) or {}
        answered = [float(call["finished_at"]) for call in own if call["outcome"] == "answered"]
        ends = (float(head["finished_at"]), *answered[1:]) if head.get("status") == "succeeded" else ()
        return Job(
            one.owner,
            one.killed_at,
            ends,
            sum(call["paid"] for call in own),
            rescued_at=self._rescued_at(one),
            seen_at=one.seen_at,
        )

    def _rescued_at(self, one: Generation) -> float | None:
        """When it was given back to the queue, by its timeline."""
        timeline = self._http.get(f"/v1/generations/{one.generation_id}/events", headers=one.headers).json()
        moments = [event["at"] for event in timeline["events"] if event["name"] == "given_back"]
        return datetime.fromisoformat(moments[0]).timestamp() if moments else None


def _have_begun(some: Sequence[Generation]) -> bool:
    return all(one.began_at is not None for one in some)
