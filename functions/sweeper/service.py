"""Looks at every generation that is due and rescues what is stale. Bounded by time: what is left waits a minute."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from shared.clock import Clock
from shared.rescue import Rescuer
from shared.store import Store
from shared.store.items import DUE_SHARDS
from shared.telemetry import logger


@dataclass(frozen=True, slots=True)
class Sweep:
    """One pass over the due index, shard by shard, the longest due first."""

    store: Store
    rescuer: Rescuer
    clock: Clock

    def run(self, time_is_up: Callable[[], bool]) -> Counter[str]:
        """Return how many generations met which outcome; one that cannot be read is an `error`, and stops nothing."""
        report: Counter[str] = Counter()
        # Shards are begun at a random one, so that a sweep that runs out of time does not always miss the same.
        first = int(self.clock.random() * DUE_SHARDS)
        for offset in range(DUE_SHARDS):
            for user_id, generation_id in self.store.due((first + offset) % DUE_SHARDS, self.clock.now()):
                if time_is_up():
                    report["out_of_time"] += 1
                    return report
                report[self._one(user_id, generation_id)] += 1
        return report

    def _one(self, user_id: str, generation_id: str) -> str:
        try:
            head = self.store.get(user_id, generation_id)
            return "gone" if head is None else str(self.rescuer.rescue(head))
        except Exception:  # noqa: BLE001 - whatever a head does, it must not keep the sweep from those behind it
            logger().exception("one generation could not be swept", extra={"generation_id": generation_id})
            return "error"
