"""How the emulator starts functions' processes on a machine with few processors. Runs inside MiniStack's own
environment.

AWS starts environments side by side, each on its own machine. Here code is unpacked once, and only a few processes
start at a time. A call waits briefly for a free process, and a few stay warm. A function sees no difference.
"""

import contextlib
import hashlib
import os
import tempfile
import threading
import time
import types
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CODE = "ministack-lambda-code"
"""The directory of unpacked code, in TMPDIR, with a directory for each archive."""
STARTS_AT_ONCE = max(2, os.cpu_count() or 2)
PATIENCE_SECONDS = 5.0
"""How long a call waits for a free process before it starts another. The API answers in a fraction of it."""
WORKERS_PATIENCE_SECONDS = 0.2
"""The worker's, whose calls take as long as the models do."""
HUNG_SECONDS = 30.0
_LOOK_SECONDS = 0.05


class _UnpackedOnce(zipfile.ZipFile):
    """An archive whose first unpacking is kept and shared by all others. On AWS, nobody could write there."""

    _one_at_a_time = threading.Lock()

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        archive = Path(str(self.filename))
        kept = Path(tempfile.gettempdir(), CODE, hashlib.sha256(archive.read_bytes()).hexdigest()[:32])
        with self._one_at_a_time:
            if not kept.exists():
                unfinished = kept.with_suffix(".unfinished")
                super().extractall(unfinished, members, pwd)
                unfinished.rename(kept)
        target = Path(path)
        with contextlib.suppress(FileNotFoundError):
            target.rmdir()
        target.symlink_to(kept, target_is_directory=True)
        archive.unlink()  # as large as the unpacked code, and one for every process


class FunctionPool:
    """The processes of all functions: MiniStack's own pool, with other rules for starting one."""

    def __init__(self, runtime: Any, warm: Mapping[str, int]) -> None:
        """`runtime` is MiniStack's module. `warm`: how many of a function stay up, by its folder's name."""
        self._runtime, self._warm = runtime, warm
        self._changed = threading.Condition(runtime._lock)
        self._starting: dict[int, float] = {}

    def acquire(self, name: str, config: Any, code: bytes, qualifier: str = "$LATEST", _cap: int | None = None) -> Any:
        """Lease a process that is free now or within a moment. Otherwise start a new one, once few others are starting.

        Replaces MiniStack's `acquire_worker`: returns the worker, and where it came from.
        """
        key = self._runtime._worker_key(name, config, qualifier)
        process = _folder(config) == "process"
        give_up = time.monotonic() + (WORKERS_PATIENCE_SECONDS if process else PATIENCE_SECONDS)
        with self._changed:
            while True:
                workers = self._runtime._workers.setdefault(key, [])
                for worker in workers:
                    if not worker.in_use:
                        return self._lease(worker), "reused"
                patient = workers and time.monotonic() < give_up
                if not patient and self._starts() < STARTS_AT_ONCE:
                    return self._add(workers, name, config, code), "spawn"
                self._changed.wait(_LOOK_SECONDS)

    def release(self, worker: Any) -> None:
        """Take a leased process back. Replaces MiniStack's `release_worker`."""
        if worker is None:
            return
        with self._changed:
            worker.in_use = False
            self._starting.pop(id(worker), None)
            self._changed.notify_all()

    def started(self, worker: Any) -> None:
        """Let another one start, now that this one has started or failed."""
        with self._changed:
            self._starting.pop(id(worker), None)
            self._changed.notify_all()

    def keep_warm(self) -> None:
        """Start missing processes of called functions, one at a time and while nothing else starts."""
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._changed:
                worker = None if self._starts() else self._next_to_warm()
            if worker is not None:
                with contextlib.suppress(Exception):  # a call will meet the same fault and report it
                    self._runtime.ensure_spawned(worker)
                self.release(worker)
                with self._changed:
                    kept = any(worker in workers for workers in self._runtime._workers.values())
                if not kept:  # its function was deployed again meanwhile
                    self._runtime.kill_workers([worker])

    def reap(self, ttl: float | None = None) -> int:
        """End processes that have been idle for long, except those that stay warm. Replaces `reap_idle_workers`."""
        with self._changed:
            for workers in self._runtime._workers.values():
                for worker in workers[: self._warm.get(_folder(workers[0].config), 1) if workers else 0]:
                    worker.last_used = time.time()
        return int(self._runtime.reap_idle_workers(ttl))

    def _starts(self) -> int:
        """How many are starting. One that hangs does not block the others forever."""
        return sum(time.monotonic() - at < HUNG_SECONDS for at in self._starting.values())

    def _next_to_warm(self) -> Any:
        for workers in self._runtime._workers.values():
            if workers and len(workers) < self._warm.get(_folder(workers[0].config), 0):
                first = workers[0]
                return self._add(workers, first.func_name, first.config, first.code_zip)
        return None

    def _add(self, workers: list[Any], name: str, config: Any, code: bytes) -> Any:
        worker = self._lease(self._runtime._worker_class_for(config)(name, config, code))
        workers.append(worker)
        self._starting[id(worker)] = time.monotonic()
        return worker

    def _lease(self, worker: Any) -> Any:
        worker.in_use, worker.last_used = True, time.time()
        return worker


def _folder(config: Any) -> str:
    """The project's name of the function: `create` for `functions.create.handler.handler`."""
    return str(config.get("Handler", "")).removeprefix("functions.").partition(".")[0]


def install(runtime: Any, service: Any, warm: str) -> None:
    """Make MiniStack's Lambda use the pool. `warm` looks like `create=4,process=6`; empty keeps one of each."""
    named = (pair.partition("=") for pair in warm.split(",") if pair)
    pool = FunctionPool(runtime, {name: int(count) for name, _, count in named})
    unpacking = types.SimpleNamespace(**{name: getattr(zipfile, name) for name in zipfile.__all__})
    unpacking.ZipFile = _UnpackedOnce
    runtime.zipfile = unpacking
    spawn = runtime.Worker._spawn

    def spawn_counted(worker: Any) -> None:
        try:
            spawn(worker)
        finally:
            pool.started(worker)

    runtime.Worker._spawn = spawn_counted
    for module in (runtime, service):
        module.acquire_worker, module.release_worker = pool.acquire, pool.release
    service.reap_idle_workers = pool.reap
    if pool._warm:
        threading.Thread(target=pool.keep_warm, daemon=True, name="keep-warm").start()
