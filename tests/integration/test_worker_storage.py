"""If S3 or DynamoDB fails under a live worker, it gives back in order, with all of its spend, and waits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from functions.process.ending import Ending
from shared.aws.clients import FOR_A_CALLER
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Generation, Usage
from shared.domain.states import Status
from shared.store.whole import Store
from shared.store.worker import WorkerStore
from tests.factories import SETTINGS, FakeClock
from tests.integration.test_worker_steps import DRAFT, OUTLINE, POLISH, WITH_STORY, paid
from tests.integration.worker_rig import PAID, Rig, WorkerDiedError, answering, raising, then

FAULTS: dict[str, Callable[[str], Exception]] = {
    "denied": lambda name: ClientError({"Error": {"Code": "AccessDeniedException"}}, name),
    "throttled": lambda name: ClientError({"Error": {"Code": "ThrottlingException"}}, name),
    "out of reach": lambda _name: EndpointConnectionError(endpoint_url="https://dynamodb"),
}


@pytest.fixture
def rig(store: Store, clock: FakeClock) -> Rig:
    return Rig(store, clock, kinds=WITH_STORY)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> None:
    """The table's own brief retries take no time."""
    monkeypatch.setattr(rig.store.ground.table, "_sleep", lambda _seconds: None)


class Failing:
    """Intercepts one call of DynamoDB's client and fails it, from its `first` time on, this many `times`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, client: Any, call: str, fault: str, **which: int) -> None:
        self.seen, self.failed = 0, 0
        first, times = which.get("first", 1), which.get("times", 1_000)
        whole = getattr(client, call)

        def made(**given: Any) -> Any:
            self.seen += 1
            if first <= self.seen < first + times:
                self.failed += 1
                raise FAULTS[fault](call)
            return whole(**given)

        monkeypatch.setattr(client, call, made)


def lose_answers_to_steps(monkeypatch: pytest.MonkeyPatch, client: Any, first: int = 1) -> None:
    """Every step from the `first` one on is stored, and no try of the request is answered."""
    whole, seen = client.put_item, set[str]()

    def put(**given: Any) -> Any:
        name = given["Item"]["sk"]["S"]
        if not name.startswith("S#"):
            return whole(**given)
        seen.add(name)
        try:
            answer = whole(**given)
        except ClientError:
            answer = None
        if len(seen) < first:
            return answer
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(client, "put_item", put)


def test_a_step_that_is_stored_without_an_answer_is_kept_and_its_call_counts_once(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending(kind="story")
    rig.script(OUTLINE, DRAFT)
    with monkeypatch.context() as patched:
        lose_answers_to_steps(patched, dynamodb, first=2)
        handled = rig.handle(head)
    after = rig.read(head)
    assert (handled.ending, after.because, after.steps_done) == (Ending.RELEASED, "storage_unavailable", 2)
    assert (after.usage, bool(after.reserved_usd)) == (paid(2), False)
    rig.clock.pass_seconds(2)
    again, ended = rig.run(after, POLISH)
    assert (again.ending, ended.usage) == (Ending.SUCCEEDED, paid(3))


def hold_up_steps(monkeypatch: pytest.MonkeyPatch, client: Any, sends: int) -> list[Callable[[], object]]:
    """The first `sends` sends of a step get no answer and do not arrive. Return them, for a later arrival."""
    whole, held = client.put_item, list[Callable[[], object]]()

    def put(**given: Any) -> Any:
        if not given["Item"]["sk"]["S"].startswith("S#") or len(held) == sends:
            return whole(**given)
        held.append(lambda: whole(**given))
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(client, "put_item", put)
    return held


def test_a_step_that_could_not_be_stored_is_stored_with_the_release_and_not_paid_again(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending(kind="story")
    rig.script(OUTLINE)
    with monkeypatch.context() as patched:
        held = hold_up_steps(patched, dynamodb, FOR_A_CALLER.tries)
        handled = rig.handle(head)
    after = rig.read(head)
    assert (handled.ending, after.because, after.steps_done) == (Ending.RELEASED, "storage_unavailable", 1)
    assert (after.usage, bool(after.reserved_usd)) == (paid(1), False)
    with pytest.raises(ClientError, match="conditional"):
        held[-1]()
    rig.clock.pass_seconds(2)
    again, ended = rig.run(after, DRAFT, POLISH)
    assert (again.ending, ended.usage) == (Ending.SUCCEEDED, paid(3))


def test_a_step_that_cannot_be_stored_at_all_is_counted_as_wasted_and_made_again(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending(kind="story")
    rig.script(OUTLINE)
    with monkeypatch.context() as patched:
        hold_up_steps(patched, dynamodb, 1_000)
        rig.handle(head)
    after = rig.read(head)
    assert (after.because, after.steps_done, after.usage.wasted_cost_usd) == ("storage_unavailable", 0, PAID.cost_usd)
    rig.clock.pass_seconds(2)
    again, ended = rig.run(after, OUTLINE, DRAFT, POLISH)
    assert (again.ending, ended.usage.calls) == (Ending.SUCCEEDED, 4)


def test_the_last_release_counts_a_step_without_an_answer_once_too(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.settings = replace(SETTINGS, max_releases=0)
    head = rig.pending()
    rig.script(answering())
    with monkeypatch.context() as patched:
        lose_answers_to_steps(patched, dynamodb)
        handled = rig.handle(head)
    assert (handled.ending, rig.read(head).usage) == (Ending.FAILED, paid(1))


def test_a_step_without_an_answer_counts_once_when_its_owner_cancels(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending()
    rig.script(then(lambda _call: rig.store.endings.cancel(head.key), answering()))
    with monkeypatch.context() as patched:
        lose_answers_to_steps(patched, dynamodb)
        handled = rig.handle(head)
    assert (handled.ending, rig.read(head).usage) == (Ending.LEASE_LOST, paid(1))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["put_item", "query", "transact_write_items"])
def test_what_fails_under_a_living_worker_is_given_back_with_all_that_was_paid(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch, fault: str, call: str
) -> None:
    head = rig.pending()
    rig.script(answering())
    with monkeypatch.context() as patched:
        Failing(patched, dynamodb, call, fault)
        handled = rig.handle(head)
    after = rig.read(head)
    sent = len(rig.model.calls)
    assert (handled.ending, handled.ours) == (Ending.RELEASED, True)
    assert (after.status, after.because, after.not_before) == (Status.PENDING, "storage_unavailable", rig.after(1.5))
    assert (after.usage.calls, after.usage.cost_usd, after.calls) == (sent, sent * PAID.cost_usd, sent)
    assert (after.fruitless_attempts, after.releases, after.isolated, bool(after.reserved_usd)) == (0, 1, False, False)
    assert rig.dispatch.sent == [after]
    if call != "put_item":  # a line of the timeline is put as well
        assert rig.events(after)[-1].code == "storage_unavailable"
    rig.clock.pass_seconds(2)
    rig.model.turns.clear()
    stored = call == "transact_write_items"
    again, ended = rig.run(after, *([] if stored else [answering()]))
    assert (again.ending, ended.usage.calls) == (Ending.SUCCEEDED, 1 if stored else sent + 1)


def test_in_the_middle_of_several_steps_each_paid_call_is_counted_once(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending(kind="story")
    rig.script(OUTLINE, DRAFT)
    with monkeypatch.context() as patched:
        Failing(patched, dynamodb, "put_item", "denied", first=2)
        rig.handle(head)
    after = rig.read(head)
    assert (after.steps_done, after.usage) == (1, paid(1) + PAID.all_wasted())
    rig.clock.pass_seconds(2)
    handled, ended = rig.run(after, DRAFT, POLISH)
    assert (handled.ending, ended.usage) == (Ending.SUCCEEDED, paid(3) + PAID.all_wasted())


def test_storage_that_stays_away_fails_the_generation_after_as_many_releases_as_any_other_fault(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.settings = replace(SETTINGS, max_releases=2)
    head, endings = rig.pending(), []
    with monkeypatch.context() as patched:
        Failing(patched, dynamodb, "put_item", "denied")
        for _ in range(3):
            handled, head = rig.run(head, answering())
            endings.append(handled.ending)
            rig.clock.pass_seconds(10)
    assert endings == [Ending.RELEASED, Ending.RELEASED, Ending.FAILED]
    assert head.error is not None
    assert (head.error.code, head.usage) == ("storage_unavailable", paid(3).all_wasted())


def test_a_release_that_is_denied_is_tried_for_as_long_as_the_lease_lasts(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending()
    began = rig.clock.monotonic()
    with monkeypatch.context() as patched:
        # claim, begin_call, and then three tries to give it back.
        Failing(patched, dynamodb, "update_item", "denied", first=3, times=3)
        Failing(patched, dynamodb, "put_item", "denied")
        handled, after = rig.run(head, answering())
    assert (handled.ending, after.status, after.because) == (Ending.RELEASED, Status.PENDING, "storage_unavailable")
    assert after.usage == PAID.all_wasted()
    assert 1 <= rig.clock.monotonic() - began < SETTINGS.lease_seconds


def test_with_nothing_writable_for_a_whole_lease_the_message_goes_back_and_the_reserve_stands_for_the_bill(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending()
    rig.script(answering())
    began = rig.clock.monotonic()
    with monkeypatch.context() as patched:
        Failing(patched, dynamodb, "put_item", "denied")
        Failing(patched, dynamodb, "update_item", "denied", first=3)
        with pytest.raises(Exception, match="AccessDeniedException"):
            rig.handle(head)
    after = rig.read(head)
    assert (after.status, after.usage, after.reserved_usd > 0) == (Status.RUNNING, Usage(), True)
    assert rig.clock.monotonic() - began < SETTINGS.lease_seconds, "a rescuer has it from then on"


def test_near_the_end_of_the_invocation_a_denied_release_is_not_waited_for(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, began = rig.pending(), rig.clock.monotonic()
    rig.script(answering())
    with monkeypatch.context() as patched:
        Failing(patched, dynamodb, "put_item", "denied")
        Failing(patched, dynamodb, "update_item", "denied", first=3)
        with pytest.raises(Exception, match="AccessDeniedException"):
            rig.handle(head, handover_at=began + 0.5)
    assert rig.clock.monotonic() - began < 0.5 + SETTINGS.handover_margin_seconds / 2


def test_an_end_whose_answers_were_all_lost_is_left_as_it_is(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    head, succeed = rig.pending(), WorkerStore.succeed

    def unheard(store: WorkerStore, *given: Any) -> None:
        succeed(store, *given)
        raise StoreUnavailableError("ReadTimeoutError")

    monkeypatch.setattr(WorkerStore, "succeed", unheard)
    handled, after = rig.run(head, answering())
    assert (handled.ending, after.status, after.usage) == (Ending.LEASE_LOST, Status.SUCCEEDED, PAID)


def test_a_step_that_is_damaged_ends_the_generation_at_once_and_without_a_call(rig: Rig, dynamodb: Any) -> None:
    head = rig.lost(_with_a_step(rig))
    key = {"pk": {"S": head.user_id}, "sk": {"S": f"S#{head.generation_id}#outline"}}
    dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=key,
        UpdateExpression="SET #result = :damaged",
        ExpressionAttributeNames={"#result": "result"},
        ExpressionAttributeValues={":damaged": {"B": b"no zlib"}},
    )
    handled, after = rig.run(head)
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "step_unreadable")
    assert after.usage.calls == head.usage.calls


def _with_a_step(rig: Rig) -> Generation:
    head = rig.pending(kind="story")
    with pytest.raises(WorkerDiedError):
        rig.run(head, OUTLINE, raising(WorkerDiedError()))
    return head
