"""A process of the version after: it parks pending generations in a status that this version has no word for.

Some it takes up again, as a provider's answer would have it; some it never does, as if the deploy had been taken back.
"""

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from shared.domain.generation import Generation
from shared.domain.states import Status
from shared.store import items
from shared.store.marshalling import marshal
from tests.simulation.expressions import Item
from tests.simulation.process import Process, ProcessClock
from tests.simulation.table import Change

if TYPE_CHECKING:
    from tests.simulation.world import World

ROLE = "newer"
PARKED = "parked"
_LOOKS_EVERY = (2.0, 7.0)
_PARKED_FOR = (20.0, 90.0, 400.0, None)


class NewerVersion:
    """Parks what is pending, for as long as something is open. Every write is atomic, as the store's are."""

    def __init__(self, world: "World", random: Random) -> None:
        self._world, self._random = world, random
        clock = ProcessClock(world.scheduler, random)
        self._process = Process(0, ROLE, world.scheduler, clock, (), old=False)
        self.parked = 0

    def start(self) -> None:
        self._process.spawn("parks", self._park_now_and_then)

    def _park_now_and_then(self) -> None:
        while True:
            self._world.scheduler.wait(self._random.choice(_LOOKS_EVERY))
            pending = [one for one in sorted(self._world.invariants.open) if self._status(one) == Status.PENDING]
            if pending:
                self._park(self._random.choice(pending))

    def _park(self, generation_id: str) -> None:
        seconds = self._random.choice(_PARKED_FOR)
        self.parked += 1
        self._write(generation_id, PARKED)
        if seconds is not None:
            self._process.spawn(f"takes up {generation_id}", lambda: self._take_up(generation_id, seconds))

    def _take_up(self, generation_id: str, seconds: float) -> None:
        self._world.scheduler.wait(seconds)
        if self._status(generation_id) == PARKED:
            self._write(generation_id, Status.PENDING)

    def _status(self, generation_id: str) -> str:
        key = self._world.invariants.heads.get(generation_id)
        item = None if key is None else self._world.table.items.get(key)
        return "" if item is None else str(item["status"]["S"])

    def _write(self, generation_id: str, status: str) -> None:
        key = self._world.invariants.heads[generation_id]
        before = self._world.table.items[key]
        head: Generation = items.decode_head(before)
        due_at = min(self._process.clock.now() + timedelta(seconds=60), head.deadline_at)
        changed: Item = marshal(
            {"status": str(status), "fence": head.fence + 1, "version": head.version + 1, "due_at": due_at}
        )
        self._world.table.apply([Change(key, before, before | changed)])
