"""The processor time of one call, and a batch's overhead beyond its model's time with as little processor as on
Lambda."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bench.bill import logs
from bench.bill.load import Browser, Order
from bench.bill.slowing import share_of, slowed
from bench.cpu import await_processes, cpu_seconds
from bench.report import Spread
from local.faults import no_delivery
from local.stack import LocalStack

_MODEL_SECONDS = 2.0
_RUNS = 5
_SIDE_BY_SIDE = 10


@dataclass(frozen=True, slots=True)
class Beyond:
    """Seconds that a batch of ten was billed beyond its model's, with a whole processor and with the worker's share."""

    whole: Spread
    shared: Spread
    memory_mb: int
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class PerCall:
    """Processor seconds of one warm call."""

    create: Spread
    poll: Spread


def processor_seconds(pids: Sequence[int]) -> float:
    """Return what the processes have used so far, user and system."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            total += cpu_seconds(pid)
    return total


def peak_memory_mb(pids: Sequence[int]) -> float:
    peaks = [0.0]
    for pid in pids:
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/status") as status:  # noqa: PTH123
            peaks += [float(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")]
    return max(peaks)


def per_call(stack: LocalStack, browser: Browser, warm: Mapping[str, int]) -> PerCall:
    """Create and poll one after the other, so that one warm process serves each, once all have started."""
    orders = [Order("flashcards", 0.05) for _ in range(_RUNS * 4)]
    creates, polls = [], []
    sent = browser.send(orders[:1])
    browser.look(sent[0])
    for name, count in warm.items():
        await_processes(partial(stack.worker_pids, name), count)
    for run in range(_RUNS):
        before = processor_seconds(stack.worker_pids("create"))
        for order in orders[run * 4 : run * 4 + 4]:
            sent += browser.send([order])
        creates.append((processor_seconds(stack.worker_pids("create")) - before) / 4)
        before = processor_seconds(stack.worker_pids("status"))
        for _ in range(20):
            browser.look(sent[-1])
        polls.append((processor_seconds(stack.worker_pids("status")) - before) / 20)
    for followed in browser.follow(sent):
        followed.result()
    return PerCall(Spread.of(creates), Spread.of(polls))


def beyond_the_model(stack: LocalStack, browser: Browser, memory_mb: int) -> Beyond:
    """Run batches of ten equal generations, in turns with a whole processor and with Lambda's share."""
    whole, shared = list[float](), list[float]()
    for _ in range(_RUNS):
        whole.append(_batch(stack, browser, 1.0))
        shared.append(_batch(stack, browser, share_of(memory_mb)))
    peak = peak_memory_mb(stack.worker_pids("process"))
    return Beyond(Spread.of(whole), Spread.of(shared), memory_mb, peak)


def _batch(stack: LocalStack, browser: Browser, share: float) -> float:
    with no_delivery(stack):
        sent = browser.send([Order("flashcards", _MODEL_SECONDS) for _ in range(_SIDE_BY_SIDE)])
    ids = {each.generation_id for each in sent}
    pids = stack.worker_pids("process")
    with slowed(pids, share) if share < 1 else contextlib.nullcontext():
        for followed in browser.follow(sent):
            followed.result()
        worked = _worked(stack, ids)
    # A poll that was running when delivery stopped may have taken a few separately: the rest still waited together.
    return max(one.seconds for one in worked) - _MODEL_SECONDS


def _worked(stack: LocalStack, ids: set[str]) -> list[logs.Invocation]:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = [one for one in logs.invocations(stack, "process") if one.succeeded & ids]
        if sum(len(one.succeeded & ids) for one in found) == len(ids):
            return found
        time.sleep(0.2)
    raise RuntimeError("an invocation has left no log")
