"""Looks at every generation that is due and rescues what is stale. Bounded by time: what is left waits a minute."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.clock import Clock
from shared.generation import Generation
from shared.lifecycle import Status
from shared.rescue import Outcome, Rescuer
from shared.store import Store, SweepMark
from shared.store.items import DUE_SHARDS
from shared.telemetry import logger

_OF_STALE = (Outcome.GIVEN_BACK, Outcome.SENT_AGAIN, Outcome.NOT_SENT, Outcome.CRASH_LOOP, Outcome.EXPIRED)
_NOT_PENDING_NOW = (Outcome.EXPIRED, Outcome.MOVED_ON)


@dataclass(slots=True)
class Found:
    """What a sweep has met: how many generations met which outcome, and which of them it ended."""

    report: Counter[str] = field(default_factory=Counter)
    ended: list[Generation] = field(default_factory=list)
    oldest_pending: Generation | None = None

    def met(self, head: Generation) -> None:
        oldest = self.oldest_pending
        if head.status is Status.PENDING and (oldest is None or head.created_at < oldest.created_at):
            self.oldest_pending = head


@dataclass(frozen=True, slots=True)
class Sweep:
    """One pass over the due index, shard by shard, the longest due first."""

    store: Store
    rescuer: Rescuer
    clock: Clock

    def run(self, time_is_up: Callable[[], bool]) -> Found:
        """Return what it has met; a generation that cannot be read is an `error` in the report, and stops nothing.

        In the end it leaves the mark that health is answered from, whatever it found.
        """
        found = Found()
        self._pass(found, time_is_up)
        self._leave_mark(found)
        return found

    def _pass(self, found: Found, time_is_up: Callable[[], bool]) -> None:
        # Shards are begun at a random one, so that a sweep that runs out of time does not always miss the same.
        first = int(self.clock.random() * DUE_SHARDS)
        for offset in range(DUE_SHARDS):
            for user_id, generation_id in self.store.due((first + offset) % DUE_SHARDS, self.clock.now()):
                if time_is_up():
                    found.report["out_of_time"] += 1
                    return
                found.report[self._one(user_id, generation_id, found)] += 1

    def _one(self, user_id: str, generation_id: str, found: Found) -> str:
        try:
            head = self.store.get(user_id, generation_id)
            if head is None:
                return "gone"
            rescued = self.rescuer.rescue(head)
        except Exception:  # noqa: BLE001 - whatever a head does, it must not keep the sweep from those behind it
            logger().exception("one generation could not be swept", extra={"generation_id": generation_id})
            return "error"
        if rescued.ended is not None:
            found.ended.append(rescued.ended)
        if rescued.outcome not in _NOT_PENDING_NOW:
            found.met(head)
        return str(rescued.outcome)

    def _leave_mark(self, found: Found) -> None:
        stale = sum(found.report[outcome] for outcome in _OF_STALE)
        complete = not found.report["out_of_time"]
        try:
            self._meet_again(found)
            mark = SweepMark.of(self.clock.now(), stale, complete=complete, oldest=found.oldest_pending)
            self.store.put_sweep(mark)
        except Exception:  # noqa: BLE001 - the work is done; health goes on telling of the sweep before
            logger().exception("the sweep could not be noted")
            found.report["error"] += 1

    def _meet_again(self, found: Found) -> None:
        """Look again at the one that had waited longest: sent again, it is not due for minutes, and it still waits."""
        before = self.store.last_sweep()
        if before is None or before.oldest_pending is None:
            return
        head = self.store.get(*before.oldest_pending)
        if head is not None:
            found.met(head)
