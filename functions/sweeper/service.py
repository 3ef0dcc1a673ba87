"""Checks every due generation and rescues stale ones. Limited by time: the rest waits for the next sweep."""

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
from shared.store.keys import DUE_SHARDS
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
    """The result of a sweep or of one shard: the number of generations by outcome, and those that it ended.

    `beyond_bound` counts generations that were open beyond their bound, including unreadable ones. It must be zero.
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
        """Raise the error that kept the sweep from reading a shard of the index, if any."""
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True, slots=True)
class Sweep:
    """One pass over the due index: all shards at once, and in each shard the longest due first.

    A sweep mostly waits for DynamoDB. One shard after another, it would get only a tenth as far, and would never reach
    the shards behind a long one.
    """

    reads: Reader
    sweeps: SweepMarks
    rescuer: Rescuer
    clock: Clock
    spend: DeploymentSpend | None = None

    def spent_percent(self) -> float:
        """Return the spent share of the deployment's daily limit; 0 without a limit, or if it cannot be read now."""
        try:
            return self.spend.percent(self.clock.now()) if self.spend else 0.0
        except Exception:  # noqa: BLE001 - the sweep's metrics must still be written; the next sweep reports this
            logger().exception("the deployment's spend could not be read")
            return 0.0

    def run(self, time_is_up: Callable[[], bool]) -> Found:
        """Return the result. An unreadable generation is an `error` in the report, and stops nothing.

        At the end it leaves the mark for health, whatever it found, but not if a shard of the index could not be read.
        That error is `failure`, to be raised after the metrics are written.
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
                    )  # the ones behind it are not counted: one is enough
                    break
                found.report[self._one(due, found)] += 1
        except Exception as error:  # noqa: BLE001 - the other shards' threads continue
            found.failure = error
        return found

    def _one(self, due: Due, found: Found) -> str:
        # An unreadable head's deadline is not known. It is never before its due time in the index, and neither changes
        # any more.
        deadline_at = due.at
        try:
            head = self.reads.get(due.key)
            if head is None:
                return "gone"
            deadline_at = head.deadline_at
            rescued = self.rescuer.rescue(head)
        except Exception:  # noqa: BLE001 - no head may stop the sweep from reaching those behind it
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
        except Exception:  # noqa: BLE001 - the work is done; health continues to show the previous sweep
            logger().exception("the sweep could not be noted")
            found.report["error"] += 1

    def _meet_again(self, found: Found) -> None:
        """Check again the generation that had waited longest: after it was sent again, it is not due for minutes but
        still waits."""
        before = self.sweeps.last_sweep()
        if before is None or before.oldest_pending is None:
            return
        head = self.reads.get(before.oldest_pending)
        if head is not None:
            found.met(head)
