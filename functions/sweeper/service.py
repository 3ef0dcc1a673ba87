"""Looks at every generation that is due and rescues what is stale. Bounded by time: what is left waits a minute."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.aws.logs import logger
from shared.domain.clock import Clock
from shared.domain.diagnosis import RescueOutcome
from shared.domain.generation import Generation
from shared.domain.states import Status
from shared.rescue import Rescuer
from shared.store.deployment_spend import DeploymentSpend
from shared.store.items import DUE_SHARDS
from shared.store.reads import Due, Reader
from shared.store.sweeps import SweepMark, SweepMarks

_OF_STALE = (
    RescueOutcome.GIVEN_BACK,
    RescueOutcome.SENT_AGAIN,
    RescueOutcome.NOT_SENT,
    RescueOutcome.CRASH_LOOP,
    RescueOutcome.EXPIRED,
)
_NOT_PENDING_NOW = (RescueOutcome.EXPIRED, RescueOutcome.MOVED_ON)


@dataclass(slots=True)
class Found:
    """What a sweep, or its pass over one shard, has met: how many met which outcome, and which of them it ended.

    `beyond_bound` counts those that were open beyond their bound, whether this sweep has ended them or cannot even read
    them: what must be none.
    """

    report: Counter[str] = field(default_factory=Counter)
    ended: list[Generation] = field(default_factory=list)
    beyond_bound: int = 0
    oldest_pending: Generation | None = None
    out_of_time: bool = False
    failure: Exception | None = None

    def met(self, head: Generation) -> None:
        oldest = self.oldest_pending
        if head.status is Status.PENDING and (oldest is None or head.created_at < oldest.created_at):
            self.oldest_pending = head

    def add(self, other: "Found") -> None:
        self.report += other.report
        self.ended += other.ended
        self.beyond_bound += other.beyond_bound
        self.out_of_time = self.out_of_time or other.out_of_time
        self.failure = self.failure or other.failure
        if other.oldest_pending is not None:
            self.met(other.oldest_pending)

    def raise_failure(self) -> None:
        """Raise what kept the sweep from reading a shard of the index, if anything did."""
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True, slots=True)
class Sweep:
    """One pass over the due index, all its shards at once, and in each the longest due first.

    What a sweep does is wait for DynamoDB: shard after shard it would get a tenth as far in its time, and the shards
    behind a long one nowhere.
    """

    reads: Reader
    sweeps: SweepMarks
    rescuer: Rescuer
    clock: Clock
    spend: DeploymentSpend | None = None

    def spent_percent(self) -> float:
        """Return how much of the deployment's day is spent; 0 without a ceiling, or when it cannot be read now."""
        try:
            return self.spend.percent(self.clock.now()) if self.spend else 0.0
        except Exception:  # noqa: BLE001 - what was swept must be told all the same; the next sweep tells of this
            logger().exception("the deployment's spend could not be read")
            return 0.0

    def run(self, time_is_up: Callable[[], bool]) -> Found:
        """Return what it has met; a generation that cannot be read is an `error` in the report, and stops nothing.

        In the end it leaves the mark that health is answered from, whatever it found; but none when a shard of the
        index could not be read. What kept it from that is `failure`: to be raised once the rest is told.
        """
        found = Found()
        with ThreadPoolExecutor(max_workers=DUE_SHARDS, thread_name_prefix="shard") as pool:
            for of_shard in pool.map(lambda shard: self._pass(shard, time_is_up), range(DUE_SHARDS)):
                found.add(of_shard)
        if found.out_of_time:
            found.report["out_of_time"] = 1
        if found.failure is None:
            self._leave_mark(found)
        return found

    def _pass(self, shard: int, time_is_up: Callable[[], bool]) -> Found:
        found = Found()
        try:
            for due in self.reads.due(shard, self.clock.now()):
                if time_is_up():
                    found.out_of_time = True
                    found.beyond_bound += self._is_beyond_bound(
                        due.at
                    )  # those behind it are not counted: one is enough
                    break
                found.report[self._one(due, found)] += 1
        except Exception as error:  # noqa: BLE001 - the other shards, whose threads know nothing of it, go on
            found.failure = error
        return found

    def _one(self, due: Due, found: Found) -> str:
        # Of a head that cannot be read nobody knows the deadline. It is never before the time at which the index has it
        # due, and neither moves any more.
        deadline_at = due.at
        try:
            head = self.reads.get(due.key)
            if head is None:
                return "gone"
            deadline_at = head.deadline_at
            rescued = self.rescuer.rescue(head)
        except Exception:  # noqa: BLE001 - whatever a head does, it must not keep the sweep from those behind it
            logger().exception("one generation could not be swept", extra={"generation_id": due.key.generation_id})
            found.beyond_bound += self._is_beyond_bound(deadline_at)
            return "error"
        if rescued.outcome is not RescueOutcome.MOVED_ON and not head.terminal:
            found.beyond_bound += self._is_beyond_bound(deadline_at)
        if rescued.ended is not None:
            found.ended.append(rescued.ended)
        if rescued.outcome not in _NOT_PENDING_NOW:
            found.met(head)
        return str(rescued.outcome)

    def _is_beyond_bound(self, deadline_at: datetime) -> bool:
        return self.clock.now() > deadline_at + timedelta(seconds=self.rescuer.settings.sweep_bound_seconds)

    def _leave_mark(self, found: Found) -> None:
        stale = sum(found.report[outcome] for outcome in _OF_STALE)
        try:
            self._meet_again(found)
            mark = SweepMark.of(self.clock.now(), stale, complete=not found.out_of_time, oldest=found.oldest_pending)
            self.sweeps.put_sweep(mark)
        except Exception:  # noqa: BLE001 - the work is done; health goes on telling of the sweep before
            logger().exception("the sweep could not be noted")
            found.report["error"] += 1

    def _meet_again(self, found: Found) -> None:
        """Look again at the one that had waited longest: sent again, it is not due for minutes, and it still waits."""
        before = self.sweeps.last_sweep()
        if before is None or before.oldest_pending is None:
            return
        head = self.reads.get(before.oldest_pending)
        if head is not None:
            found.met(head)
