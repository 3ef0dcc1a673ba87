"""A simulated Lambda process: its clock, its death, its frozen times. A dead or frozen process does nothing."""

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from shared.domain.clock import from_epoch_milliseconds, uuid7
from tests.factories import START
from tests.simulation.scheduler import Owner, Scheduler, Task
from tests.simulation.threads import Event

_START_MILLISECONDS = int(START.timestamp() * 1000)


class ProcessDiedError(BaseException):
    """The process that this runs in is dead. Nothing in the code under test may catch it."""


class ProcessClock:
    """The clock of one process: its wall clock may be wrong, its monotonic one begins anywhere."""

    def __init__(self, scheduler: Scheduler, random: Random, skew: float = 0.0) -> None:
        self._scheduler, self._random, self.skew = scheduler, random, skew
        self._monotonic_zero = random.randrange(100_000)

    def _milliseconds(self) -> int:
        return _START_MILLISECONDS + int((self._scheduler.now + self.skew) * 1000)

    def now(self) -> datetime:
        return from_epoch_milliseconds(self._milliseconds())

    def monotonic(self) -> float:
        return self._monotonic_zero + self._scheduler.now

    def token(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def random(self) -> float:
        return self._random.random()

    def new_id(self) -> str:
        return uuid7(self._milliseconds(), self._random.getrandbits(74))


class Process(Owner):
    """One process of one function. `kinds` are those that its version of the code knows; `old` says that it is the
    version before."""

    def __init__(
        self, number: int, role: str, scheduler: Scheduler, clock: ProcessClock, kinds: tuple[str, ...], *, old: bool
    ) -> None:
        self.number, self.role, self.clock, self.kinds, self.old = number, role, clock, kinds, old
        self.label = f"{role}{number}"
        self.dead = False
        self.culprit: Task | None = None
        """The thread in which the process died; None while it lives, and when it was ended from outside."""
        self.frozen_until = 0.0
        self.out_until = 0.0
        self.longest_freeze = 0.0
        self.troubled = False
        """Whether a request of it was refused or went unanswered, beyond what its clients themselves got over."""
        self.batch = 0
        self.began_at = scheduler.now
        self.ended = Event(scheduler)
        self.result: Any = None
        self.error: Exception | None = None
        self.ends_at = float("inf")
        self._scheduler = scheduler
        self._tasks: list[Task] = []
        self._kept: dict[Callable[[], Any], Any] = {}

    def check(self) -> None:
        if self.dead:
            raise ProcessDiedError(self.label)

    def kept(self, make: Callable[[], Any]) -> Any:
        """Return what a function made when this process first called it, as its cache would."""
        if make not in self._kept:
            self._kept[make] = make()
        return self._kept[make]

    def spawn(self, name: str, work: Callable[[], None]) -> Task:
        def carry() -> None:
            try:
                self.check()  # it may have died since, before this thread ran at all
                work()
            except ProcessDiedError:
                return

        task = self._scheduler.spawn(f"{self.label}.{name}", carry, self)
        self._tasks.append(task)
        return task

    def run(self, work: Callable[[], Any]) -> None:
        """Begin the work of an invocation; `ended` is set when it returns or the process dies."""

        def invoke() -> None:
            try:
                self.result = work()
            except Exception as error:  # noqa: BLE001 - as the runtime: the invocation has failed, and is told so
                self.error = error
            finally:
                self.ended.set()

        self.spawn("main", invoke)

    def threads_left(self) -> list[str]:
        return [task.label for task in self._tasks[1:] if not task.done]

    def kill(self) -> None:
        """Be dead from now on: everything that still runs in it unwinds, and reaches nothing."""
        if self.dead:
            return
        self.dead, self.frozen_until = True, 0.0
        current = self._scheduler.current
        self.culprit = current if current in self._tasks else None
        for task in self._tasks:
            if not task.done and task is not self._scheduler.current:
                self._scheduler.wake(task)
        self.ended.set()

    def freeze(self, seconds: float) -> None:
        """Stop here for this long, and with it every thread of the process."""
        self.frozen_until = max(self.frozen_until, self._scheduler.now + seconds)
        self.longest_freeze = max(self.longest_freeze, seconds)
        self._scheduler.wait(0.0)
