"""Replaces `threading` and a thread pool in the code under test: the same, over simulated tasks."""

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from tests.simulation.scheduler import NEVER, Scheduler, Task

Spawn = Callable[[str, Callable[[], None]], Task]
"""Starts a task in the process that is running."""


class Event:
    """As `threading.Event`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler, self._set = scheduler, False
        self._waiters: list[Task] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        """Wake the waiting task. Does not wait itself."""
        self._set = True
        for waiter in self._waiters:
            self._scheduler.wake(waiter)
        self._waiters.clear()

    def wait(self, timeout: float | None = None) -> bool:
        scheduler = self._scheduler
        until = NEVER if timeout is None else scheduler.now + timeout
        while not self._set:
            task = scheduler.current
            if task is None:
                raise RuntimeError("no simulated task is running")
            self._waiters.append(task)
            scheduler.wait(until - scheduler.now if until != NEVER else NEVER)
            if task in self._waiters:
                self._waiters.remove(task)
            if scheduler.now >= until:
                break
        return self._set


class Thread:
    """As `threading.Thread`; starting one lets others run first, as it may."""

    def __init__(self, scheduler: Scheduler, spawn: Spawn, target: Callable[[], None], name: str) -> None:
        self._scheduler, self._spawn, self._target, self._name = scheduler, spawn, target, name
        self.task: Task | None = None

    def start(self) -> None:
        self.task = self._spawn(self._name, self._target)
        self._scheduler.wait(0.0)

    def join(self) -> None:
        if self.task is None or self._scheduler.current is None:
            raise RuntimeError("not started")
        while not self.task.done:
            self.task.waiters.append(self._scheduler.current)
            self._scheduler.wait(NEVER)


class Pool:
    """As `ThreadPoolExecutor` with a thread for each piece of work."""

    def __init__(self, scheduler: Scheduler, spawn: Spawn) -> None:
        self._scheduler, self._spawn = scheduler, spawn
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for thread in self._threads:
            thread.join()

    def map(self, work: Callable[[Any], Any], values: Iterable[Any]) -> Iterator[Any]:
        results: dict[int, Any] = {}
        for place, value in enumerate(values):
            self._threads.append(self._thread(results, place, work, value))
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()
        return iter([results[place] for place in sorted(results)])

    def _thread(self, results: dict[int, Any], place: int, work: Callable[[Any], Any], value: Any) -> Thread:
        def carry() -> None:
            results[place] = work(value)

        return Thread(self._scheduler, self._spawn, carry, f"generation-{place}")
