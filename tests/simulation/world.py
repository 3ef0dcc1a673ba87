"""One simulated deployment: the real functions over a table, two queues, a schedule and a model, all from one seed."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

from shared import kinds
from shared.domain.generation import Generation
from shared.domain.settings import Settings
from shared.kinds.contract import Kind
from shared.store import items
from tests.factories import SETTINGS
from tests.simulation.boundary import Boundary
from tests.simulation.clients import DynamoDBClient, SqsClient
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.faults import Denial, Fault, Plan
from tests.simulation.installation import HANDLERS, SETTINGS_OF_ALL
from tests.simulation.invariants import Invariants
from tests.simulation.kinds import SAGA
from tests.simulation.model import FakeModel, Ledger, Manner, Paid
from tests.simulation.process import Process, ProcessClock
from tests.simulation.queues import FakeQueues, Queued
from tests.simulation.scheduler import Owner, Scheduler
from tests.simulation.services import KmsClient, S3Client
from tests.simulation.table import Change, FakeTable
from tests.simulation.threads import Event, Pool, Thread
from tests.simulation.trace import Trace
from tests.simulation.transitions import ViolationError
from tests.simulation.versions import message_before

LIMITS = {"create": 10.0, "status": 10.0, "actions": 10.0, "process": 300.0, "sweeper": 60.0}
"""Each function's timeout in seconds, as the template has it."""

SWEEP_SECONDS, VISIBILITY_SECONDS, BATCH, CONCURRENCY = 60.0, 1800.0, 10, 10
_OLD_KINDS, _LOAD = kinds.names(), kinds.load
KINDS = (*_OLD_KINDS, SAGA.name)
_SKEW_SECONDS = 120.0
_LAG_SECONDS = (0.5, 5.0, 65.0)
_AFTER_THAW_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Shape:
    """The model's behaviour in one simulation: how often it does what, how long its answers may take, which input is
    poison."""

    manners: dict[Manner, float] = field(default_factory=lambda: {Manner.GOOD: 1.0})
    model_seconds: tuple[float, ...] = (4.0,)
    poisoned: Callable[[Generation], bool] = lambda _head: False
    latency_seconds: float = 0.02
    """How long a call takes at most: the longer, the more others do between a read and the write that follows."""
    deadline_seconds: float = 900.0
    denials: tuple[Denial, ...] = ()


class World:
    """Runs until everything that was asked for has ended, whatever the plan does to it. `here` of the handlers."""

    def __init__(self, seed: int, plan: Plan, shape: Shape) -> None:
        self.seed, self.plan, self.shape, self.random = seed, plan, shape, Random(f"world {seed}")
        self.scheduler = Scheduler(self.random)
        self.trace = Trace(self.scheduler)
        self.table = FakeTable(lambda: self.scheduler.now, self._written, self._lag)
        self.queues = FakeQueues(lambda: self.scheduler.now, self.random, plan, VISIBILITY_SECONDS)
        self.queues.arrived = self._ring
        self._settings = replace(SETTINGS_OF_ALL, deadline_seconds=shape.deadline_seconds)
        note, denials = self.trace.note, shape.denials
        self.boundary = Boundary(self.scheduler, self.random, plan, note, shape.latency_seconds, denials)
        self.ledger = Ledger()
        self.invariants = Invariants(self)
        dynamodb = FakeDynamoDB(self.table, SETTINGS.table_name)
        self._dynamodb = DynamoDBClient(self.boundary, dynamodb)
        self._sqs = SqsClient(self.boundary, self.queues)
        self._s3, self._kms = S3Client(self.boundary), KmsClient(self.boundary)
        self._model = FakeModel(
            self.boundary,
            self.random,
            self.ledger,
            shape.manners,
            shape.model_seconds,
            owner_of=lambda generation_id: self.head(generation_id).user_id,
            sending=self._sending,
            poisoned=lambda generation_id: shape.poisoned(self.head(generation_id)),
        )
        self.outside = Owner()
        self.busy = 0
        """How many clients are still at work."""
        self.processes = 0
        self.alive = 0
        self.logged: Counter[str] = Counter()
        self._bells: dict[str, Event] = {}
        self._running: Counter[str] = Counter()

    # What the handlers meet.

    def settings(self) -> Settings:
        return self._settings

    def clock(self) -> ProcessClock:
        return self.boundary.process.clock

    def dynamodb(self) -> DynamoDBClient:
        return self._dynamodb

    def sqs(self) -> SqsClient:
        return self._sqs

    def s3(self) -> S3Client:
        return self._s3

    def kms(self) -> KmsClient:
        return self._kms

    def model(self) -> FakeModel:
        return self._model

    def names(self) -> tuple[str, ...]:
        return self.boundary.process.kinds

    def load(self, name: str) -> Kind:
        if name not in self.names():
            raise KeyError(name)
        return SAGA if name == SAGA.name else _LOAD(name)

    def sleep(self, seconds: float) -> None:
        self.scheduler.wait(seconds)

    def event(self) -> Event:
        return Event(self.scheduler)

    def thread(self, target: Callable[[], None], name: str) -> Thread:
        return Thread(self.scheduler, self.boundary.process.spawn, target, name)

    def pool(self) -> Pool:
        return Pool(self.scheduler, self.boundary.process.spawn)

    def kept(self, make: Callable[[], Any]) -> Any:
        return self.boundary.process.kept(make)

    def log(self, level: str, message: str) -> None:
        self.trace.note(f"log.{level}", message)
        if level == "exception":
            self.logged[message] += 1

    # What runs them.

    def run(self) -> None:
        """Raises ViolationError with the seed and the last of the trace."""
        for queue, most in ((SETTINGS.queue_url, BATCH), (SETTINGS.isolated_queue_url, 1)):
            self._outside(f"source {queue}", partial(self._poll, queue, most))
        self._outside("schedule", self._sweep_regularly)
        try:
            self.scheduler.run(self._is_over)
            self.invariants.accounts.at_the_end()
        except ViolationError as violation:
            violation.add_note(f"seed {self.seed}\n{self.trace.tail()}")
            raise

    def client(self, label: str, work: Callable[[], None]) -> None:
        """Do this from outside any process; the simulation lasts at least until it is done."""

        def carry() -> None:
            work()
            self.busy -= 1

        self.busy += 1
        self._outside(label, carry)

    def invoke(self, role: str, event: dict[str, Any]) -> Any:
        """Run one invocation to its end; None when the process died, timed out or raised."""
        process = self._begin(role)
        process.batch = len(event.get("Records", ()))
        if process.old:
            for record in event.get("Records", ()):
                record["body"] = message_before(record["body"], 1)
        self.alive += 1
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 1000 * (process.ends_at - self.scheduler.now))
        process.run(lambda: HANDLERS[role].handler(event, context))
        while not process.ended.wait(max(0.0, process.ends_at - self.scheduler.now)):
            if process.frozen_until <= self.scheduler.now:
                self.trace.note("timeout", process.label)
                process.kill()
                break
            # A zombie wakes, and tries to continue, before anybody ends it.
            process.ends_at = process.frozen_until + _AFTER_THAW_SECONDS
        self.alive -= 1
        if process.dead:
            return None
        if left := process.threads_left():
            self.fail("threads_joined", f"{process.label} returned and left {left}")
        return process.result

    def head(self, generation_id: str) -> Generation:
        return items.decode_head(self.table.items[self.invariants.heads[generation_id]])

    def fail(self, invariant: str, message: str) -> None:
        """End the simulation with a violation."""
        self.scheduler.stop(ViolationError(invariant, message))

    def _begin(self, role: str) -> Process:
        now, plan = self.scheduler.now, self.plan
        skewed = plan.happens(Fault.CLOCK_SKEWED, now)
        skew = self.random.uniform(-_SKEW_SECONDS, _SKEW_SECONDS) if skewed else 0.0
        old = plan.happens(Fault.OLD_VERSION, now)
        known = _OLD_KINDS if old else KINDS
        self.processes += 1
        clock = ProcessClock(self.scheduler, self.random, skew)
        process = Process(self.processes, role, self.scheduler, clock, known, old=old)
        process.ends_at = now + LIMITS[role]
        self.trace.note("process", f"{process.label} skew {skew:.0f}{' old' if old else ''}")
        return process

    def _outside(self, label: str, work: Callable[[], None]) -> None:
        self.scheduler.spawn(label, work, self.outside)

    def _is_over(self) -> bool:
        return not self.busy and not self.alive and not self.invariants.open

    @contextmanager
    def _checking(self) -> Iterator[None]:
        # Not raised into the code under test, which may catch what is an Exception: it ends everything.
        try:
            yield
        except ViolationError as violation:
            self.scheduler.stop(violation)

    def _written(self, changes: list[Change]) -> None:
        with self._checking():
            self.invariants.written(changes)

    def _sending(self, paid: Paid) -> None:
        with self._checking():
            self.invariants.sending(paid)

    def _lag(self) -> float:
        if not self.plan.happens(Fault.INDEX_LAGS, self.scheduler.now):
            return 0.0
        return self.random.choice(_LAG_SECONDS)

    def _ring(self, queue: str, _at: float) -> None:
        if queue in self._bells:
            self._bells[queue].set()

    def _poll(self, queue: str, most: int) -> None:
        while True:
            self._bells[queue] = Event(self.scheduler)
            now = self.scheduler.now
            free = self._running[queue] < CONCURRENCY
            self._bells[queue].wait(max(0.0, self.queues.next_visible(queue) - now) if free else None)
            # A short wait finds more in the queue, and more share a process.
            self.scheduler.wait(self.random.choice((0.0, 0.05, 2.0)))
            if self._running[queue] < CONCURRENCY and (batch := self.queues.receive(queue, most)):
                self._running[queue] += 1
                self._outside(f"delivery {queue}", partial(self._deliver, queue, batch))

    def _deliver(self, queue: str, batch: list[Queued]) -> None:
        records = [{"messageId": message.message_id, "body": message.body} for message in batch]
        answer = self.invoke("process", {"Records": records})
        if answer is not None:
            back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            for message in batch:
                if message.message_id not in back:
                    self.queues.delete(queue, message)
        self._running[queue] -= 1
        self._ring(queue, self.scheduler.now)

    def _sweep_regularly(self) -> None:
        while True:
            self.scheduler.wait(SWEEP_SECONDS)
            self.invariants.invariant_8_every_generation_ends_in_time()
            if self.plan.happens(Fault.SWEEP_SKIPPED, self.scheduler.now):
                continue
            for _ in range(2 if self.plan.happens(Fault.SWEEP_DOUBLED, self.scheduler.now) else 1):
                self._outside("sweep", lambda: self.invoke("sweeper", {}))
