"""The line between a process and everything else: each call that crosses it lets others run, and may fail.

It also does botocore's own part: it retries with the same request, so the code under test meets lost answers as on AWS.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, NamedTuple, NoReturn

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from shared.aws.clients import FOR_A_WORKER
from tests.simulation.faults import UPDATES, Denial, Fault, Plan, Site
from tests.simulation.process import Process, ProcessDiedError
from tests.simulation.scheduler import Owner, Scheduler, Task
from tests.simulation.writes import error

_URL = "https://simulated"
_CONNECT_SECONDS, _READ_SECONDS = 1.0, 2.0
_TRIES = 3
# The errors that botocore's standard mode retries; conflicts and failed conditions are not among them.
_RETRIED = frozenset({"ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "500"})
_FREEZE_SECONDS = (5.0, 45.0, 90.0, 250.0)
_DELAY_SECONDS = (0.5, 3.0, 12.0, 45.0)
_OUTAGE_SECONDS = (5.0, 20.0, 60.0)

Note = Callable[[str, str], None]


class _Sender(Owner):
    """Owns a request that has left its process and arrives whatever becomes of that."""

    def __init__(self, process: Process) -> None:
        self.process = process


class _Lost(NamedTuple):
    """A request of one thread that gets no answer, however often it is sent before `until`; whether it arrives."""

    request: object
    until: float
    arrives: bool


class Boundary:
    """Crosses the line for whichever process is running."""

    def __init__(
        self,
        scheduler: Scheduler,
        random: Random,
        plan: Plan,
        note: Note,
        latency: float,
        denials: tuple[Denial, ...] = (),
    ) -> None:
        self.scheduler, self.random, self.plan, self._note = scheduler, random, plan, note
        self._latency, self._denials = latency, denials
        self.crossed = 0
        self._losing: dict[Task | None, _Lost] = {}
        self._last: dict[Task | None, object] = {}
        """The request that each thread sent last."""

    @property
    def process(self) -> Process:
        """The process that runs, or that sent what arrives now."""
        task = self.scheduler.current
        if task is not None and isinstance(task.owner, _Sender):
            return task.owner.process
        if task is None or not isinstance(task.owner, Process):
            raise RuntimeError("only a process crosses the boundary")
        return task.owner

    def cross(self, site: Site, name: str, apply: Callable[[Fault | None], Any], request: object = None) -> Any:
        """Let others run, then do it once, unless the plan says otherwise.

        `apply` gets a fault that it has to act out itself; a `request` that is sent again is equal to the first. Raises
        a client's errors, and ProcessDiedError.
        """
        self.scheduler.wait(self.random.random() * self._latency)
        process, task = self.process, self.scheduler.current
        last, self._last[task] = self._last.get(task), request
        lost = self._losing.pop(task, None)
        if lost is not None and lost.request == request and self.scheduler.now < lost.until:
            self._losing[task] = lost
            if lost.arrives:
                with suppress(ClientError):  # that the condition fails by now is an answer too
                    apply(None)
            self._lose()
        if self.scheduler.now < process.out_until and site is not Site.MODEL:
            self.scheduler.wait(_CONNECT_SECONDS)
            raise EndpointConnectionError(endpoint_url=_URL)
        self._refuse_if_denied(process, name)
        self.crossed += 1
        fault = self.plan.at(site, self.scheduler.now)
        self._note(name, "" if fault is None else str(fault))
        if fault is None:
            return apply(None)
        self._before(process, fault, name)
        if fault in (Fault.HELD_UP, Fault.ALL_HELD_UP):
            # A request that was refused or lost before is not held up: no worker could know that it still arrives.
            self._hold_up(None if last == request else apply, request, fault)
        answer = apply(fault)
        self._after(process, fault, request)
        return answer

    def _refuse_if_denied(self, process: Process, name: str) -> None:
        for denial in self._denials:
            if denial.covers(process.role, name, self.scheduler.now):
                self.plan.counts[Fault.DENIED] += 1
                self._note(name, str(Fault.DENIED))
                process.troubled = process.troubled or name in UPDATES
                raise error(denial.code, "denied", name)

    def _before(self, process: Process, fault: Fault, name: str) -> None:
        match fault:
            case Fault.CRASH_BEFORE:
                self._die(process)
            case Fault.FREEZE_BEFORE:
                process.freeze(self.random.choice(_FREEZE_SECONDS))
            case Fault.DELAY:
                self.scheduler.wait(self.random.choice(_DELAY_SECONDS))
            case Fault.OUTAGE:
                process.out_until = self.scheduler.now + self.random.choice(_OUTAGE_SECONDS)
                raise EndpointConnectionError(endpoint_url=_URL)
            case Fault.ERROR:
                self._refuse(name)
            case Fault.CONFLICT:
                raise _conflict(name)
            case _:
                return

    def _after(self, process: Process, fault: Fault, request: object) -> None:
        match fault:
            case Fault.CRASH_AFTER:
                self._die(process)
            case Fault.FREEZE_AFTER:
                process.freeze(self.random.choice(_FREEZE_SECONDS))
            case Fault.LOST_ANSWER:
                self._lose()
            case Fault.ANSWERS_LOST:
                self._losing[self.scheduler.current] = _Lost(request, float("inf"), arrives=True)
                self._lose()
            case _:
                return

    def _hold_up(self, apply: Callable[[Fault | None], Any] | None, request: object, fault: Fault) -> NoReturn:
        """Apply the request later, whatever becomes of its sender, who gets no answer."""
        delay = self.random.choice(_DELAY_SECONDS)
        self.plan.ends_at = max(self.plan.ends_at, self.scheduler.now + delay)
        if apply is not None:
            self.scheduler.spawn("held up", partial(_arrive, apply), _Sender(self.process), delay)
        if fault is Fault.ALL_HELD_UP:
            until = self.scheduler.now + FOR_A_WORKER.seconds
            self._losing[self.scheduler.current] = _Lost(request, until, arrives=False)
        self._lose()

    def _die(self, process: Process) -> None:
        process.kill()
        raise ProcessDiedError(process.label)

    def _refuse(self, name: str) -> None:
        match self.random.randrange(3):
            case 0:
                self.scheduler.wait(_CONNECT_SECONDS)
                raise ConnectTimeoutError(endpoint_url=_URL)
            case 1:
                raise error("ThrottlingException", "Rate exceeded", name)
            case _:
                raise error("InternalServerError", "Internal server error", name)

    def _lose(self) -> NoReturn:
        if self.random.random() < 0.25:
            # An HTTP 500 may have been applied as well.
            raise error("InternalServerError", "Internal server error", "lost")
        self.scheduler.wait(_READ_SECONDS)
        raise ReadTimeoutError(endpoint_url=_URL)

    def send(
        self, site: Site, name: str, apply: Callable[[Fault | None], Any], tries: int = _TRIES, request: object = None
    ) -> Any:
        """Cross as botocore does, again and again while it would; `request` tells of who sends it again above that."""
        request = request or object()
        for attempt in range(1, tries + 1):
            try:
                return self.cross(site, name, apply, request)
            except ClientError as refused:
                code = refused.response["Error"]["Code"]
                if code not in _RETRIED or attempt == tries:
                    self.process.troubled = self.process.troubled or code in _RETRIED
                    raise
            except BotoCoreError:
                if attempt == tries:
                    self.process.troubled = True
                    raise
            self.scheduler.wait(self.random.random() * 2 ** (attempt - 1))
        raise AssertionError("the last try returns or raises")


def _arrive(apply: Callable[[Fault | None], Any]) -> None:
    with suppress(ClientError):
        apply(None)


def _conflict(name: str) -> ClientError:
    if name == "transact_write_items":
        reasons = [{"Code": "TransactionConflict"}]
        return error("TransactionCanceledException", "Transaction cancelled", name, CancellationReasons=reasons)
    return error("TransactionConflictException", "Transaction is ongoing for the item", name)
