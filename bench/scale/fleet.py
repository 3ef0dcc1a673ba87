"""The simulated deployment: creates, two queues and their workers, the sweeper. Discrete events; one seed, one course.

A generation's life is that of docs/lifecycle.md as far as load goes; the code itself is not run here.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import log
from random import Random

from bench.scale.buckets import Bucket, Database
from bench.scale.plan import Measured, Plan
from bench.scale.sources import Source

NEVER = float("inf")
_MOST_SECONDS = 6 * 3600.0
_PUT_OFF_SECONDS = 2.0
_PATIENCE_SECONDS = 2.0
"""A create that DynamoDB holds up for longer is answered 503, and its client comes again."""


class Generation:
    """One generation. `epoch` rises when what is planned for it no longer holds, as the fence does."""

    __slots__ = ("claimed", "created", "dispatches", "due", "ended", "epoch", "isolated", "lost", "shard")

    def __init__(self, created: float, due: float, shard: int) -> None:
        self.created, self.due, self.shard = created, due, shard
        self.claimed, self.ended = NEVER, ""
        self.epoch, self.dispatches, self.isolated = 0, 1, False
        self.lost = NEVER
        """When its worker died, for as long as nobody has taken over."""


@dataclass
class Tally:
    """The result of a run."""

    offered: int = 0
    accepted: int = 0
    put_off: int = 0
    ends: dict[str, int] = field(default_factory=lambda: {"succeeded": 0, "deadline_exceeded": 0})
    late_seconds: float = 0.0
    """How long after its deadline the last one was failed."""
    waits: list[float] = field(default_factory=list)
    doubles: int = 0
    lost: int = 0
    rescued_after: list[float] = field(default_factory=list)
    recovered_after: list[float] = field(default_factory=list)
    sweeps: list[tuple[int, float]] = field(default_factory=list)
    """Of each sweep how many were due, and how many seconds it took."""
    api_asked: float = 0.0
    concurrency: int = 0
    in_flight: int = 0


class Fleet:
    """Runs a plan until all accepted generations have ended."""

    def __init__(self, plan: Plan, measured: Measured, seed: int) -> None:
        self.plan, self.measured, self.random = plan, measured, Random(f"{plan.name} {seed}")
        self.now, self.tally = 0.0, Tally()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.database = Database(plan.warm_writes, plan.warm_reads, plan.warm_index, 1_000, plan.shards)
        self.api = Bucket(plan.api_rate)
        self.main = Source(self, plan.batch, plan.maximum_concurrency, plan.provisioned_pollers)
        self.isolated = Source(self, 1, plan.isolated_concurrency, None)
        self.open = 0
        self.room = plan.account
        """The part of the account's concurrency that the API's functions leave to the workers."""
        self._mu = log(plan.model_median_seconds)
        self._due: list[tuple[float, int, Generation]] = []
        self._until = plan.minutes * 60.0
        self._granted = 1.0
        self._born = 0.0
        """The sum of the birth times of all open generations, which gives their mean age."""

    def run(self) -> Tally:
        """Raises RuntimeError when something that was accepted has not ended after six hours."""
        self.at(0.0, self._arrive)
        self.at(0.0, self._each_second)
        self.at(30.0, self._sweep)
        if self.plan.burst:
            for number in range(self.plan.burst):
                self.at(self._until / 3 + 10.0 * number / self.plan.burst, self._offer)
        self.at(self._until / 2, self._lose)
        while self._events and (self.now < self._until or self.open or self.tally.accepted < self.tally.offered):
            self.now, _count, act = heappop(self._events)
            act()
            if self.now > _MOST_SECONDS:
                raise RuntimeError(f"{self.open} generations are open after six hours")
        return self.tally

    def at(self, moment: float, act: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._events, (moment, self._count, act))

    def model_seconds(self) -> float:
        longest = self.plan.process_timeout_seconds - self.plan.handover_margin_seconds
        return min(longest, self.random.lognormvariate(self._mu, self.plan.model_sigma))

    # Creates.

    def _arrive(self) -> None:
        if self.now >= self._until:
            return
        self._offer()
        self.at(self.now + self.random.expovariate(self.plan.creates_a_minute / 60.0), self._arrive)

    def _offer(self) -> None:
        self.tally.offered += 1
        self._create(_PUT_OFF_SECONDS)

    def _create(self, pause: float) -> None:
        shard = self.random.randrange(self.plan.shards)
        refused = self._granted < 1.0 and self.random.random() > self._granted
        if refused or self.database.wait(self.now, shard) > _PATIENCE_SECONDS:
            self.tally.put_off += 1
            self.at(self.now + pause * (0.5 + self.random.random()), lambda: self._create(min(60.0, 2 * pause)))
            return
        cost = self.measured.acts["create"]
        wait = self.database.write(self.now, cost.write, shard, cost.index_write)
        self.database.reads.take(self.now, cost.read)
        self.tally.accepted += 1
        self.open += 1
        created = self.now + wait
        self._born += created
        generation = Generation(created, created + self.plan.grace_seconds, shard)
        self.watch(generation)
        self.at(created + self.plan.create_seconds, lambda: self.main.put(generation))

    def watch(self, generation: Generation) -> None:
        """Put it into the due index, where its `due` says."""
        self._count += 1
        heappush(self._due, (generation.due, self._count, generation))

    def end(self, generation: Generation, how: str) -> None:
        generation.ended = how
        generation.epoch += 1
        self.tally.ends[how] += 1
        self.open -= 1
        self._born -= generation.created

    # Everything that happens per second: polls, the account's concurrency, the sources' growth.

    def _each_second(self) -> None:
        plan = self.plan
        creates = plan.creates_a_minute / 60.0 if self.now < self._until else 0.0
        age = self.now - self._born / self.open if self.open else 0.0
        asked = self.open / min(60.0, max(plan.poll_seconds, age / 10)) + creates
        self.tally.api_asked = max(self.tally.api_asked, asked)
        # Postponed requests wait at the clients; the gateway only says how many of a second's requests it takes.
        self._granted = min(1.0, plan.api_rate / asked) if asked else 1.0
        granted = asked * self._granted
        self.api.take(self.now, granted)
        polls = max(0.0, granted - creates)
        self.database.reads.take(self.now, min(polls, plan.warm_reads))
        self.room = plan.account - granted * plan.status_seconds - creates * plan.create_seconds
        for source in (self.main, self.isolated):
            source.grow()
        running = self.main.running + self.isolated.running
        self.tally.concurrency = max(self.tally.concurrency, int(running + plan.account - self.room))
        self.tally.in_flight = max(self.tally.in_flight, self.main.in_flight)
        if self.now < self._until or self.open or self.tally.accepted < self.tally.offered:
            self.at(self.now + 1.0, self._each_second)

    # The sweeper.

    def _sweep(self) -> None:
        begun, rate = self.now, self.measured.rescues_a_second
        most, done = int(self.measured.sweep_seconds * rate), 0
        waiting: deque[Generation] = deque()
        while self._due and self._due[0][0] <= begun:
            due, _count, generation = heappop(self._due)
            if not generation.ended and generation.due == due:
                waiting.append(generation)
        found = len(waiting)
        while waiting and done < most:
            generation = waiting.popleft()
            self.at(begun + done / rate, lambda generation=generation: self._rescue(generation))  # type: ignore[misc]
            done += 1
        for generation in waiting:
            self.watch(generation)
        self.tally.sweeps.append((found, done / rate))
        self.at(begun + 60.0, self._sweep)

    def _rescue(self, generation: Generation) -> None:
        plan, acts, now = self.plan, self.measured.acts, self.now
        self.database.reads.take(now, 1)
        if generation.ended:
            return
        deadline = generation.created + plan.deadline_seconds
        if now >= deadline:
            cost = acts["succeed"]
            self.database.write(now, cost.write + 1, generation.shard, cost.index_write)
            self.tally.late_seconds = max(self.tally.late_seconds, now - deadline)
            self.end(generation, "deadline_exceeded")
            return
        source = self.isolated if generation.isolated else self.main
        moves = 2.0  # a changed due_at is a delete and a put in the index
        if generation.claimed == NEVER:
            generation.due = min(deadline, now + plan.grace_seconds * 2 ** min(generation.dispatches, 5))
            generation.dispatches += 1
            source.put(generation)
            self.tally.doubles += 1
            self.database.write(now, 2, generation.shard, moves)
        elif now - self._beat(generation) >= plan.lease_seconds:
            self._give_back(generation, deadline)
            self.database.write(now, 2, generation.shard, moves)
        else:
            generation.due = min(deadline, self._beat(generation) + plan.lease_seconds)
            self.database.write(now, 1, generation.shard, moves)
        self.watch(generation)

    def _beat(self, generation: Generation) -> float:
        """When its worker was last heard of."""
        until, beat = min(self.now, generation.lost), self.plan.heartbeat_seconds
        return generation.claimed + (until - generation.claimed) // beat * beat

    def _give_back(self, generation: Generation, deadline: float) -> None:
        self.tally.rescued_after.append(self.now - generation.lost)
        generation.claimed, generation.isolated = NEVER, True
        generation.epoch += 1
        generation.dispatches += 1
        generation.due = min(deadline, self.now + self.plan.grace_seconds)
        self.isolated.put(generation)

    def _lose(self) -> None:
        for source in (self.main, self.isolated):
            self.tally.lost += source.lose(self.plan.lost_share)
