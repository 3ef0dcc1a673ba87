"""The course of one peer: its jobs and workers start, each job's worker is killed once, and a supervisor restarts
it."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.recovery.account import Job
from bench.recovery.peers import VENV, Peer
from bench.recovery.plan import JOB_SECONDS, START_SECONDS, WATCH_SECONDS, kill_after_seconds
from bench.recovery.servers import ENVIRONMENT, Servers
from local.emulator import PROJECT
from local.processes import Child, tail

_LOOK_SECONDS = 0.05
_SUBMIT_SECONDS = 60


class StoppedError(Exception):
    """The bench is being ended, or another contestant could not be measured."""


@dataclass
class Course:
    """Runs one peer. `starting` is held while its workers start, so that those of one peer do at a time."""

    peer: Peer
    servers: Servers
    state: Path
    starting: threading.Lock
    stopped: threading.Event
    _workers: dict[str, Child] = field(default_factory=dict)
    _first: dict[str, dict[str, Any]] = field(default_factory=dict)
    _killed_at: dict[str, float] = field(default_factory=dict)

    def run(self) -> list[Job]:
        """Return the evidence of every job. Raises RuntimeError if they did not begin, StoppedError if asked to
        stop."""
        self.state.mkdir()
        # The model's ledger is everybody's: a name must tell whose job it is, and two contestants may share a module.
        names = [f"{self.state.name}-{number}" for number in range(self.peer.kills)]
        try:
            with self.starting:
                self._submit(names)
                for number in range(self.peer.kills):
                    self._start(str(number))
                self._wait_for_begins(names)
            self._go_on_until_watched(names)
        finally:
            for worker in self._workers.values():
                worker.stop()
        ends = {name: tuple(line["at"] for line in self._noted("ended") if line["job"] == name) for name in names}
        return [Job(name, self._killed_at.get(name), ends[name], self.servers.paid_calls(name)) for name in names]

    @property
    def _events(self) -> Path:
        return self.state / "events.jsonl"

    def _environment(self, worker: str) -> dict[str, str]:
        return {
            **ENVIRONMENT,
            "HOME": str(self.state),
            "TMPDIR": str(self.state),
            "PYTHONPATH": str(PROJECT),
            "RECOVERY_BROKER": self.peer.broker(self.servers),
            "RECOVERY_MODEL_URL": self.servers.model_url,
            "RECOVERY_MODEL": f"local/stream:{JOB_SECONDS:g}",
            "RECOVERY_EVENTS": str(self._events),
            "RECOVERY_WORKER": worker,
            **self.peer.environment,
        }

    def _submit(self, names: list[str]) -> None:
        argv: list[str | Path] = [VENV / "bin" / "python", "-m", "bench.recovery.jobs.submit", self.peer.module, *names]
        log = self.state / "submit.log"
        Child("submit", argv, env=self._environment(""), cwd=self.state, log=log).finish(_SUBMIT_SECONDS)

    def _start(self, worker: str) -> None:
        command, log = self.peer.command(worker), self.state / f"worker-{worker}.log"
        self._workers[worker] = Child(
            f"{self.peer.name} {worker}", command, env=self._environment(worker), cwd=self.state, log=log
        )

    def _wait_for_begins(self, names: list[str]) -> None:
        give_up = time.monotonic() + START_SECONDS
        while len(self._first) < len(names):
            if time.monotonic() > give_up:
                logs = "\n".join(tail(worker.log, 5) for worker in self._workers.values())
                raise RuntimeError(f"{self.peer.name}: {len(self._first)} of {len(names)} jobs began\n{logs}")
            self._step()

    def _go_on_until_watched(self, names: list[str]) -> None:
        while len(self._killed_at) < len(names) or time.time() < max(self._killed_at.values()) + WATCH_SECONDS:
            self._step()

    def _step(self) -> None:
        """Record which jobs have begun, and kill the worker of each whose time has come."""
        if self.stopped.wait(_LOOK_SECONDS):
            raise StoppedError
        for line in self._noted("began"):
            self._first.setdefault(line["job"], line)
        for number, (job, begun) in enumerate(list(self._first.items())):
            if job not in self._killed_at and time.time() >= begun["at"] + kill_after_seconds(number, self.peer.kills):
                self._killed_at[job] = time.time()
                self._kill(begun)

    def _kill(self, begun: dict[str, Any]) -> None:
        if self.peer.child_only:
            os.kill(begun["pid"], signal.SIGKILL)
            return
        worker = self._workers[begun["worker"]]
        worker.stop()  # SIGKILL to the worker and to everything in its process group
        self._start(begun["worker"])  # as systemd does, with Restart=always

    def _noted(self, event: str) -> Iterator[dict[str, Any]]:
        if self._events.exists():
            for line in self._events.read_text(encoding="utf-8").splitlines():
                noted = json.loads(line)
                if noted["event"] == event:
                    yield noted
