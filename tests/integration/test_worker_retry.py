"""A retry and the worker after it: what was stored is not paid for again, what was not is made."""

from typing import Any

import pytest

from functions.actions.retry import RetryService
from functions.process.ending import Ending
from shared import rerun
from shared.domain.errors import PermanentProviderError
from shared.domain.generation import Generation, StoredStep, Usage
from shared.domain.limits import Policy
from shared.domain.states import Status
from shared.http.request import Request
from shared.http.response import Response
from shared.store.keys import usage_key
from shared.store.marshalling import unmarshal
from shared.store.retry import RetryStore
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_step
from tests.integration.test_worker_steps import DRAFT, OUTLINE, POLISH, WITH_STORY, paid, prompts
from tests.integration.worker_rig import PAID, Rig, raising, spent_usd

REFUSED = raising(PermanentProviderError("output_refused", "The model refused to answer.", usage=PAID))


@pytest.fixture
def rig(store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(rerun, "names", WITH_STORY.names)
    monkeypatch.setattr(rerun, "load", WITH_STORY.load)
    return Rig(store, clock, kinds=WITH_STORY)


def retry(rig: Rig, head: Generation, body: str | None = None) -> Generation:
    service = RetryService(rig.store.retries, rig.dispatch, rig.clock, SETTINGS, Policy({}))
    context = {"authorizer": {"jwt": {"claims": {"sub": head.user_id}}}, "requestId": "r-2"}
    path = {"generation_id": head.generation_id}
    answer: Response = service.retry(
        Request(
            {
                "routeKey": "POST /v1/generations/{generation_id}/retry",
                "requestContext": context,
                "pathParameters": path,
                "body": body,
            }
        )
    )
    assert answer.status == 202
    return rig.dispatch.sent[-1]


def counted(dynamodb: Any, head: Generation) -> tuple[int, int]:
    """The owner's day: generations, and paid calls."""
    item = dynamodb.get_item(TableName="unstuck", Key=usage_key(head.user_id, "2026-01-01"))["Item"]
    used = unmarshal(item)
    return int(used["generations"]), int(used["paid_calls"])


def test_a_retry_goes_on_at_the_first_step_that_is_not_stored(rig: Rig, dynamodb: Any) -> None:
    _, failed = rig.run(rig.pending(kind="story"), OUTLINE, DRAFT, REFUSED)
    assert (failed.status, failed.usage) == (Status.FAILED, paid(2) + PAID.all_wasted())
    handled, after = rig.run(retry(rig, failed), POLISH)
    assert (handled.ending, spent_usd(handled)) == (Ending.SUCCEEDED, PAID.cost_usd)
    assert (after.status, after.steps_done, after.output_step, after.usage) == (
        Status.SUCCEEDED, 3, "polish", paid(1)
    )  # fmt: skip
    assert len(prompts(rig)) == 4, "nothing that was stored was asked for again"
    assert rig.model.calls[-1].request.messages[1].content == "<before>\ndraft\n</before>"
    assert [(step.name, step.usage) for step in rig.steps(after)] == [
        ("outline", Usage()), ("draft", Usage()), ("polish", PAID)
    ]  # fmt: skip
    assert counted(dynamodb, after) == (2, 4)


def test_a_step_that_a_late_holder_stored_after_the_end_is_counted_with_the_retry(rig: Rig, dynamodb: Any) -> None:
    held = rig.claimed(rig.pending(kind="story"))
    rig.store.worker.store_step(held, a_stored(rig, "outline", 1))
    rig.store.endings.cancel(held.key)
    rig.store.worker.store_step(held, a_stored(rig, "draft", 2))
    canceled = rig.read(held)
    assert canceled.usage == paid(1)
    _, after = rig.run(retry(rig, canceled), POLISH)
    assert after.usage == paid(2), "the late draft, and the polish"
    assert counted(dynamodb, after) == (2, 3)


def test_a_retry_that_the_last_workers_bill_overtakes_counts_the_late_step_once(
    rig: Rig, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, real = rig.claimed(rig.pending(kind="story")), RetryStore.retry
    rig.store.endings.cancel(held.key)
    late = rig.store.worker.store_step(held, a_stored(rig, "outline", 1))

    def after_the_bill(store: RetryStore, *arguments: Any) -> Any:
        rig.store.worker.bills.bill(held, PAID, [late])
        return real(store, *arguments)

    monkeypatch.setattr(RetryStore, "retry", after_the_bill)
    _, after = rig.run(retry(rig, rig.read(held)), DRAFT, POLISH)
    assert (rig.read(held).usage, after.usage) == (PAID, paid(2))
    assert counted(dynamodb, after) == (2, 3)


def test_a_retry_of_what_had_stored_all_its_steps_ends_without_a_call(rig: Rig) -> None:
    def cancel_at_the_end(head: Generation) -> Generation:
        rig.store.endings.cancel(head.key)
        return rig.read(head)

    head = rig.claimed(rig.pending(kind="story"))
    for place, name in enumerate(("outline", "draft", "polish"), 1):
        rig.store.worker.store_step(head, a_stored(rig, name, place))
    handled, after = rig.run(retry(rig, cancel_at_the_end(head)))
    assert (handled.ending, after.usage, after.output_step) == (Ending.SUCCEEDED, Usage(), "polish")


def a_stored(rig: Rig, name: str, place: int) -> StoredStep:
    return a_step(rig.clock, name, place, result={"text": name}, usage=PAID)


def test_a_retry_from_the_start_makes_every_step_anew(rig: Rig) -> None:
    _, failed = rig.run(rig.pending(kind="story"), OUTLINE, REFUSED)
    _, after = rig.run(retry(rig, failed, '{"from": "start"}'), OUTLINE, DRAFT, POLISH)
    assert (after.status, after.usage) == (Status.SUCCEEDED, paid(3))


def test_a_retry_that_fails_can_be_retried_itself(rig: Rig) -> None:
    _, first = rig.run(rig.pending(kind="story"), OUTLINE, REFUSED)
    _, second = rig.run(retry(rig, first), DRAFT, REFUSED)
    assert (second.status, second.usage) == (Status.FAILED, PAID + PAID.all_wasted())
    _, third = rig.run(retry(rig, second), POLISH)
    assert (third.status, third.retry_of, third.usage) == (Status.SUCCEEDED, second.generation_id, paid(1))


def test_a_worker_that_dies_in_a_retry_before_it_stores_anything_new_is_fruitless(rig: Rig) -> None:
    _, failed = rig.run(rig.pending(kind="story"), OUTLINE, REFUSED)
    head = retry(rig, failed)
    for _ in range(SETTINGS.max_fruitless_attempts):
        rig.claimed(head)
        head = rig.lost(head) if rig.read(head).fruitless_attempts < SETTINGS.max_fruitless_attempts else rig.read(head)
    assert rig.store.reads.settled(head).steps_done == head.steps_done == 1, "the copied step is no step of its own"
