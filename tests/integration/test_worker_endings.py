"""How an attempt ends: released, failed or lost, and what is then written, sent, and owed to the queue."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.process.ending import Ending
from shared import kinds
from shared.domain.call_facts import CallFacts
from shared.domain.errors import (
    CallCanceledError,
    GenerationError,
    InvalidOutputError,
    PermanentProviderError,
    StoreUnavailableError,
    TransientProviderError,
)
from shared.domain.generation import ErrorInfo, Event, Generation, Totals, Usage
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Limits
from shared.store.keys import input_key
from shared.store.timeline import Timeline
from shared.store.worker import WorkerStore
from tests.factories import SETTINGS, a_generation, an_input
from tests.integration.worker_rig import PAID, Call, Rig, answering, raising, spent_usd, then

BUSY = TransientProviderError("provider_overloaded", "Busy.")


def unavailable(*_: object, **__: object) -> None:
    raise StoreUnavailableError("ThrottlingException")


def test_what_may_pass_gives_the_generation_back_counted_after_a_delay(rig: Rig) -> None:
    handled, after = rig.run(rig.pending(), raising(BUSY))
    assert handled.ending is Ending.RELEASED
    # The first delay's ceiling is 2 s; the clock's jitter of 0.5 makes it three quarters of that.
    assert (after.status, after.not_before, after.due_at) == (Status.PENDING, rig.after(1.5), rig.after(61.5))
    assert (after.fence, after.releases, after.fruitless_attempts, after.holder) == (3, 1, 0, None)
    assert rig.dispatch.sent == [after]
    call = CallFacts("local/cards", seconds=0.0)
    assert rig.events(after) == [Event("released", rig.clock.now(), 1, "provider_overloaded", 1.5, call)]


def test_a_wait_that_the_provider_told_is_kept_and_not_counted(rig: Rig) -> None:
    told = TransientProviderError("provider_rate_limited", "Wait.", retry_after_seconds=30)
    _, after = rig.run(rig.pending(), raising(told))
    assert (after.not_before, after.releases) == (rig.after(30), 0)


def test_releases_in_a_row_come_to_an_end(rig: Rig) -> None:
    rig.settings = replace(SETTINGS, max_releases=2)
    head, endings = rig.pending(), []
    for _ in range(3):
        handled, head = rig.run(head, raising(BUSY))
        endings.append(handled.ending)
        rig.clock.pass_seconds(10)
    assert endings == [Ending.RELEASED, Ending.RELEASED, Ending.FAILED]
    assert head.error == ErrorInfo("provider_overloaded", "Busy.")
    assert rig.events(head)[-1].name == "failed"


def test_a_kind_may_say_how_often_it_is_tried(rig: Rig) -> None:
    kind = replace(kinds.load("flashcards"), limits=Limits(max_attempts=2))
    rig.kinds = Catalog(kinds.names, lambda _name: kind)
    head, endings = rig.pending(), []
    for _ in range(2):
        handled, head = rig.run(head, raising(BUSY))
        endings.append(handled.ending)
        rig.clock.pass_seconds(10)
    assert endings == [Ending.RELEASED, Ending.FAILED]
    assert (head.attempt, head.error) == (2, ErrorInfo("provider_overloaded", "Busy."))


def test_a_wait_beyond_the_deadline_fails_at_once(rig: Rig) -> None:
    told = TransientProviderError("provider_rate_limited", "Wait.", retry_after_seconds=900)
    handled, after = rig.run(rig.pending(), raising(told))
    assert (handled.ending, after.error) == (Ending.FAILED, ErrorInfo("provider_rate_limited", "Wait."))
    assert rig.dispatch.sent == []


@pytest.mark.parametrize(
    "error", [PermanentProviderError("provider_refused", "No."), InvalidOutputError("output_truncated", "")]
)
def test_what_would_fail_again_fails_the_generation_with_its_own_code(rig: Rig, error: GenerationError) -> None:
    handled, after = rig.run(rig.pending(), raising(error))
    assert (handled.ending, after.status, after.due_at) == (Ending.FAILED, Status.FAILED, None)
    assert after.error == ErrorInfo(error.code, error.message)
    call = CallFacts("local/cards", seconds=0.0)
    assert rig.events(after) == [Event("failed", rig.clock.now(), 1, error.code, call=call)]


def test_a_release_that_cannot_be_sent_is_left_to_a_rescuer(rig: Rig) -> None:
    rig.dispatch.fails = True
    handled, after = rig.run(rig.pending(), raising(BUSY))
    assert (handled.ending, after.status, after.due_at) == (Ending.RELEASED, Status.PENDING, rig.after(61.5))


def test_near_the_end_of_the_invocation_another_goes_on_at_once(rig: Rig) -> None:
    head = rig.pending()
    handled = rig.handle(head, handover_at=rig.clock.monotonic())
    after = rig.read(head)
    assert (handled.ending, after.status, after.not_before, after.releases) == (
        Ending.RELEASED, Status.PENDING, None, 1
    )  # fmt: skip
    assert rig.events(after)[0].code == "handover_limit"
    assert rig.model.calls == []
    assert rig.run(after, answering())[0].ending is Ending.SUCCEEDED


def test_a_call_that_was_closed_for_the_handover_is_a_handover(rig: Rig) -> None:
    head = rig.pending()

    def until_closed(_call: Call) -> None:
        rig.clock.seconds += 100
        raise CallCanceledError("worker closed the call")

    rig.script(then(until_closed))
    handled = rig.handle(head, handover_at=rig.clock.monotonic() + 100)
    assert (handled.ending, rig.events(head)[0].code) == (Ending.RELEASED, "handover_limit")


def test_a_call_that_was_closed_for_no_known_reason_is_what_nobody_expected(rig: Rig) -> None:
    handled, after = rig.run(rig.pending(), raising(CallCanceledError("closed")))
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "kind_failed")


def test_past_its_deadline_the_holder_itself_fails_the_generation(rig: Rig) -> None:
    head = rig.pending()
    handled, after = rig.run(head, then(lambda _call: rig.clock.pass_seconds(900), answering("no JSON")))
    assert (handled.ending, after.status) == (Ending.FAILED, Status.FAILED)
    assert after.error is not None
    assert (after.error.code, after.usage) == ("deadline_exceeded", PAID.all_wasted())


TAKEOVERS: dict[str, Callable[[Rig, Generation], object]] = {
    "canceled": lambda rig, head: rig.store.endings.cancel(head.key),
    "given to another": lambda rig, head: rig.claimed(rig.lost(head)),
    "failed by a rescuer": lambda rig, head: rig.store.rescuer.crash_loop(rig.read(head), Totals(0, Usage())),
}


@pytest.mark.parametrize("takeover", TAKEOVERS)
@pytest.mark.parametrize(
    "turn",
    [answering(), raising(BUSY), raising(PermanentProviderError("no", "No."))],
    ids=["good", "busy", "bad"],
)
def test_who_has_lost_its_lease_writes_nothing_more_to_the_head_but_what_it_has_spent(
    rig: Rig, takeover: str, turn: Any
) -> None:
    head, taken = rig.pending(), []

    def take(_call: Call) -> None:
        TAKEOVERS[takeover](rig, head)
        taken.append(rig.read(head))

    handled, after = rig.run(head, then(take, turn))
    [before] = taken
    spent = after.usage.cost_usd - before.usage.cost_usd
    assert (handled.ending, spent_usd(handled), rig.dispatch.sent) == (Ending.LEASE_LOST, spent, [])
    if takeover == "given to another":
        assert after == before, "the next holder's writes would not know of it"
    told: dict[str, Any] = {"usage": before.usage, "steps_done": before.steps_done, "reserved_usd": before.reserved_usd}
    assert before == replace(after, version=before.version, **told)
    assert after.reserved_usd == (before.reserved_usd if after.usage == before.usage else 0), "a bill takes its place"


def test_a_claim_that_cannot_be_written_sends_the_message_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    head = rig.pending()
    monkeypatch.setattr(WorkerStore, "claim", unavailable)
    with pytest.raises(StoreUnavailableError):
        rig.handle(head)
    assert rig.read(head) == head


@pytest.mark.parametrize("reason", ["gone", "of another shape"])
def test_an_input_that_the_kind_does_not_take_fails_the_generation_without_a_call(
    rig: Rig, dynamodb: Any, reason: str
) -> None:
    head = rig.store.admission.create(a_generation(rig.clock), an_input("too short"))
    if reason == "gone":
        dynamodb.delete_item(TableName=SETTINGS.table_name, Key=input_key(head.key))
    handled, after = rig.run(head)
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "input_unreadable")


def test_an_event_that_cannot_be_written_changes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timeline, "note", lambda *_: False)
    assert rig.run(rig.pending(), raising(BUSY))[1].status is Status.PENDING


def test_every_claim_has_a_holder_of_its_own_that_names_the_log_stream(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders: list[str] = []
    claim = WorkerStore.claim

    def recording(store: WorkerStore, *arguments: Any) -> Generation:
        holders.append(arguments[1])
        return claim(store, *arguments)

    monkeypatch.setattr(WorkerStore, "claim", recording)
    for _ in range(2):
        rig.run(rig.pending(), answering())
    assert len(set(holders)) == 2
    assert all(holder.startswith("89abcdef-") for holder in holders)


def test_the_beats_have_ended_before_the_final_write(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[bool] = []
    succeed = WorkerStore.succeed

    def looking(store: WorkerStore, *arguments: Any) -> None:
        alive.append(any(thread.name == "heartbeat" for thread in threading.enumerate()))
        succeed(store, *arguments)

    def look(_call: Call) -> None:
        alive.append(any(thread.name == "heartbeat" for thread in threading.enumerate()))

    monkeypatch.setattr(WorkerStore, "succeed", looking)
    rig.run(rig.pending(), then(look))
    assert alive == [True, False]


def test_a_lease_that_is_lost_in_the_middle_of_a_call_closes_the_call(rig: Rig) -> None:
    head, closed = rig.pending(), threading.Event()
    rig.settings = replace(SETTINGS, heartbeat_seconds=0.0)

    def canceled_by_its_owner(call: Call) -> None:
        with call.cancellation.closing(closed.set):
            rig.store.endings.cancel(head.key)
            assert closed.wait(30)
        raise CallCanceledError("worker closed the call")

    handled, after = rig.run(head, then(canceled_by_its_owner))
    assert (handled.ending, after.status) == (Ending.LEASE_LOST, Status.CANCELED)


def test_workers_lost_with_orderly_ends_between_are_no_crash_loop(rig: Rig) -> None:
    head = rig.pending()
    for _ in range(SETTINGS.max_fruitless_attempts + 1):
        head = rig.lost(rig.claimed(head))
        assert head.fruitless_attempts == 1, "the first of a row"
        _, head = rig.run(head, raising(BUSY))
        assert head.status is Status.PENDING
        rig.clock.pass_seconds(60)
    handled, _ = rig.run(head, answering())
    assert handled.ending is Ending.SUCCEEDED


def test_as_many_workers_lost_in_a_row_are_a_crash_loop(rig: Rig) -> None:
    head = rig.pending()
    for lost in range(1, SETTINGS.max_fruitless_attempts + 1):
        head = rig.lost(rig.claimed(head))
        assert head.fruitless_attempts == lost
    assert rig.handle(head).ending is Ending.PASSED_OVER, "no worker may take it: a rescuer ends it"
