"""Each call that was billed is counted once, whichever write its worker died at, and whichever late one wakes when."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from functions.process.ending import Ending
from shared import kinds
from shared.domain.errors import TransientProviderError
from shared.domain.generation import Generation, StoredStep, Usage
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Context, Kind, Limits, Prompt
from shared.store.billing import Bills
from shared.store.whole import Store
from shared.store.worker import WorkerStore
from tests.factories import FakeClock
from tests.integration.worker_rig import Call, Rig, Turn, answering, raising

UNIT = Decimal("0.000001")
RESERVE = Decimal("0.02")


class Text(BaseModel):
    text: str


class Given(BaseModel):
    source_text: str


def write(ctx: Context, given: Given) -> Text:
    """Two steps; the first asks twice."""
    first = ctx.step("first", Text, lambda: _two(ctx, given.source_text), progress=50)
    prompt = Prompt("Write the second.", {"before": first.text}, "text")
    return ctx.step("second", Text, lambda: ctx.call(prompt, Text), progress=90)


def _two(ctx: Context, text: str) -> Text:
    parts = [ctx.call(Prompt(f"Write part {part}.", {"source_text": text}, "text"), Text).text for part in (1, 2)]
    return Text(text=" ".join(parts))


KIND = Kind("flashcards", Given, Text, Limits(max_cost_usd=5.0), ("1",), write)


class KilledError(BaseException):
    """Ends a worker as SIGKILL would: none of its code runs any more."""


class EndlessTurns:
    """A script that never ends: whatever is called, `turn` answers."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def popleft(self) -> Turn:
        return self._turn


@dataclass
class World:
    """Bills each call by a power of two, so that a sum shows which calls are in it. For each attempt, it knows the
    calls that the attempt knew and has not shown by an accepted write. A test can stop an attempt at any write."""

    rig: Rig
    answers: tuple[str, ...]
    calls: int = 0
    untold: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    writes: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    stops: dict[tuple[int, int, bool], Callable[[], object]] = field(default_factory=dict)
    """The fault at write number N of an attempt, before or after the write."""

    def __post_init__(self) -> None:
        self.rig.model.turns = EndlessTurns(self._turn)  # type: ignore[assignment]

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("begin_call", "store_step", "advance", "succeed", "release", "fail", "bill"):
            part: Any = Bills if name == "bill" else WorkerStore
            monkeypatch.setattr(part, name, self._passing(name, getattr(part, name)))

    def _passing(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def passing(store: Any, head: Generation, *arguments: Any, **named: Any) -> Any:
            attempt, number = head.attempt, self.writes[head.attempt]
            self.writes[attempt] += 1
            self.stops.get((attempt, number, False), lambda: None)()
            made = real(store, head, *arguments, **named)
            if name != "store_step" or made.op == arguments[0].op:
                self.untold[attempt].clear()
            self.stops.get((attempt, number, True), lambda: None)()
            return made

        return passing

    def _turn(self, call: Call) -> Any:
        number = self.calls
        self.calls += 1
        self.untold[int(call.request.labels["Attempt"])].add(number)
        usage = Usage(1, 10, 5, UNIT * 2**number)
        kind = self.answers[number] if number < len(self.answers) else "good"
        if kind == "failed":
            return raising(TransientProviderError("provider_unavailable", "Busy.", usage=usage))(call)
        text = "no JSON" if kind == "invalid" else {"text": f"answer {number}"}
        return answering(text, usage, f"gen-{number}")(call)

    def in_sum(self, usage: Usage) -> set[int]:
        units = int(usage.cost_usd / UNIT)
        return {number for number in range(self.calls) if units >> number & 1}

    def run(self, head: Generation) -> Ending | None:
        """Handle the message of the present head; None if the worker was killed."""
        try:
            return self.rig.handle(self.rig.read(head)).ending
        except KilledError:
            return None

    def to_the_end(self, head: Generation) -> Generation:
        """Let other workers take over until it has ended."""
        for _ in range(5):
            current = self.rig.read(head)
            if current.terminal:
                return current
            if current.status is Status.RUNNING:
                self.rig.lost(current)
            self.rig.clock.pass_seconds(60)
            self.run(head)
        raise AssertionError("it never ended")

    def assert_account(self, after: Generation) -> None:
        """All calls are counted, each once, but those that a worker has taken with it; the rest follows from them."""
        steps = self.rig.steps(after)
        lost = set[int]().union(*self.untold.values())
        assert self.in_sum(after.usage) == set(range(self.calls)) - lost
        assert after.usage.calls == self.calls - len(lost)
        kept = sum((step.usage.kept_cost_usd for step in steps), Decimal(0))
        assert after.usage.wasted_cost_usd == after.usage.cost_usd - kept
        assert [day.usage for day in self.rig.store.reads.usage_of_month(after.user_id, "2026-01")] == [after.usage]
        for step in steps:
            assert step.usage.calls == len(self.in_sum(step.usage))
            assert step.call_id == f"gen-{max(self.in_sum(step.usage))}"


@pytest.fixture
def rig(store: Store, clock: FakeClock) -> Rig:
    return Rig(store, clock, kinds=Catalog(kinds.names, lambda _name: KIND))


@pytest.fixture
def world(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(rig, ("good", "invalid", "good", "invalid", "good"))
    world.watch(monkeypatch)
    return world


def killed() -> None:
    raise KilledError


# The writes of an undisturbed attempt: three calls and one repair in the first step, one and one in the second.
UNDISTURBED = ["begin_call"] * 3 + ["store_step", "advance"] + ["begin_call"] * 2 + ["store_step", "succeed"]
PLACES = [(number, made) for number in range(len(UNDISTURBED)) for made in (False, True)]


def test_an_attempt_that_is_left_alone_has_the_writes_that_the_others_are_stopped_at(world: World) -> None:
    head = world.rig.pending()
    assert world.run(head) is Ending.SUCCEEDED
    assert world.writes[1] == len(UNDISTURBED)
    assert world.calls == 5
    after = world.rig.read(head)
    world.assert_account(after)
    assert after.usage.wasted_cost_usd == UNIT * (2**1 + 2**3), "the two answers that did not fit"


@pytest.mark.parametrize(("number", "made"), PLACES)
def test_a_worker_killed_at_any_write_takes_only_what_it_was_told_since_the_one_before(
    world: World, number: int, made: bool
) -> None:
    head = world.rig.pending()
    world.stops[1, number, made] = killed
    assert world.run(head) is None
    assert len(world.untold[1]) <= 1
    world.assert_account(world.to_the_end(head))


@pytest.mark.parametrize("awake_at", [1, 2, 3, 4, 6, 7, 8])
@pytest.mark.parametrize("killed_at", [2, 4, 7])
def test_a_late_holder_that_wakes_while_the_next_is_anywhere_loses_and_doubles_nothing_else(
    world: World, awake_at: int, killed_at: int
) -> None:
    """The first sleeps before a write. The second takes over and is killed before one of its own. The first wakes."""
    head = world.rig.pending()

    def sleep() -> None:
        world.rig.lost(world.rig.read(head))
        world.run(head)

    world.stops[1, awake_at, False] = sleep
    world.stops[2, killed_at, False] = killed
    assert world.run(head) is Ending.LEASE_LOST
    world.assert_account(world.to_the_end(head))


@pytest.mark.parametrize("asleep_at", [3, 7])
@pytest.mark.parametrize("awake_at", [3, 7])
def test_a_late_holders_step_is_counted_once_whether_it_is_first_or_not(
    world: World, asleep_at: int, awake_at: int
) -> None:
    """The second wakes the first in the middle of its own work, before it stores a step."""
    head, handled = world.rig.pending(), list[Ending | None]()
    late: list[StoredStep] = []

    def sleep() -> None:
        world.rig.lost(world.rig.read(head))
        world.stops[2, awake_at, False] = wake
        raise KilledError  # its own thread ends here; what it was about to store is stored by `wake`

    def remember(store: WorkerStore, held: Generation, step: StoredStep) -> StoredStep:
        late.append(step)
        return real(store, held, step)

    def wake() -> None:
        stored = real(world.rig.store.worker, head, late[0])
        if stored.op == late[0].op:
            world.untold[1].clear()

    real = WorkerStore.store_step
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WorkerStore, "store_step", remember)
        world.stops[1, asleep_at, False] = sleep
        handled.append(world.run(head))
    assert handled == [None]
    world.assert_account(world.to_the_end(head))


@pytest.mark.parametrize("canceled_at", PLACES)
def test_what_a_canceled_worker_was_told_is_counted_wherever_it_was(
    world: World, canceled_at: tuple[int, bool]
) -> None:
    head = world.rig.pending()
    world.stops[1, *canceled_at] = lambda: world.rig.store.endings.cancel(head.key)
    ending = world.run(head)
    after = world.rig.read(head)
    assert (ending, after.status) == (
        (Ending.SUCCEEDED, Status.SUCCEEDED)
        if canceled_at == (len(UNDISTURBED) - 1, True)
        else (Ending.LEASE_LOST, Status.CANCELED)
    )
    world.assert_account(after)
    assert not set[int]().union(*world.untold.values())


@pytest.mark.parametrize("answers", [("failed", "good", "good", "good"), ("good", "failed", "good", "good", "good")])
@pytest.mark.parametrize(("number", "made"), [(1, False), (1, True), (2, False), (2, True), (3, False), (3, True)])
def test_a_worker_killed_after_a_release_loses_nothing_of_the_attempt_before(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], number: int, made: bool
) -> None:
    world, head = World(rig, answers), rig.pending()
    world.watch(monkeypatch)
    assert world.run(head) is Ending.RELEASED
    rig.clock.pass_seconds(60)
    world.stops[2, number, made] = killed
    assert world.run(head) is None
    world.assert_account(world.to_the_end(head))


def test_a_step_that_was_stored_before_its_worker_died_gives_its_calls_reserve_back(world: World) -> None:
    head = world.rig.pending()
    world.stops[1, 3, True] = killed
    world.run(head)
    assert world.rig.read(head).reserved_usd == RESERVE
    seen: list[Decimal] = []
    world.stops[2, 1, True] = lambda: seen.append(world.rig.read(head).reserved_usd)
    world.to_the_end(head)
    assert seen == [RESERVE], "of the second attempt's own call alone"


def test_a_call_in_flight_when_its_worker_died_keeps_its_reserve(world: World) -> None:
    head = world.rig.pending()
    world.stops[1, 0, True] = killed
    world.run(head)
    seen: list[Decimal] = []
    world.stops[2, 0, True] = lambda: seen.append(world.rig.read(head).reserved_usd)
    world.to_the_end(head)
    assert seen == [2 * RESERVE]
