"""Cooperative threads in virtual time: exactly one runs, until it waits; who is next is drawn from the seed.

Real threads, because the code under test blocks where real code does; a baton makes them run one at a time. Knows
nothing of what is simulated.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

NEVER = float("inf")


class WorldEndedError(BaseException):
    """The simulation is over: the task unwinds. No code under test may swallow it."""


class Owner:
    """What a task belongs to. While it is frozen none of its tasks runs; `check` may raise what ends the task."""

    frozen_until: float = 0.0

    def check(self) -> None:
        """Called in the task whenever it goes on."""


class Task:
    """One simulated thread."""

    __slots__ = ("baton", "done", "label", "owner", "ticket", "waiters", "work")

    def __init__(self, label: str, work: Callable[[], None], owner: Owner) -> None:
        self.label, self.work, self.owner = label, work, owner
        self.baton = threading.Lock()
        self.baton.acquire()
        self.ticket, self.done = 0, False
        self.waiters: list[Task] = []


class Carriers:
    """Real threads that carry one task after the other; kept from one simulation to the next, since they cost."""

    def __init__(self) -> None:
        self._idle: list[_Carrier] = []

    def start(self, task: Task, finished: Callable[[Task], None]) -> None:
        carrier = self._idle.pop() if self._idle else _Carrier(self._idle)
        carrier.carry(task, finished)

    def close(self) -> None:
        """End the threads. None may be carrying a task."""
        for carrier in self._idle:
            carrier.end()
        self._idle.clear()


class _Carrier:
    def __init__(self, idle: "list[_Carrier]") -> None:
        self._idle, self._job = idle, threading.Lock()
        self._job.acquire()
        self._task: Task | None = None
        self._finished: Callable[[Task], None] = lambda _task: None
        self._thread = threading.Thread(target=self._run, name="simulated", daemon=True)
        self._thread.start()

    def carry(self, task: Task, finished: Callable[[Task], None]) -> None:
        self._task, self._finished = task, finished
        self._job.release()

    def end(self) -> None:
        self._task = None
        self._job.release()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._job.acquire()
            task = self._task
            if task is None:
                return
            task.baton.acquire()
            task.work()
            # Idle before the baton goes on: the next task may want this very thread.
            self._idle.append(self)
            self._finished(task)


@dataclass
class Scheduler:
    """`now` is seconds since the simulation began. Everything but `run` is called from within a task, or before."""

    random: Random
    carriers: Carriers
    now: float = 0.0
    current: Task | None = None
    switches: int = 0
    failure: BaseException | None = None
    _queue: list[tuple[float, float, int, Task, int]] = field(default_factory=list)
    _alive: set[Task] = field(default_factory=set)
    _main: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0
    _over: bool = False
    _until: Callable[[], bool] = lambda: False

    def spawn(self, label: str, work: Callable[[], None], owner: Owner, delay: float = 0.0) -> Task:
        """Have `work` begin in `delay` seconds. What it raises ends the simulation."""
        if self._over:
            raise WorldEndedError
        task = Task(label, lambda: self._carry_out(task, work), owner)
        self._alive.add(task)
        self._push(task, self.now + delay)
        self.carriers.start(task, self._finished)
        return task

    def run(self, until: Callable[[], bool]) -> None:
        """Run until it holds, or nothing is left to run; then end every task. Raises what one of them raised."""
        self._main.acquire()
        self._until = until
        self._hand_on()
        self._main.acquire()
        self._over = True
        for task in sorted(self._alive, key=lambda task: task.label):
            self.current = task
            task.baton.release()
            self._main.acquire()
        self._main.release()
        self.current = None
        if self.failure is not None:
            raise self.failure

    def stop(self, failure: BaseException) -> None:
        """End the simulation with this as its result; the task that calls it unwinds."""
        if self.failure is None:
            self.failure = failure
        raise WorldEndedError

    def wait(self, seconds: float) -> None:
        """Let others run, and go on in `seconds`, or whenever `wake` is called."""
        task = self._me()
        if seconds != NEVER:
            self._push(task, self.now + seconds)
        self._pass_on(task)

    def wake(self, task: Task) -> None:
        """Have a waiting task go on now."""
        self._push(task, self.now)

    def _me(self) -> Task:
        if self.current is None:
            raise RuntimeError("no simulated task is running")
        return self.current

    def _push(self, task: Task, at: float) -> None:
        # Of those that may go on at one time the seed says who does; the count only keeps tasks from being compared.
        self._count += 1
        heappush(self._queue, (at, self.random.random(), self._count, task, task.ticket))

    def _pass_on(self, task: Task) -> None:
        if self._over:
            raise WorldEndedError
        following = self._next()
        if following is not task:
            self._give(following)
            task.baton.acquire()
        if self._over:
            raise WorldEndedError
        task.owner.check()

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

    def _give(self, task: Task | None) -> None:
        self.switches += 1
        if task is None:
            self._main.release()
        else:
            task.baton.release()

    def _hand_on(self) -> None:
        self._give(self._next())

    def _carry_out(self, task: Task, work: Callable[[], None]) -> None:
        try:
            if not self._over:
                task.owner.check()
                work()
        except WorldEndedError:
            pass
        except BaseException as failure:  # noqa: BLE001 - a task must hand the baton on whatever became of it
            self.failure = self.failure or failure

    def _finished(self, task: Task) -> None:
        task.done = True
        self._alive.discard(task)
        if self._over:
            self._main.release()
            return
        for waiter in task.waiters:
            self.wake(waiter)
        self._hand_on()
