"""Throughput of the local stack until something saturates, and which part does: `python -m bench.throughput`.

A rising number of clients creates, polls (200 and 304) and runs whole generations, beside a one-line function behind
the same emulator. It also measures the processor time of the emulator, the functions and the load itself.
"""

import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench import report
from bench.cpu import await_processes
from bench.throughput import ceiling, event_loop
from bench.throughput.findings import Sample, report_of
from bench.throughput.load import Client, clients, press
from bench.throughput.processors import FUNCTIONS, look
from local.faults import no_delivery
from local.probes import worker_pids
from local.stack import LocalStack, StackOptions

ROUNDS = 5
WIDTHS = (1, 4, 16, 32)
WARM = dict.fromkeys(("create", "status", ceiling.FOLDER), max(WIDTHS))
"""Processes of each function, by its folder's name: as on AWS, no call waits for another's. Workers start as needed."""
SECONDS = 2.0
SECONDS_TO_END = 4.0
UNLIMITED = {
    "RateLimits": "*=10000/1",
    "MaxRunning": "0",
    "MaxDailySpendUsd": "0",
    # Nothing may rescue created but undelivered generations while this runs.
    "DispatchGraceSeconds": "3600",
}


@dataclass(frozen=True)
class Load:
    """Each client's calls, and for how long at a time."""

    name: str
    act: Callable[[Client], object]
    seconds: float = SECONDS


CEILING = Load("one-line function", Client.nothing)
DELIVERED = (
    CEILING,
    Load("poll, 304", Client.poll_again),
    Load("poll, 200", Client.poll),
    Load("create to end", Client.whole, SECONDS_TO_END),
)
CREATE = Load("create", Client.create)


def measure() -> report.Report:
    """Start a stack, press it, and end it. Takes some seven minutes on two processors."""
    with LocalStack(StackOptions(parameters=UNLIMITED, warm=WARM)) as stack:
        ceiling.deploy(stack)
        users = clients(stack, max(WIDTHS))
        try:
            for load in (CEILING, DELIVERED[-1]):  # the first call of each function, after which its processes start
                press(users[:1], load.act, SECONDS)
            for function in (ceiling.NAME, stack.function_names["create"], stack.function_names["status"]):
                await_processes(partial(worker_pids, stack.tmpdir, function), max(WIDTHS))
            for load in (*DELIVERED, CREATE):  # what a process does once, before any is measured
                press(users, load.act, SECONDS)
            samples = [sample for _ in range(ROUNDS) for sample in _round(stack, users)]
        finally:
            for user in users:
                user.close()
    return report_of(samples, ceiling=CEILING.name)


def _round(stack: LocalStack, users: list[Client]) -> Iterator[Sample]:
    for width in WIDTHS:
        for load in DELIVERED:
            yield _sample(stack, users[:width], load)
    # Separately: otherwise the workers would use a part of the machine, and continue into the next stretch.
    with no_delivery(stack):
        for width in WIDTHS:
            yield _sample(stack, users[:width], CREATE)
        stack.client("sqs").purge_queue(QueueUrl=stack.queue_url)


def _sample(stack: LocalStack, users: list[Client], load: Load) -> Sample:
    before = look(stack.tmpdir, ceiling.NAME)
    done, loop = event_loop.during(lambda: press(users, load.act, load.seconds), stack.emulator.pid)
    after = look(stack.tmpdir, ceiling.NAME)
    return Sample(
        load=load.name,
        clients=len(users),
        seconds=done.seconds,
        requests=len(done.latencies),
        latency_seconds=statistics.median(done.latencies),
        processor_seconds=after.since(before),
        function_processes=after.count(FUNCTIONS),
        event_loop=loop,
    )


if __name__ == "__main__":
    sys.exit(report.run(measure, __doc__ or ""))
