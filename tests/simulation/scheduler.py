"""Cooperative threads in virtual time: exactly one runs, until it waits. The seed decides which is next.

Each is a greenlet, because the code under test blocks where real code does, in the middle of its calls. Real threads
that pass a baton do the same at twice the cost. Knows nothing of the simulation's subject.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from greenlet import getcurrent, greenlet

NEVER = float("inf")


class WorldEndedError(BaseException):
    """The simulation is over: the task unwinds. No code under test may swallow it."""


class Owner:
    """The owner of tasks. While it is frozen, none of its tasks runs; `check` may raise an exception that ends the
    task."""

    frozen_until: float = 0.0

    def check(self) -> None:
        """Called in the task whenever it continues."""


class Task:
    """One simulated thread."""

    __slots__ = ("carrier", "done", "label", "owner", "ticket", "waiters")

    def __init__(self, label: str, owner: Owner) -> None:
        self.label, self.owner = label, owner
        self.carrier: greenlet
        self.ticket, self.done = 0, False
        self.waiters: list[Task] = []


@dataclass
class Scheduler:
    """`now` is seconds since the simulation began. Everything but `run` is called from within a task, or before."""

    random: Random
    now: float = 0.0
    current: Task | None = None
    switches: int = 0
    failure: BaseException | None = None
    _queue: list[tuple[float, float, int, Task, int]] = field(default_factory=list)
    _alive: set[Task] = field(default_factory=set)
    _main: greenlet = field(default_factory=getcurrent)
    _count: int = 0
    _over: bool = False
    _until: Callable[[], bool] = lambda: False

    def spawn(self, label: str, work: Callable[[], None], owner: Owner, delay: float = 0.0) -> Task:
        """Start `work` in `delay` seconds. An exception in it ends the simulation."""
        if self._over:
            raise WorldEndedError
        task = Task(label, owner)
        task.carrier = greenlet(lambda: self._carry_out(task, work), self._main)
        self._alive.add(task)
        self._push(task, self.now + delay)
        return task

    def run(self, until: Callable[[], bool]) -> None:
        """Run until it holds, or nothing is left to run; then end every task. Raises what one of them raised."""
        self._until = until
        while (task := self._next()) is not None:
            self.switches += 1
            task.carrier.switch()
        self._over = True
        for task in sorted(self._alive, key=lambda task: task.label):
            self.current = task
            task.carrier.switch()
        self.current = None
        if self.failure is not None:
            raise self.failure

    def stop(self, failure: BaseException) -> None:
        """End the simulation with this as its result; the task that calls it unwinds."""
        if self.failure is None:
            self.failure = failure
        raise WorldEndedError

    def wait(self, seconds: float) -> None:
        """Let others run, and continue in `seconds`, or whenever `wake` is called."""
        task = self._me()
        if seconds != NEVER:
            self._push(task, self.now + seconds)
        if self._over:
            raise WorldEndedError
        self._main.switch()
        if self._over:
            raise WorldEndedError
        task.owner.check()

    def wake(self, task: Task) -> None:
        """Continue a waiting task now."""
        self._push(task, self.now)

    def _me(self) -> Task:
        if self.current is None:
            raise RuntimeError("no simulated task is running")
        return self.current

    def _push(self, task: Task, at: float) -> None:
        # The seed orders tasks that may continue at the same time; the count only keeps tasks from being compared.
        self._count += 1
        heappush(self._queue, (at, self.random.random(), self._count, task, task.ticket))

    def _next(self) -> Task | None:
        """Return who runs next, having moved the time on to then; None when the simulation is over."""
        while self._queue:
            at, _draw, _count, task, ticket = heappop(self._queue)
            if task.done or ticket != task.ticket:
                continue
            thaws = task.owner.frozen_until
            if thaws > at:
                self._push(task, thaws)
                continue
            self.now = max(self.now, at)
            if self.failure is not None or self._until():
                return None
            task.ticket += 1
            self.current = task
            return task
        return None

    def _carry_out(self, task: Task, work: Callable[[], None]) -> None:
        try:
            if not self._over:
                work()
        except WorldEndedError:
            pass
        except BaseException as failure:  # noqa: BLE001 - whatever became of it, it is the simulation's result
            self.failure = self.failure or failure
        task.done = True
        self._alive.discard(task)
        if not self._over:
            for waiter in task.waiters:
                self.wake(waiter)
