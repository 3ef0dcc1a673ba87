"""Tables of any size: generations that have ended, some that are open and not due, and those that are due.

Only heads: a sweep reads nothing else. A million of them take about 1.5 GB.
"""

import gc
from bisect import insort
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.domain.clock import epoch_milliseconds, uuid7
from shared.domain.diagnosis import RescueOutcome
from shared.domain.generation import Generation, Usage
from shared.domain.states import Status
from shared.store import items
from shared.store.keys import due_shard
from shared.store.sweeps import NO_OWNER
from tests.simulation.expressions import Item
from tests.simulation.table import Change, FakeTable

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
LEASE_SECONDS, DEADLINE_SECONDS = 40.0, 900.0
_OF_ONE_OWNER = 10
_BEHIND_ALL = 1_000_000_000
"""The number of the first that is due."""
_OPEN_OF = 100
"""One in this many is open and not due yet: it is in the index, behind the due ones."""


MATTERS = (RescueOutcome.SENT_AGAIN, RescueOutcome.GIVEN_BACK, RescueOutcome.REARMED, RescueOutcome.EXPIRED)
"""The condition of a due generation, by what a rescue does about it."""


@dataclass
class Stock:
    """One table. `now` is seconds since START."""

    table: FakeTable
    made: int = 0
    due: list[str] = field(default_factory=list)
    """The owners of the due generations, one each."""

    def fill(self, count: int) -> None:
        """Add this many generations that do not concern any sweep."""
        ended, waiting = (_item(_a_head("", "", matter)) for matter in ("ended", "waiting"))
        with _without_collecting():
            for number in range(self.made, self.made + count):
                generation_id = _id(number)
                if number % _OPEN_OF:
                    self._keep(generation_id, number, ended)
                else:
                    more = {"due_shard": {"S": due_shard(generation_id)}}
                    self.table.apply([_put(_keyed(waiting, generation_id, number) | more)])
        self.made += count

    def add_due(self, count: int, matters: Sequence[str] = MATTERS) -> None:
        """Add this many due generations, the same number of each condition: the same ones in every table."""
        for number in range(count):
            generation_id = _id(_BEHIND_ALL + number)
            head = _a_head(f"owner of {generation_id}", generation_id, matters[number % len(matters)])
            self.table.apply([_put(_item(head))])
            self.due.append(head.user_id)

    def remove_due(self) -> None:
        """Remove all due generations that were added, and everything that sweeps have written."""
        for owner in (*self.due, NO_OWNER):
            for sk in self.table.keys_between(owner, "", "\U0010ffff"):
                self.table.apply([Change((owner, sk), self.table.items[owner, sk], None)])
        self.table.older.clear()
        self.due.clear()

    def _keep(self, generation_id: str, number: int, item: Item) -> None:
        """Put an item that is in no index as the table would, without what a write costs here."""
        kept = _keyed(item, generation_id, number)
        pk, sk = kept["pk"]["S"], kept["sk"]["S"]
        self.table.items[pk, sk] = kept
        insort(self.table._sorted.setdefault(pk, []), sk)  # a million times: not by `apply`


def _id(number: int) -> str:
    # A multiplier that is coprime to 2^74: ids that look drawn and are the same in every run.
    return uuid7(epoch_milliseconds(START), number * 0x9E3779B97F4A7C15F39 % (1 << 74))


def _keyed(item: Item, generation_id: str, number: int) -> Item:
    return item | {"pk": {"S": f"owner {number // _OF_ONE_OWNER}"}, "sk": {"S": f"G#{generation_id}"}}


def _put(item: Item) -> Change:
    return Change((item["pk"]["S"], item["sk"]["S"]), None, item)


def _item(head: Generation) -> Item:
    return items.encode_head(head)


def _a_head(user_id: str, generation_id: str, matter: str) -> Generation:
    created = START - timedelta(seconds=_AGES.get(matter, 120.0))
    head = Generation(
        user_id=user_id,
        generation_id=generation_id,
        kind="flashcards",
        created_at=created,
        deadline_at=created + timedelta(seconds=DEADLINE_SECONDS),
        usual_seconds=15,
        create_op="c" * 16,
        client_id="c" * 36,
    )
    running = {
        "status": Status.RUNNING,
        "fence": 2,
        "version": 3,
        "attempt": 1,
        "fruitless_attempts": 1,
        "calls": 1,
        "holder": f"{'h' * 8}-{'t' * 16}",
        "started_at": created,
        "reserved_usd": Decimal("0.02"),
    }
    return replace(head, **_changes(matter, head, running))


_AGES = {RescueOutcome.EXPIRED: DEADLINE_SECONDS + 1, "ended": 86_400.0, "waiting": 1.0}


def _changes(matter: str, head: Generation, running: dict[str, Any]) -> dict[str, Any]:
    now, lease = START, timedelta(seconds=LEASE_SECONDS)
    match matter:
        case RescueOutcome.SENT_AGAIN:
            return {"due_at": now - timedelta(seconds=1)}
        case RescueOutcome.GIVEN_BACK:
            return running | {"due_at": now - timedelta(seconds=1), "heartbeat_at": now - lease}
        case RescueOutcome.REARMED:
            return running | {"due_at": now - timedelta(seconds=1), "heartbeat_at": now - timedelta(seconds=5)}
        case RescueOutcome.EXPIRED:
            return running | {"due_at": head.deadline_at, "heartbeat_at": now}
        case "waiting":
            return {"due_at": head.created_at + timedelta(days=1)}
        case _:
            usage = Usage(1, 1500, 900, Decimal("0.000765"))
            ends = {"status": Status.SUCCEEDED, "progress": 100, "usage": usage, "steps_done": 1, "holder": None}
            return running | ends | {"finished_at": head.deadline_at, "expires_at": now + timedelta(days=30)}


@contextmanager
def _without_collecting() -> Iterator[None]:
    # A million dicts that nothing will free: looking through them again and again would take most of the time.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
