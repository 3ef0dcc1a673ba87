"""Groups of generations of one kind and model time, alone or ten side by side, and what was counted of each."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean, median

from bench.bill import logs
from bench.bill.load import CALLS, Browser, Followed, Order, drawn
from bench.bill.meter import Meter
from bench.bill.units import STORAGE_OVERHEAD_BYTES, item_bytes
from local.faults import no_delivery
from local.stack import LocalStack

TIMES = (3.0, 15.0, 30.0)
SIDE_BY_SIDE = 10
ALONE_RUNS = 5
BATCHES = {("flashcards", 3.0): 2, ("flashcards", 15.0): 3, ("flashcards", 30.0): 5}
"""Of ten generations each; where nothing is said, one."""


@dataclass(slots=True)
class Group:
    """Generations that were sent together; `batched` ones waited until all had been sent."""

    kind: str
    mean_seconds: float
    side_by_side: int
    sent: Sequence[Followed]
    futures: list[Future[Followed]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Counted:
    """Averages of one generation, and how the worker's invocations were filled."""

    kind: str
    mean_seconds: float
    side_by_side: int
    generations: int
    write_units: float
    usual_write_units: float
    """The median."""
    index_units: float
    read_units: float
    polls: float
    sends: float
    key_calls: float
    object_writes: float
    object_reads: float
    worker_log_bytes: float
    sent_bytes: float
    kept_bytes: float
    invocations: int
    jobs: float
    """How many generations shared a second that was billed."""


def run(stack: LocalStack, browser: Browser, meter: Meter) -> list[Group]:
    """Run all groups, those that wait for their models at the same time; return them when all have ended."""
    groups = []
    with _batch_size(stack, 1):
        for kind in CALLS:
            for mean in TIMES:
                groups.append(_begin(browser, meter, Group(kind, mean, 1, _orders(browser, kind, mean, ALONE_RUNS))))
    for kind in CALLS:
        for mean in TIMES:
            batches = BATCHES.get((kind, mean), 1)
            with no_delivery(stack):
                sent = _orders(browser, kind, mean, batches * SIDE_BY_SIDE)
            groups.append(_begin(browser, meter, Group(kind, mean, SIDE_BY_SIDE, sent)))
    for group in groups:
        for future in group.futures:
            if future.result().status != "succeeded":
                raise RuntimeError(f"{group.kind} ended as {future.result().status}")
    time.sleep(2)  # the last invocations' logs
    return groups


def _orders(browser: Browser, kind: str, mean: float, count: int) -> list[Followed]:
    return browser.send([Order(kind, seconds) for seconds in drawn(mean, count)])


def _begin(browser: Browser, meter: Meter, group: Group) -> Group:
    """Have it followed, and wait until all of it is claimed: what is sent next must not share its batches."""
    group.futures = browser.follow(group.sent)
    waiting, until = {each.order.owner for each in group.sent}, time.monotonic() + 120
    while waiting:
        waiting = {owner for owner in waiting if not any(call.function == "process" for call in meter.of(owner))}
        if time.monotonic() > until:
            raise RuntimeError(f"{len(waiting)} of {group.kind} were not claimed")
        time.sleep(0.2)
    return group


@contextmanager
def _batch_size(stack: LocalStack, size: int) -> Iterator[None]:
    functions = stack.client("lambda")
    sources = functions.list_event_source_mappings()["EventSourceMappings"]
    before = {source["UUID"]: source["BatchSize"] for source in sources if "ScalingConfig" in source}
    for source in before:
        functions.update_event_source_mapping(UUID=source, BatchSize=size)
    try:
        yield
    finally:
        for source, own in before.items():
            functions.update_event_source_mapping(UUID=source, BatchSize=own)


def count(stack: LocalStack, meter: Meter, group: Group, worked: Sequence[logs.Invocation]) -> Counted:
    """Return what the group's generations were counted with, each one's calls by its owner."""
    calls = [meter.of(each.order.owner) for each in group.sent]
    ids = {each.generation_id for each in group.sent}
    own = [one for one in worked if one.succeeded & ids]

    def mean_of(operation: str) -> float:
        return fmean(sum(call.operation == operation for call in each) for each in calls)

    return Counted(
        kind=group.kind,
        mean_seconds=group.mean_seconds,
        side_by_side=group.side_by_side,
        generations=len(ids),
        write_units=fmean(sum(call.write_units + call.index_units for call in each) for each in calls),
        usual_write_units=median(sum(call.write_units + call.index_units for call in each) for each in calls),
        index_units=fmean(sum(call.index_units for call in each) for each in calls),
        read_units=fmean(sum(call.read_units for call in each) for each in calls),
        polls=fmean(each.polls for each in group.sent),
        sends=mean_of("SendMessage"),
        key_calls=mean_of("Encrypt") + mean_of("Decrypt"),
        object_writes=mean_of("S3 PUT"),
        object_reads=mean_of("S3 GET"),
        worker_log_bytes=sum(one.own_bytes for one in own) / len(ids),
        sent_bytes=fmean(each.sent_bytes for each in group.sent),
        kept_bytes=fmean(_kept_bytes(stack, each.order.owner) for each in group.sent[:5]),
        invocations=len(own),
        jobs=sum(each.order.seconds for each in group.sent) / sum(one.seconds for one in own),
    )


def _kept_bytes(stack: LocalStack, owner: str) -> int:
    found = stack.client("dynamodb").query(
        TableName=stack.table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": owner}},
        ConsistentRead=True,
    )
    return sum(item_bytes(item) + STORAGE_OVERHEAD_BYTES for item in found["Items"])
