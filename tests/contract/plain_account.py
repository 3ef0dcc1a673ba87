"""The required state of the table after each write to one generation, in plain Python.

A row's guards, status, fence, version and index come from the row itself. The author of a write says what else it
changes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from botocore.exceptions import ReadTimeoutError

from shared.domain import rows
from shared.domain.errors import DeadlinePassedError, LeaseLostError, TransitionRefusedError
from shared.domain.generation import Generation, StoredStep, Totals, Usage
from shared.domain.row import Row
from shared.domain.states import TERMINAL, Guard, Status
from shared.store.deployment_spend import DeploymentSpend
from shared.store.items import charged, decode_usage
from shared.store.keys import due_shard, usage_key
from shared.store.marshalling import unmarshal
from tests.factories import SETTINGS, START, FakeClock, a_generation, an_input, store_over

REFUSALS = (TransitionRefusedError, LeaseLostError, DeadlinePassedError)
GRACE, LEASE = timedelta(seconds=SETTINGS.dispatch_grace_seconds), timedelta(seconds=SETTINGS.lease_seconds)
AS_READ: Mapping[Guard, Callable[[Generation], object]] = {
    Guard.FENCE: lambda head: head.fence,
    Guard.HOLDER: lambda head: head.holder,
    Guard.CALLS_AS_KNOWN: lambda head: head.calls,
    Guard.HEARTBEAT_AS_READ: lambda head: head.heartbeat_at,
    Guard.DUE_AS_READ: lambda head: head.due_at,
    Guard.USAGE_AS_READ: lambda head: (head.usage.calls, head.steps_done),
    Guard.VERSION_AS_READ: lambda head: head.version,
}
COMPARED = tuple(name for name in Generation.__slots__ if name not in ("op", "error", "finished_at", "expires_at"))


class PlainAccount:
    """One generation. `head` is the required item in the table, `steps` are the required stored steps, and `day` is the
    required count of the owner's day."""

    def __init__(self, client: Any) -> None:
        self.client, self.clock = client, FakeClock()
        # Never reached: what all owners spend is booked beside what each does.
        self.store = store_over(client, self.clock, replace(SETTINGS, max_deployment_daily_spend_usd=1e9))
        self.spent_before = spent_by_all(client, self.clock)
        self.steps: list[StoredStep] = []
        self.day = Usage()
        self.ends = 0
        new = a_generation(self.clock)
        self.head = replace(new, due_at=self.clock.now() + GRACE)
        self.store.admission.create(new, an_input())

    def allowed(self, row: Row[Any], seen: Generation, progress: int) -> bool:
        """Whether the row's guards hold for the head, for a writer that relies on `seen`."""
        head, now = self.head, self.clock.now()
        facts = {
            Guard.READABLE: True,
            Guard.FRUITLESS_ATTEMPTS_LEFT: head.fruitless_attempts < SETTINGS.max_fruitless_attempts,
            Guard.NOT_BEFORE_PASSED: head.not_before is None or head.not_before <= now,
            Guard.BEFORE_DEADLINE: now < head.deadline_at,
            Guard.PAST_DEADLINE: now >= head.deadline_at,
            Guard.PROGRESS_NOT_AHEAD: head.progress <= progress,
            Guard.NOT_DISMISSED: head.dismissed_at is None,
            Guard.NOT_RETRIED: head.retried_as is None,
        }
        for guard in row.guards:
            if guard in AS_READ:
                value = AS_READ[guard](head)
                facts[guard] = value == AS_READ[guard](seen) and value is not None
        return head.status in row.sources and all(facts[guard] for guard in row.guards)

    def write(
        self,
        row: Row[Any],
        seen: Generation,
        act: Callable[[], Any],
        sets: Mapping[str, Any],
        *,
        lost: bool = False,
        progress: int = 0,
        shows: bool = False,
        repeats: bool = False,
    ) -> Any:
        """Make a write along `row`, and check that it happens exactly when the row allows it.

        `shows`: it raises the version, although not every such write does. `repeats`: it does not recognise its own
        write after a lost answer, and does the same again.
        """
        allowed, answer, refused = self.allowed(row, seen, progress), None, False
        held = (self.head.status, self.head.fence, self.head.holder) == (Status.RUNNING, seen.fence, seen.holder)
        with self.losing(lost):
            try:
                answer = act()
            except REFUSALS:
                refused = True
        # These writes are already done. A heartbeat that was overtaken has nothing left to say. An earlier try has
        # counted the call, or has shown the steps and the usage.
        done = (
            (row is rows.HEARTBEAT and self.clock.now() < self.head.deadline_at)
            or (row is rows.BEGIN_CALL and self.head.calls == seen.calls + 1)
            or (row is rows.ADVANCE and (self.head.usage, self.head.steps_done) == (sets["usage"], sets["steps_done"]))
        )
        assert refused == (not allowed and not (held and done)), f"{row.name} by {seen}"
        if allowed:
            raised = (1 if row.raises_version or shows else 0) * (2 if lost and repeats else 1)
            status = row.target or self.head.status
            if row.leaves_index():
                ended = {"due_at": None, "holder": None, "not_before": None, "because": None, "asked_to_wait": False}
                sets = {**sets, **ended}
                self.day += sets["usage"]
                self.ends += 1
            fence = self.head.fence + (1 if row.raises_fence else 0)
            self.head = replace(self.head, status=status, fence=fence, version=self.head.version + raised, **sets)
        return answer

    @contextmanager
    def losing(self, lost: bool) -> Iterator[None]:
        """The next write in here is applied and its answer never arrives, if that is asked for."""
        writes = {"UpdateItem", "PutItem", "TransactWriteItems"} if lost else set()

        def lose(request: Any, **_: Any) -> None:
            if str(request.headers["X-Amz-Target"]).rpartition(".")[2].rstrip("'") in writes:
                writes.clear()
                raise ReadTimeoutError(endpoint_url=request.url)

        # Under this very name: moto applies a request as one of its handlers, and a longer name would come before it.
        self.client.meta.events.register_last("before-send", lose)
        try:
            yield
        finally:
            self.client.meta.events.unregister("before-send", lose)

    def settled(self, head: Generation) -> Totals:
        usage = sum((step.unshown for step in self.steps if step.position > head.steps_done), head.usage)
        return Totals(max(head.steps_done, len(self.steps)), usage)

    def account(self, totals: Totals) -> dict[str, Any]:
        return {"usage": totals.usage, "steps_done": totals.steps_done}

    def rows_of_a_rescuer(self, seen: Generation) -> dict[Row[Any], tuple[Any, dict[str, Any]]]:
        """The name of each of a rescuer's rows, and the fields that it sets."""
        store, now, totals = self.store, self.clock.now(), self.settled(seen)
        again, beat = max(now, seen.not_before or now), seen.heartbeat_at or now
        backed_off = again + GRACE * 2.0 ** min(seen.dispatches, 5)
        grace, account = min(now + GRACE, seen.deadline_at), self.account(totals)
        given = {"isolated": True, "due_at": grace, "holder": None, "dispatches": seen.dispatches + 1}
        given |= {"because": "worker_lost", "stage": None}
        return {
            rows.REARM: (partial(store.rescuer.rearm, seen), {"due_at": min(beat + LEASE, seen.deadline_at)}),
            rows.POSTPONE: (partial(store.rescuer.postpone, seen), {"due_at": grace}),
            rows.SEND_AGAIN: (
                partial(store.rescuer.send_again, seen),
                {"dispatches": seen.dispatches + 1, "due_at": min(backed_off, seen.deadline_at)},
            ),
            rows.GIVE_BACK: (partial(store.rescuer.give_back, seen, None), given),
            rows.CRASH_LOOP: (partial(store.rescuer.crash_loop, seen, totals), account),
            rows.EXPIRE: (partial(store.rescuer.expire, seen, totals), account),
        }

    def check(self) -> None:
        """Compare the stored head and steps with the required ones."""
        head = self.head
        found = self.store.reads.get(head.key)
        assert found is not None
        pairs = {name: (getattr(found, name), getattr(head, name)) for name in COMPARED}
        differ = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        assert not differ, f"what stands there, and what must: {differ}"
        assert (found.due_at is None) == (found.status in TERMINAL)
        assert self.store.reads.get_steps(head.key) == self.steps

    def check_beside(self) -> None:
        """Compare the stored day and index entry with the required ones."""
        owner, head = self.head.user_id, self.head
        item = self.client.get_item(TableName=SETTINGS.table_name, Key=usage_key(owner, START.date().isoformat()))
        day = unmarshal(item.get("Item", {}))
        assert (int(day.get("generations", 0)), decode_usage(day)) == (self.ends, self.day)
        assert spent_by_all(self.client, self.clock) - self.spent_before == charged(item.get("Item"))
        later = head.deadline_at + timedelta(days=1)
        due = {found.key.generation_id for found in self.store.reads.due(int(due_shard(head.generation_id)), later)}
        assert (head.generation_id in due) == (not head.terminal)


def spent_by_all(client: Any, clock: FakeClock) -> Decimal:
    """The deployment's day on which every account begins, read again."""
    return DeploymentSpend(store_over(client, clock).ground).spent_today(START)
