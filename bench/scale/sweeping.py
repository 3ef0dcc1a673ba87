"""One sweep of the real sweeper over a table in memory, in virtual time: what it found, what it cost, how long it took.

The code is the function's own, threads and all, which run as simulated tasks: the same counts in every run.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol, Self
from unittest.mock import patch

from bench.scale.stock import LEASE_SECONDS, START
from bench.scale.wire import TABLE, DynamoDB, Meter, Pace, Sqs, Wire
from functions.sweeper import service
from functions.sweeper.service import Sweep
from shared import kinds
from shared.aws.dispatch import SqsDispatch
from shared.domain.clock import epoch_milliseconds, uuid7
from shared.domain.settings import Settings
from shared.rescue import Rescuer
from shared.store.ground import Ground
from shared.store.table import Table
from shared.store.whole import Store
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.scheduler import Owner, Scheduler
from tests.simulation.table import FakeTable
from tests.simulation.threads import Pool

SETTINGS = Settings(TABLE, "queue", "alone", lease_seconds=LEASE_SECONDS)


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of one sweep; `seconds` are virtual, the meter's `own_seconds` are this machine's."""

    report: Counter[str]
    meter: Meter
    seconds: float


class Timed(Protocol):
    """The durations, in seconds."""

    now: float


class Clock:
    """The scheduler's time, from `begins_at` seconds after START on."""

    def __init__(self, scheduler: Timed, begins_at: float) -> None:
        self._scheduler, self._begins_at, self._count = scheduler, begins_at, 0

    def now(self) -> datetime:
        exact = self._begins_at + self._scheduler.now
        return START + timedelta(milliseconds=int(exact * 1000))

    def monotonic(self) -> float:
        return self._scheduler.now

    def token(self) -> str:
        self._count += 1
        return f"{int(self._begins_at):08d}{self._count:08d}"

    def random(self) -> float:
        return 0.5

    def new_id(self) -> str:
        return uuid7(epoch_milliseconds(self.now()), self._count)


class OneByOne:
    """A pool of one thread: shard after shard, as a sweep without threads would go."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None: ...

    def map(self, work: Callable[[Any], Any], values: Iterable[Any]) -> Iterator[Any]:
        return iter([work(value) for value in values])


def sweep(
    table: FakeTable,
    pace: Pace = Pace(),  # noqa: B008 - frozen
    *,
    seconds: float = float("inf"),
    begins_at: float = 0.0,
    one_by_one: bool = False,
) -> Swept:
    """Sweep once, for at most this many virtual seconds before it starts nothing new."""
    scheduler, meter = Scheduler(Random("sweep")), Meter()
    wire = Wire(meter, pace, lambda: scheduler.now, scheduler.wait)
    clock = Clock(scheduler, begins_at)
    client: Any = DynamoDB(wire, pace, FakeDynamoDB(table, TABLE))
    store = Store(Ground(Table(client, TABLE, clock), clock, SETTINGS))
    queue: Any = Sqs(wire, pace)
    dispatch = SqsDispatch(lambda: queue, SETTINGS.queue_url, SETTINGS.isolated_queue_url)
    sweeper = Sweep(store.reads, store.sweeps, Rescuer(store.rescuer, dispatch, clock, SETTINGS, kinds.names()), clock)
    owner, reports = Owner(), list[Counter[str]]()

    def run() -> None:
        meter.begin()
        reports.append(sweeper.run(lambda: scheduler.now >= seconds).report)
        meter.stop()

    def pool(**_sizes: Any) -> Any:
        return OneByOne() if one_by_one else Pool(scheduler, lambda name, work: scheduler.spawn(name, work, owner))

    with _pools_are(pool):
        scheduler.spawn("sweep", run, owner)
        scheduler.run(lambda: False)
    return Swept(reports[0], meter, scheduler.now)


@contextmanager
def _pools_are(pool: Callable[..., Any]) -> Iterator[None]:
    if vars(service)["ThreadPoolExecutor"] is not ThreadPoolExecutor:
        raise RuntimeError("the sweeper's threads are simulated already")
    with patch.object(service, "ThreadPoolExecutor", pool):
        yield
