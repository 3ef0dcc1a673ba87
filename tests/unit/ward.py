"""The subject of the doctor's tests: one owner's table in full activity, and hands that change items behind the
code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from operations.checks import Expected
from operations.doctor import Doctor, Report
from operations.reading import Reader
from shared.domain.generation import Called, ErrorInfo, Event, Generation, Totals, Usage
from shared.domain.idempotency import IdempotencyKey
from shared.domain.limits import Limit, Policy
from shared.domain.rows.worker import Shown
from shared.store.admission import Admission
from shared.store.marshalling import Item, marshal
from shared.store.sweeps import SweepMark
from shared.store.whole import Store
from tests.factories import (
    LONG_TEXT,
    SETTINGS,
    FakeClock,
    a_generation,
    a_step,
    an_acceptance,
    an_input,
    create_table,
    store_over,
)

OWNER = "alice@example.org"
EXPECTED = Expected(timedelta(days=30), timedelta(seconds=40), timedelta(seconds=180))
PAID = Usage(1, 100, 50, Decimal("0.25"))
ERROR = ErrorInfo("provider_unavailable", "The provider is down.")
POLICY = Policy({"*": Limit("create", 500, 300)})
SECRET_KEY = "a key that says my name"


@dataclass
class Ward:
    """A table and its doctor. The generations are in every state that the lifecycle knows."""

    dynamodb: Any
    store: Store
    clock: FakeClock
    letters: int = 0
    slept: list[float] = field(default_factory=list)
    failed: Generation = field(init=False)
    retried: Generation = field(init=False)
    succeeded: Generation = field(init=False)
    canceled: Generation = field(init=False)
    dismissed: Generation = field(init=False)
    pending: Generation = field(init=False)
    sealed: Generation = field(init=False)
    running: Generation = field(init=False)

    @classmethod
    def furnished(cls, dynamodb: Any, store: Store, clock: FakeClock) -> "Ward":
        """Return a ward in full activity. Living through it takes a while: it is done once, and then copied."""
        lived, stored = _lived(dynamodb)
        batches = [stored[at : at + 25] for at in range(0, len(stored), 25)]
        for batch in batches:
            requests = [{"PutRequest": {"Item": item}} for item in batch]
            dynamodb.batch_write_item(RequestItems={SETTINGS.table_name: requests})
        clock.pass_seconds(lived.clock.seconds)
        ward = cls(dynamodb, store, clock)
        for name in _GENERATIONS:
            setattr(ward, name, getattr(lived, name))
        return ward

    def live(self) -> None:
        self.failed = self._failed()
        self.retried = self._retried()
        self.succeeded = self._succeeded()
        self.canceled = self._canceled()
        self.clock.pass_seconds(120)
        self.dismissed = self._failed()
        self.store.endings.dismiss(self.dismissed)
        self.pending = self.create()
        self.sealed = self.create(sealed=b"sealed")
        self.running = self._running()
        self.swept()

    def create(self, sealed: bytes | None = None, **changes: Any) -> Generation:
        key = IdempotencyKey(OWNER, f"{SECRET_KEY} {self.clock.token()}", {})
        generation = a_generation(self.clock, user_id=OWNER, **changes)
        head = self.store.admission.admit(
            generation, an_input(), Admission(POLICY, key, (lambda: sealed) if sealed else None)
        ).head
        assert head is not None
        return head

    def claim(self, head: Generation) -> Generation:
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), ("flashcards",))

    def read(self, head: Generation) -> Generation:
        found = self.store.reads.get(head.key)
        assert found is not None
        return found

    def swept(self) -> None:
        self.store.sweeps.put_sweep(SweepMark.of(self.clock.now(), 0, complete=True, oldest=None))

    def _failed(self) -> Generation:
        head = self.claim(self.create())
        self.clock.pass_seconds(60)
        self.store.worker.store_step(head, a_step(self.clock, "outline", usage=PAID))
        self.store.worker.fail(head, Totals(1, PAID + PAID.all_wasted()), ERROR)
        self.store.timeline.note(
            replace(head, version=head.version + 1), Event("failed", self.clock.now(), 1, ERROR.code)
        )
        return self.read(head)

    def _retried(self) -> Generation:
        new = a_generation(self.clock, user_id=OWNER)
        steps = partial(self.store.reads.get_steps, self.failed.key)
        admitted = self.store.retries.retry(self.failed, new, an_input(), steps, Admission(POLICY))
        assert admitted.head is not None
        return admitted.head

    def _succeeded(self) -> Generation:
        head = self.claim(self.create(sealed=b"sealed"))
        self.store.worker.store_step(head, a_step(self.clock, usage=PAID))
        self.store.worker.succeed(head, Totals(1, PAID), "cards")
        head = self.read(head)
        self.store.reviews.review(head, an_acceptance(self.clock, head))
        return self.read(head)

    def _canceled(self) -> Generation:
        head = self.claim(self.create())
        canceled = self.store.endings.cancel(head.key)
        assert canceled is not None
        self.clock.pass_seconds(60)
        self.store.worker.store_step(head, a_step(self.clock, usage=PAID))  # by a worker that does not know it yet
        return canceled

    def _running(self) -> Generation:
        head = self.claim(self.create())
        head = self.store.worker.begin_call(head, "outline", Decimal("0.5"))
        self.store.worker.store_step(head, a_step(self.clock, "outline", usage=PAID))
        head = self.store.worker.advance(head, Totals(1, PAID), Shown(30, None), Decimal(0))
        # The head counts the call of the second step, whose answer is not stored yet.
        return self.store.worker.begin_call(head, "cards", Decimal("0.5"), Totals(1, PAID + PAID))

    def doctor(self, client: Any = None) -> Doctor:
        reader = Reader(client or self.dynamodb, SETTINGS.table_name, self.clock)
        return Doctor(reader, self.store, self.clock, EXPECTED, lambda: self.letters, self.slept.append)

    def look(
        self, client: Any = None, limit: int | None = None, has_object: Callable[[str], bool] | None = None
    ) -> Report:
        doctor = self.doctor(client)
        doctor.has_object = has_object
        return doctor.look(limit)

    def change(self, sort_key: str, *removes: str, owner: str = OWNER, **sets: Any) -> None:
        """Change an item behind the code's back."""
        change_item(self.dynamodb, owner, sort_key, *removes, **sets)

    def put(self, sort_key: str, **values: Any) -> None:
        item = marshal({"pk": OWNER, "sk": sort_key, **values})
        self.dynamodb.put_item(TableName=SETTINGS.table_name, Item=item)

    def delete(self, sort_key: str) -> None:
        self.dynamodb.delete_item(TableName=SETTINGS.table_name, Key=marshal({"pk": OWNER, "sk": sort_key}))

    def keys(self, prefix: str) -> Sequence[str]:
        found = self.dynamodb.scan(TableName=SETTINGS.table_name, ConsistentRead=True)["Items"]
        return [item["sk"]["S"] for item in found if item["sk"]["S"].startswith(prefix)]


_GENERATIONS = ("failed", "retried", "succeeded", "canceled", "dismissed", "pending", "sealed", "running")


_LIVED: list[tuple[Ward, list[Item]]] = []


def _lived(dynamodb: Any) -> tuple[Ward, list[Item]]:
    if not _LIVED:
        apart = replace(SETTINGS, table_name="lived")
        create_table(dynamodb, apart.table_name)
        clock = FakeClock()
        ward = Ward(dynamodb, store_over(dynamodb, clock, apart), clock)
        ward.live()
        _LIVED.append((ward, dynamodb.scan(TableName=apart.table_name)["Items"]))
    return _LIVED[0]


def change_item(dynamodb: Any, owner: str, sort_key: str, *removes: str, **sets: Any) -> None:
    """Set and remove attributes of an item that is there."""
    clauses = [f"SET {', '.join(f'#{name} = :{name}' for name in sets)}"] if sets else []
    clauses += [f"REMOVE {', '.join(f'#{name}' for name in removes)}"] if removes else []
    values = {f":{name}": value for name, value in sets.items()}
    dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=marshal({"pk": owner, "sk": sort_key}),
        UpdateExpression=" ".join(clauses),
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeNames={f"#{name}": name for name in (*sets, *removes)},
        **({"ExpressionAttributeValues": marshal(values)} if values else {}),
    )


def codes(report: Report) -> list[str]:
    return sorted(finding.rule.code for finding in report.findings)


@contextmanager
def answering(client: Any, operation: str, change: Callable[[Mapping[str, Any], Item], None]) -> Iterator[list[str]]:
    """Have `change` alter the answers of one operation, given the request and the answer; yield what was asked."""
    asked: list[str] = []
    given: list[Mapping[str, Any]] = []

    def before(params: Mapping[str, Any], **_more: Any) -> None:
        given.append(dict(params))

    def after(parsed: Item, **_more: Any) -> None:
        asked.append(operation)
        change(given[-1], parsed)

    events = client.meta.events
    events.register(f"provide-client-params.dynamodb.{operation}", before)
    events.register(f"after-call.dynamodb.{operation}", after)
    try:
        yield asked
    finally:
        events.unregister(f"provide-client-params.dynamodb.{operation}", before)
        events.unregister(f"after-call.dynamodb.{operation}", after)


WRITTEN = (LONG_TEXT[:40], SECRET_KEY, "What are enzymes?", OWNER, ERROR.message)
"""The texts and names of users and models: none may be shown."""
