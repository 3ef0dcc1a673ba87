"""If a worker dies at a bad moment, the end of its generation counts each call, or keeps its reserve."""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.process.ending import Ending
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Generation, Totals
from shared.domain.states import Status
from shared.kinds.contract import Limits
from shared.store import items
from shared.store.keys import input_key, usage_key
from shared.store.reads import Reader
from shared.store.whole import Store
from shared.store.worker import WorkerStore
from tests.factories import SETTINGS, START, FakeClock
from tests.integration.test_worker_steps import DRAFT, OUTLINE, POLISH, STORY, WITH_STORY, paid
from tests.integration.worker_rig import PAID, Rig, WorkerDiedError, answering, lost_before_advance, raising


@pytest.fixture
def rig(store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(store.ground.table, "_sleep", lambda _seconds: None)
    return Rig(store, clock, kinds=WITH_STORY)


@pytest.fixture
def left(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Generation:
    """A generation whose first worker stored a step, and died before the head counted it."""
    lost = lost_before_advance(rig, monkeypatch, OUTLINE)
    assert (lost.usage.calls, bool(lost.reserved_usd)) == (0, True)
    return lost


def test_the_step_of_a_lost_worker_counts_though_its_kind_cannot_be_loaded_any_more(rig: Rig, left: Generation) -> None:
    def load(_name: str) -> NoReturn:
        raise ImportError("a bad deploy")

    rig.kinds = rig.kinds._replace(load=load)
    assert ending_of(rig, left) == ("kind_broken", paid(1), 0)


def test_the_step_of_a_lost_worker_counts_though_its_input_is_damaged(
    rig: Rig, left: Generation, dynamodb: Any
) -> None:
    dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=input_key(left.key),
        UpdateExpression="SET content = :damaged",
        ExpressionAttributeValues={":damaged": {"B": b"no zlib"}},
    )
    assert ending_of(rig, left) == ("input_unreadable", paid(1), 0)


def test_the_step_of_a_lost_worker_counts_though_the_input_cannot_be_read_to_the_last(
    rig: Rig, left: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_given: object, **_more: object) -> NoReturn:
        raise StoreUnavailableError("SlowDown")

    rig.settings = replace(SETTINGS, max_releases=0)
    monkeypatch.setattr(Reader, "get_input", fails)
    assert ending_of(rig, left) == ("storage_unavailable", paid(1), 0)


def ending_of(rig: Rig, head: Generation) -> tuple[object, ...]:
    _, after = rig.run(head)
    assert after.error is not None
    return after.error.code, after.usage, after.reserved_usd


def test_a_call_that_begins_while_its_owner_cancels_keeps_its_reserve_though_its_worker_dies(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = rig.pending(kind="story")
    settled, begin_call = Reader.settled, WorkerStore.begin_call

    def crossed(store: WorkerStore, held: Generation, step: str, *given: Any) -> Generation:
        if step != "draft":
            return begin_call(store, held, step, *given)
        granted = list[Generation]()

        def then_granted(reader: Reader, read: Generation) -> Totals:
            totals = settled(reader, read)
            if not granted:
                granted.append(begin_call(store, held, step, *given))
            return totals

        with monkeypatch.context() as patched:
            patched.setattr(Reader, "settled", then_granted)
            rig.store.endings.cancel(head.key)
        return granted[0]

    monkeypatch.setattr(WorkerStore, "begin_call", crossed)
    rig.script(OUTLINE, raising(WorkerDiedError()))
    with pytest.raises(WorkerDiedError):
        rig.handle(head)
    after, reserve = rig.read(head), Decimal(str(STORY.limits.call_reserve_usd))
    assert (after.status, after.calls, after.usage) == (Status.CANCELED, 2, PAID)
    assert after.reserved_usd == reserve
    day = rig.store.ground.table.get(usage_key(head.user_id, f"{START:%Y-%m-%d}"))
    assert day is not None
    assert items.charged(day) == PAID.cost_usd + reserve


def test_a_grant_without_an_answer_does_not_use_up_the_calls_of_its_step(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = replace(STORY, limits=Limits(max_calls_per_step=2))
    rig.kinds = rig.kinds._replace(load=lambda _name: tight)
    head = rig.pending(kind="story")
    rig.script(answering("?"), OUTLINE)  # two calls, for the step before
    whole = dynamodb.update_item

    def update(**given: Any) -> Any:
        if given["ExpressionAttributeValues"].get(":set_call_step") != {"S": "draft"}:
            return whole(**given)
        with suppress(ClientError):
            whole(**given)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with monkeypatch.context() as patched:
        patched.setattr(dynamodb, "update_item", update)
        assert rig.handle(head).ending is Ending.RELEASED
    rig.clock.pass_seconds(2)
    again, ended = rig.run(rig.read(head), DRAFT, POLISH)
    assert (again.ending, ended.error) == (Ending.SUCCEEDED, None)
