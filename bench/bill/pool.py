"""Simulates the savings of a pool that refills itself from the queue inside one invocation. No such pool is built.

A batch is billed until its slowest has ended, although nine in ten slots are empty by then. A pool takes the next
generation whenever a slot comes free, until too little of the invocation's time is left to begin one.
"""

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from operations.durations import Durations

SEED = 20260101
INVOCATIONS = 2_000


@dataclass(frozen=True, slots=True)
class Shared:
    """How many generations share each second that is billed, and how long the invocations are, in seconds."""

    jobs: float
    mean_seconds: float
    longest_seconds: float


def batches(durations: Durations, slots: int) -> Shared:
    """As it is: `slots` generations begin together, and nobody takes the place of one that has ended."""
    return pool(durations, slots, refill_seconds=0.0)


def pool(durations: Durations, slots: int, refill_seconds: float) -> Shared:
    """A slot that comes free within the invocation's first `refill_seconds` takes the next of a queue that always has
    one. The invocation is billed until the last has ended."""
    drawn = _draws(durations)
    worked, billed = 0.0, list[float]()
    for _ in range(INVOCATIONS):
        ends = list(itertools.islice(drawn, slots))
        worked += sum(ends)
        heapq.heapify(ends)
        while ends[0] < refill_seconds:
            more = next(drawn)
            worked += more
            heapq.heappushpop(ends, ends[0] + more)
        billed.append(max(ends))
    return Shared(worked / sum(billed), sum(billed) / INVOCATIONS, max(billed))


def _draws(durations: Durations) -> Iterator[float]:
    chance = random.Random(SEED)
    while True:
        yield durations.quantile(min(max(chance.random(), 1e-12), 1 - 1e-12))
