"""Everybody looks at once at a generation that is stale: it is rescued once, and one message is sent."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually

POLLERS, SWEEPERS = 20, 2


@pytest.fixture(autouse=True, scope="module")
def long_grace(stack: LocalStack) -> Iterator[None]:
    """A rescued generation is not due again before the crowd has gone, however slow the machine."""
    grace = {"DISPATCH_GRACE_SECONDS": "60"}
    with faults.environment(stack, "status", **grace), faults.environment(stack, "sweeper", **grace):
        yield


def rush(*tasks: Callable[[], object]) -> None:
    """Run all tasks at the same moment; raise what any of them raises."""
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> None:
        start.wait()
        task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        list(pool.map(run, tasks))


def crowd(stack: LocalStack, owner: Owner, *generations: str) -> None:
    """Have every poller look at each generation, and the sweepers sweep, all at once."""

    def poll() -> None:
        for generation_id in generations:
            assert owner.http.get(f"/v1/generations/{generation_id}").status_code in {200, 404}

    rush(*[poll] * POLLERS, *[lambda: stack.invoke("sweeper")] * SWEEPERS)


def test_a_lost_message_and_a_lost_worker_are_each_made_good_once_by_twenty_pollers_and_two_sweepers(
    stack: LocalStack, alice: Owner
) -> None:
    # A first rush, at nothing, starts the processes: the second comes at the same moment.
    crowd(stack, alice, "01900000-0000-7000-8000-000000000000")
    running = alice.submit("local/slow_first:1:60")
    eventually(lambda: faults.calls(stack, running), lambda calls: len(calls) == 1)
    worker = faults.worker_of(stack, alice.name, running)
    with faults.no_delivery(stack):
        pending = alice.submit()
        faults.take_message(stack, pending)
        faults.kill(worker)
        held, waiting = (faults.head(stack, alice.name, one) for one in (running, pending))
        # The lease is 2.5 s; nobody may look before it is over.
        eventually(time.time, lambda now: now > max(held["heartbeat_at"] + 3, waiting["due_at"]))
        crowd(stack, alice, running, pending)
        given_back, sent_again = (faults.head(stack, alice.name, one) for one in (running, pending))
        assert (given_back["status"], given_back["fence"]) == ("pending", held["fence"] + 1)
        assert given_back["dispatches"] == held["dispatches"] + 1
        assert (sent_again["status"], sent_again["fence"]) == ("pending", waiting["fence"])
        assert sent_again["dispatches"] == waiting["dispatches"] + 1
        [alone] = messages.in_queue(stack, stack.isolated_queue_url, running)
        assert f'"fence": {given_back["fence"]}' in alone["Body"]
        [again] = messages.in_queue(stack, stack.queue_url, pending)
        assert again["ReceiveCount"] == 0
    for one, attempts in ((running, 2), (pending, 1)):
        found = alice.wait_for_end(one)
        assert (found["status"], found["attempt"]) == ("succeeded", attempts)
