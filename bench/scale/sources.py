"""A queue and its event source mapping: how many invocations it keeps, and what each batch of messages comes to."""

from collections import deque
from math import ceil
from typing import TYPE_CHECKING

from bench.scale import quotas

if TYPE_CHECKING:
    from bench.scale.fleet import Fleet, Generation

NEVER = float("inf")
_OVERHEAD_SECONDS, _PASSED_OVER_SECONDS = 0.15, 0.05


class Batch:
    """One invocation and what it has claimed."""

    __slots__ = ("dead", "held", "messages")

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self.held: list[tuple[Generation, int]] = []
        self.dead = False


class Source:
    """First come, first served: with fair queues that holds for owners who ask for about as much as each other."""

    def __init__(self, fleet: "Fleet", batch: int, most: int, pollers: tuple[int, int] | None) -> None:
        self._fleet, self._batch = fleet, batch
        each = int(quotas.PROVISIONED_EACH.value)
        begin, self.most = (pollers[0] * each, pollers[1] * each) if pollers else (quotas.POLLERS_BEGIN.value, most)
        self._limit = float(self.most) if fleet.plan.grown else min(float(begin), float(self.most))
        more = quotas.PROVISIONED_GROW.value if pollers else quotas.POLLERS_GROW.value
        self._growth = min(more / 60.0, quotas.SCALING.value)
        self._queue: deque[tuple[Generation, int]] = deque()
        self._warm = 0
        self._batches: dict[Batch, None] = {}  # in the order of their start: a set's would differ from run to run
        self.in_flight = 0
        self.full_seconds = 0
        """For how many seconds every invocation that it may have was running, and messages waited."""
        self.taken = self.invocations = self.most_running = 0

    @property
    def running(self) -> int:
        return len(self._batches)

    def put(self, generation: "Generation") -> None:
        """Queue a message of the present generation; it is skipped if the generation has moved on by then."""
        self._queue.append((generation, generation.epoch))
        self._start()

    def grow(self) -> None:
        """Called each second: while messages wait there may be more invocations."""
        if self._queue:
            self.full_seconds += self._limit >= self.most and self.running >= int(self._limit)
            self._limit = min(self.most, self._limit + self._growth)
            self._start()

    def lose(self, share: float) -> int:
        """Kill this share of the running invocations, at least one; return how many generations lost their worker."""
        fleet = self._fleet
        running = [batch for batch in self._batches if batch.held]
        killed = fleet.random.sample(running, min(len(running), ceil(share * len(running))))
        lost = 0
        for batch in killed:
            batch.dead = True
            for generation, epoch in batch.held:
                if not generation.ended and generation.epoch == epoch:
                    generation.lost = fleet.now
                    generation.epoch += 1
                    lost += 1
            self._done(batch, deleted=False)
        return lost

    def _has_room(self) -> bool:
        fleet = self._fleet
        return fleet.main.running + fleet.isolated.running < fleet.room

    def _start(self) -> None:
        fleet = self._fleet
        while (
            self._queue and self.running < int(self._limit) and fleet.main.running + fleet.isolated.running < fleet.room
        ):
            messages = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            batch = Batch(len(messages))
            self._batches[batch] = None
            self.in_flight += batch.messages
            self.taken, self.invocations = self.taken + batch.messages, self.invocations + 1
            cold = self.running > self._warm
            self._warm = self.most_running = max(self._warm, self.running)
            begin = fleet.now + _OVERHEAD_SECONDS + (fleet.plan.cold_seconds if cold else 0.0)
            fleet.at(begin, lambda batch=batch, messages=messages: self._work(batch, messages))  # type: ignore[misc]

    def _work(self, batch: Batch, messages: list[tuple["Generation", int]]) -> None:
        fleet, last = self._fleet, self._fleet.now + _PASSED_OVER_SECONDS
        if batch.dead:
            return
        for generation, epoch in messages:
            fleet.database.writes.take(fleet.now, 1)  # a claim that is refused is charged as well
            deadline = generation.created + fleet.plan.deadline_seconds
            if generation.epoch != epoch or generation.claimed != NEVER or fleet.now >= deadline:
                continue
            last = max(last, self._claim(batch, generation))
        fleet.at(last, lambda: self._end(batch))

    def _claim(self, batch: Batch, generation: "Generation") -> float:
        """Begin to work on it and return when that will be done."""
        fleet, acts = self._fleet, self._fleet.measured.acts
        wait = fleet.database.write(fleet.now, acts["begin_call"].write)
        fleet.database.reads.take(fleet.now, acts["read what to do"].read)
        generation.claimed = fleet.now + wait
        generation.epoch += 1
        if generation.isolated:
            fleet.tally.recovered_after.append(fleet.now - generation.lost)
            generation.lost = NEVER
        else:
            fleet.tally.waits.append(generation.claimed - generation.created)
        epoch, done = generation.epoch, generation.claimed + fleet.model_seconds()
        batch.held.append((generation, epoch))
        fleet.at(done, lambda: self._succeed(generation, epoch))
        return done

    def _succeed(self, generation: "Generation", epoch: int) -> None:
        fleet, acts = self._fleet, self._fleet.measured.acts
        if generation.epoch != epoch or generation.ended:
            return
        beats = int((fleet.now - generation.claimed) / fleet.plan.heartbeat_seconds + 0.5)
        ends = acts["succeed"]
        units = acts["store_step"].write + ends.write + beats * acts["heartbeat"].write
        fleet.database.write(fleet.now, units, generation.shard, ends.index_write)
        fleet.end(generation, "succeeded")

    def _end(self, batch: Batch) -> None:
        if not batch.dead:
            self._done(batch, deleted=True)

    def _done(self, batch: Batch, *, deleted: bool) -> None:
        self._batches.pop(batch, None)
        if deleted:  # what is not deleted stays in flight until its visibility timeout is over, after all this
            self.in_flight -= batch.messages
        self._start()
