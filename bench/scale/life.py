"""The cost of each act in a generation's life in DynamoDB's units: by the real store, over the table that counts.

A flashcards generation of 5,000 characters with an idempotency key and the limits: the subject of the simulation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.scale.sweeping import SETTINGS
from bench.scale.wire import TABLE, DynamoDB, Meter, Pace, Wire
from shared.domain.generation import Called, GenerationInput, Totals, Usage
from shared.domain.idempotency import IdempotencyKey
from shared.domain.limits import policy_of
from shared.store.admission import Admission
from shared.store.ground import Ground
from shared.store.table import Table
from shared.store.whole import Store
from tests.factories import FakeClock, a_generation, a_step
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.table import FakeTable

_FREE = Pace(0.0, 0.0)
_SPENT = Usage(1, 1500, 900, Decimal("0.000765"))


@dataclass(frozen=True, slots=True)
class Cost:
    """Units of the table's writes and reads, of the index's writes, and how many calls they are."""

    write: float
    read: float
    index_write: float
    calls: int


def costs() -> dict[str, Cost]:
    """Return each act's cost, by name."""
    clock, meter = FakeClock(count=0), Meter()
    wire = Wire(meter, _FREE, lambda: 0.0, lambda _seconds: None)
    client: Any = DynamoDB(wire, _FREE, FakeDynamoDB(FakeTable(lambda: 0.0), TABLE))
    store = Store(Ground(Table(client, TABLE, clock), clock, SETTINGS))
    found: dict[str, Cost] = {}

    def act[T](name: str, work: Callable[[], T]) -> T:
        before, calls = dict(meter.units), meter.calls.total()
        done = work()
        spent = {kind: meter.units[kind] - before.get(kind, 0) for kind in ("write", "read", "index write")}
        found[name] = Cost(spent["write"], spent["read"], spent["index write"], meter.calls.total() - calls)
        return done

    words = " ".join(f"word{number * 7919 % 100_003}" for number in range(520))[:5_000]
    content = GenerationInput({"source_text": words}, "openai/gpt-4o-mini", "1", "r" * 16)
    admission = Admission(policy_of(SETTINGS), IdempotencyKey("owner", "k" * 36, content.content))
    asked = a_generation(clock, client_id="c" * 36, session_id="s" * 36, usual_seconds=15)
    if act("create", lambda: store.admission.admit(asked, content, admission)).head is None:
        raise RuntimeError("the create was not admitted")
    key = asked.key
    act("a poll", lambda: store.reads.get(key))
    head = act("claim", lambda: store.worker.claim(Called(key, asked.fence), f"{'h' * 8}-{'t' * 16}", ("flashcards",)))
    act("read what to do", lambda: (store.reads.get_input(key), store.reads.get_steps(key)))
    head = act("begin_call", lambda: store.worker.begin_call(head, "cards", Decimal("0.02")))
    clock.pass_seconds(10)
    act("heartbeat", lambda: store.worker.heartbeat(head, 60, "writing cards"))
    cards = [{"front": f"{words[at : at + 60]}?", "back": words[at + 60 : at + 180]} for at in range(0, 4_000, 250)]
    step = a_step(clock, result={"suggestions": cards}, usage=_SPENT)
    act("store_step", lambda: store.worker.store_step(head, step))
    act("succeed", lambda: store.worker.succeed(head, Totals(1, _SPENT), "cards"))
    act("the last poll", lambda: (store.reads.get(key), store.reads.get_step(key, "cards")))
    return found
