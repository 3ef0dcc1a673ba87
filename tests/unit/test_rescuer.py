"""Each outcome of a rescue, over a real condition evaluator; and of two that come together, one acts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.diagnosis import RescueOutcome
from shared.domain.generation import SCHEMA_VERSION, Called, ErrorInfo, Event, Generation, Totals, Usage
from shared.domain.states import Status
from shared.rescue import Rescuer
from shared.store.timeline import Timeline
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input, moto_dynamodb

KINDS = ("flashcards",)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@dataclass
class Scene:
    """A store, a rescuer over it, and heads in the state that a test needs."""

    store: Store
    clock: FakeClock
    dispatch: RecordingDispatch

    @property
    def rescuer(self) -> Rescuer:
        return Rescuer(self.store.rescuer, self.dispatch, self.clock, SETTINGS, KINDS)

    def pending(self, **changes: Any) -> Generation:
        return self.store.admission.create(a_generation(self.clock, **changes), an_input())

    def running(self, **changes: Any) -> Generation:
        head = self.pending(**changes)
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)

    def read(self, head: Generation) -> Generation:
        found = self.store.reads.get(head.key)
        assert found is not None
        return found

    def rescue(self, head: Generation) -> tuple[RescueOutcome, Generation]:
        outcome = self.rescuer.rescue(self.read(head)).outcome
        return outcome, self.read(head)

    def events(self, head: Generation) -> list[Event]:
        return self.store.timeline.get_events(head.key)

    def after(self, seconds: float) -> Any:
        return self.clock.now() + timedelta(seconds=seconds)

    def bring_to_the_last_fruitless_attempt(self) -> Generation:
        head = self.running()
        while head.fruitless_attempts < SETTINGS.max_fruitless_attempts:
            self.clock.pass_seconds(40)
            pending = self.store.rescuer.give_back(head, None)
            head = self.store.worker.claim(Called(head.key, pending.fence), self.clock.token(), KINDS)
        return head


@pytest.fixture
def scene(store: Store, clock: FakeClock) -> Scene:
    return Scene(store, clock, RecordingDispatch())


def test_a_pending_generation_whose_message_is_on_the_way_is_left_alone(scene: Scene) -> None:
    head = scene.pending()
    scene.clock.pass_seconds(59.999)
    assert scene.rescue(head) == (RescueOutcome.NOTHING, head)
    assert scene.dispatch.sent == []


def test_a_lost_message_is_sent_again_with_the_same_fence_and_backs_off(scene: Scene) -> None:
    head = scene.pending()
    waits = []
    for _ in range(3):
        scene.clock.moment = scene.read(head).due_at or scene.clock.moment
        outcome, after = scene.rescue(head)
        assert (outcome, after.status, after.fence) == (RescueOutcome.SENT_AGAIN, Status.PENDING, head.fence)
        assert scene.dispatch.sent[-1] == after
        waits.append((after.due_at or scene.clock.moment) - scene.clock.moment)
    assert [wait.total_seconds() for wait in waits] == [120, 240, 480]
    assert (after.dispatches, after.attempt, after.fruitless_attempts) == (4, 0, 0)
    assert [event.name for event in scene.events(head)] == ["sent_again"] * 3


def test_a_running_generation_that_beats_is_looked_at_again_when_its_lease_would_be_over(scene: Scene) -> None:
    head = scene.running()
    scene.clock.pass_seconds(30)
    head = scene.store.worker.heartbeat(head, 0, None)
    scene.clock.pass_seconds(30)
    outcome, after = scene.rescue(head)
    assert (outcome, after) == (RescueOutcome.REARMED, replace(head, due_at=scene.after(10)))
    assert scene.rescue(head) == (RescueOutcome.NOTHING, after)
    assert (scene.dispatch.sent, scene.events(head)) == ([], [])


def test_a_lost_worker_is_replaced_by_one_that_works_alone(scene: Scene) -> None:
    head = scene.running()
    scene.clock.pass_seconds(40)
    outcome, after = scene.rescue(head)
    assert (outcome, after.status, after.fence) == (RescueOutcome.GIVEN_BACK, Status.PENDING, head.fence + 1)
    assert (after.isolated, after.holder, after.due_at, after.fruitless_attempts) == (True, None, scene.after(60), 1)
    assert scene.dispatch.sent == [after]
    assert scene.events(head) == [Event("given_back", scene.clock.now(), 1)]


def test_a_message_that_the_queue_does_not_take_leaves_the_generation_due_again(scene: Scene) -> None:
    head = scene.running()
    scene.clock.pass_seconds(40)
    scene.dispatch.fails = True
    outcome, after = scene.rescue(head)
    assert (outcome, after.status, after.due_at) == (RescueOutcome.NOT_SENT, Status.PENDING, scene.after(60))
    assert [event.code for event in scene.events(head)] == ["not_sent"]
    scene.dispatch.fails = False
    scene.clock.pass_seconds(60)
    assert scene.rescue(head)[0] is RescueOutcome.SENT_AGAIN
    assert [sent.fence for sent in scene.dispatch.sent] == [after.fence]


def test_a_generation_whose_every_worker_died_fails_as_a_crash_loop(scene: Scene) -> None:
    head = scene.bring_to_the_last_fruitless_attempt()
    scene.clock.pass_seconds(40)
    outcome, after = scene.rescue(head)
    assert (outcome, after.status, after.due_at) == (RescueOutcome.CRASH_LOOP, Status.FAILED, None)
    assert after.error is not None
    assert after.error.code == "crash_loop"
    assert scene.dispatch.sent == []
    assert scene.events(head) == [Event("failed", scene.clock.now(), 3, "crash_loop")]


def test_before_the_last_fruitless_attempt_no_crash_loop_is_seen(scene: Scene) -> None:
    head = scene.bring_to_the_last_fruitless_attempt()
    settings = replace(SETTINGS, max_fruitless_attempts=SETTINGS.max_fruitless_attempts + 1)
    scene.clock.pass_seconds(40)
    rescuer = Rescuer(scene.store.rescuer, scene.dispatch, scene.clock, settings, KINDS)
    assert rescuer.rescue(scene.read(head)).outcome is RescueOutcome.GIVEN_BACK


def test_a_step_that_was_stored_and_not_counted_shows_that_the_attempts_were_not_fruitless(scene: Scene) -> None:
    head = scene.bring_to_the_last_fruitless_attempt()
    paid = Usage(2, 100, 50, Decimal("0.01"))
    scene.store.worker.store_step(head, a_step(scene.clock, usage=paid))
    scene.clock.pass_seconds(40)
    outcome, after = scene.rescue(head)
    assert (outcome, after.status, after.fruitless_attempts) == (RescueOutcome.GIVEN_BACK, Status.PENDING, 0)
    assert (after.steps_done, after.usage) == (1, paid)


@pytest.mark.parametrize("held", [False, True])
def test_past_its_deadline_a_generation_fails_however_fresh_its_heartbeat(scene: Scene, held: bool) -> None:
    head = scene.running() if held else scene.pending()
    if held:
        scene.clock.pass_seconds(899.999)
        head = scene.store.worker.heartbeat(head, 0, None)
        scene.store.worker.store_step(head, a_step(scene.clock))
        scene.clock.pass_seconds(0.001)
    else:
        scene.clock.pass_seconds(900)
    outcome, after = scene.rescue(head)
    assert (outcome, after.status) == (RescueOutcome.EXPIRED, Status.FAILED)
    assert after.error == ErrorInfo("deadline_exceeded", "The generation was not done by its deadline.")
    assert after.usage.calls == (1 if held else 0), "the stored step was paid for"
    assert [event.code for event in scene.events(head)] == ["deadline_exceeded"]


@pytest.mark.parametrize("changes", [{"kind": "opera"}, {"schema_version": SCHEMA_VERSION + 1}], ids=str)
def test_a_head_that_this_code_cannot_read_is_left_to_one_that_can_until_its_deadline(
    scene: Scene, changes: dict[str, Any]
) -> None:
    head = scene.pending(**changes)
    scene.clock.pass_seconds(60)
    assert scene.rescue(head) == (RescueOutcome.POSTPONED, replace(head, due_at=scene.after(60)))
    assert scene.rescue(head)[0] is RescueOutcome.NOTHING
    assert scene.dispatch.sent == []
    scene.clock.pass_seconds(840)
    assert scene.rescue(head)[0] is RescueOutcome.EXPIRED


def test_what_has_ended_is_left_alone(scene: Scene) -> None:
    head = scene.running()
    scene.store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    scene.clock.pass_seconds(2000)
    ended = scene.read(head)
    assert scene.rescue(head) == (RescueOutcome.NOTHING, ended)


STALE = {"message lost": ("pending", 60), "worker lost": ("running", 40), "deadline past": ("running", 900)}


def stale(scene: Scene, name: str) -> Generation:
    """Return a stale head as if just read."""
    state, seconds = STALE[name]
    head: Generation = getattr(scene, state)()
    scene.clock.pass_seconds(seconds)
    return scene.read(head)


@pytest.mark.parametrize(("name", "messages"), [("message lost", 1), ("worker lost", 1), ("deadline past", 0)])
def test_of_two_rescuers_that_read_the_same_head_one_acts_and_the_other_changes_nothing(
    scene: Scene, name: str, messages: int
) -> None:
    read = stale(scene, name)
    first, second = scene.rescuer.rescue(read).outcome, scene.rescuer.rescue(read).outcome
    assert first is not RescueOutcome.MOVED_ON
    assert second is RescueOutcome.MOVED_ON
    assert len(scene.dispatch.sent) == messages
    assert len(scene.events(read)) == 1


def test_a_worker_that_beat_after_the_head_was_read_keeps_its_generation(scene: Scene) -> None:
    read = stale(scene, "worker lost")
    beating = scene.store.worker.heartbeat(read, 0, None)
    assert scene.rescuer.rescue(read).outcome is RescueOutcome.MOVED_ON
    assert scene.read(read) == beating


@pytest.mark.parametrize("name", ["message lost", "worker lost"])
def test_no_rescue_puts_the_next_look_past_the_deadline(scene: Scene, name: str) -> None:
    near = replace(SETTINGS, dispatch_grace_seconds=5000)
    head = stale(scene, name)
    store = Store(scene.store.ground._replace(settings=near))
    Rescuer(store.rescuer, scene.dispatch, scene.clock, near, KINDS).rescue(head)
    assert scene.read(head).due_at == head.deadline_at


def test_an_event_that_cannot_be_written_does_not_undo_the_rescue(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = stale(scene, "worker lost")
    monkeypatch.setattr(Timeline, "note", lambda *_: False)
    assert scene.rescue(head)[0] is RescueOutcome.GIVEN_BACK


@pytest.mark.parametrize(("seconds", "stale"), [(0, False), (39.999, False), (40, True), (900, True)])
def test_a_reader_learns_whether_a_rescue_is_called_for(scene: Scene, seconds: float, stale: bool) -> None:
    head = scene.running()
    scene.clock.pass_seconds(seconds)
    assert (scene.rescuer.rescue_if_stale(head) is not None) is stale
