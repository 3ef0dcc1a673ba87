"""The line between a process and everything else: each call that crosses it lets others run, and may fail.

It also does botocore's own part: it retries with the same request, so the code under test meets lost answers as on AWS.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from tests.simulation import versions
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.faults import UPDATES, Denial, Fault, Plan, Site
from tests.simulation.process import Process, ProcessDiedError
from tests.simulation.queues import FakeQueues
from tests.simulation.scheduler import Scheduler, Task
from tests.simulation.writes import error

_URL = "https://simulated"
_CONNECT_SECONDS, _READ_SECONDS = 1.0, 2.0
_TRIES = 3
# The errors that botocore's standard mode retries; conflicts and failed conditions are not among them.
_RETRIED = frozenset({"ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "500"})
_SITES = {
    "get_item": Site.READ,
    "query": Site.READ,
    "batch_get_item": Site.BATCH,
    "batch_write_item": Site.BATCH,
    "put_item": Site.WRITE,
    "update_item": Site.WRITE,
    "delete_item": Site.WRITE,
    "transact_write_items": Site.WRITE,
}
_FREEZE_SECONDS = (5.0, 45.0, 90.0, 250.0)
_DELAY_SECONDS = (0.5, 3.0, 12.0, 45.0)
_OUTAGE_SECONDS = (5.0, 20.0, 60.0)

Note = Callable[[str, str], None]


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
        self._losing: dict[Task | None, object] = {}
        """The request of each thread whose answers are lost, however often it is sent."""

    @property
    def process(self) -> Process:
        task = self.scheduler.current
        if task is None or not isinstance(task.owner, Process):
            raise RuntimeError("only a process crosses the boundary")
        return task.owner

    def cross(self, site: Site, name: str, apply: Callable[[Fault | None], Any], request: object = None) -> Any:
        """Let others run, then do it once, unless the plan says otherwise.

        `apply` gets a fault that it has to act out itself; a `request` that is sent again is equal to the first. Raises
        a client's errors, and ProcessDiedError.
        """
        self.scheduler.wait(self.random.random() * self._latency)
        process = self.process
        lost = self._losing.pop(self.scheduler.current, None)
        if lost is not None and lost == request:
            self._losing[self.scheduler.current] = request
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
                self._losing[self.scheduler.current] = request
                self._lose()
            case _:
                return

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

    def _lose(self) -> None:
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


def _conflict(name: str) -> ClientError:
    if name == "transact_write_items":
        reasons = [{"Code": "TransactionConflict"}]
        return error("TransactionCanceledException", "Transaction cancelled", name, CancellationReasons=reasons)
    return error("TransactionConflictException", "Transaction is ongoing for the item", name)


class DynamoDBClient:
    """The DynamoDB client of the code under test."""

    def __init__(self, boundary: Boundary, dynamodb: FakeDynamoDB) -> None:
        self._boundary, self._dynamodb = boundary, dynamodb

    def __getattr__(self, name: str) -> Callable[..., Any]:
        site, call = _SITES[name], getattr(self._dynamodb, name)

        def send(**arguments: Any) -> Any:
            old = self._boundary.process.old
            request = versions.as_written_before(arguments) if old else arguments

            def apply(fault: Fault | None) -> Any:
                return self._put_off(name, request) if fault is Fault.PUT_OFF else call(**request)

            try:
                # The table itself sends it again, and botocore does not.
                answer = self._boundary.send(site, name, apply, tries=1, request=(name, request))
            except ClientError as refused:
                raise (versions.refused_before(refused) if old else refused) from None
            return versions.as_read_before(answer) if old else answer

        return send

    def _put_off(self, name: str, arguments: dict[str, Any]) -> Any:
        """Take the first half of a batch, and answer with the rest."""
        ((table, asked),) = arguments["RequestItems"].items()
        if name == "batch_get_item":
            keys = asked["Keys"]
            left = {table: {**asked, "Keys": keys[len(keys) // 2 :]}}
            if len(keys) == 1:
                return {"Responses": {table: []}, "UnprocessedKeys": left}
            now = self._dynamodb.batch_get_item(RequestItems={table: {**asked, "Keys": keys[: len(keys) // 2]}})
            return now | {"UnprocessedKeys": left}
        half = len(asked) // 2
        if half:
            self._dynamodb.batch_write_item(RequestItems={table: asked[:half]})
        return {"UnprocessedItems": {table: asked[half:]}}


class SqsClient:
    """The SQS client of the code under test."""

    def __init__(self, boundary: Boundary, queues: FakeQueues) -> None:
        self._boundary, self._queues = boundary, queues

    def send_message(self, **message: Any) -> dict[str, Any]:
        if self._boundary.process.old:
            message["MessageBody"] = versions.message_before(message["MessageBody"], -1)
        apply = partial(self._queues.send, **message)
        answer: dict[str, Any] = self._boundary.send(Site.QUEUE, "send_message", apply)
        return answer
