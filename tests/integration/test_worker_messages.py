"""Messages that cannot be processed: dropped, sent again later, or returned to their queue."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from functions.process.ending import Ending
from shared import kinds
from shared.aws.dispatch import DispatchFailedError, QueueMessage
from shared.domain.errors import MessageRefusedError
from shared.domain.generation import SCHEMA_VERSION, Generation, Totals, Usage
from shared.kinds.contract import Catalog
from tests.factories import a_generation
from tests.integration.worker_rig import KINDS, NEVER, Rig, answering, spent_usd


def succeeded(rig: Rig) -> Generation:
    head = rig.claimed(rig.pending())
    rig.store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    return head


def canceled(rig: Rig) -> Generation:
    head = rig.pending()
    rig.store.endings.cancel(head.key)
    return head


def waiting(rig: Rig, seconds: float) -> Generation:
    """One that was released, claimable only in this many seconds."""
    head = rig.claimed(rig.pending())
    return rig.store.worker.release(
        head,
        Totals(0, Usage()),
        not_before=rig.after(seconds),
        counted=True,
        reserved_usd=head.reserved_usd,
        because="provider_unavailable",
    )


MOVED_ON: dict[str, Callable[[Rig], Generation]] = {
    "running": lambda rig: rig.claimed(rig.pending()),
    "succeeded": succeeded,
    "canceled": canceled,
}


@pytest.mark.parametrize("state", MOVED_ON)
@pytest.mark.parametrize("fence", [0, 1, 2, 3])
def test_a_message_for_what_has_moved_on_is_dropped_whatever_its_fence(rig: Rig, state: str, fence: int) -> None:
    head = MOVED_ON[state](rig)
    before = rig.read(head)
    handled = rig.worker().handle(QueueMessage(head.user_id, head.generation_id, fence), NEVER)
    assert (handled.ending, spent_usd(handled)) == (Ending.PASSED_OVER, Decimal(0))
    assert rig.read(head) == before
    assert (rig.model.calls, rig.dispatch.sent) == ([], [])


@pytest.mark.parametrize("fence", [1, 2, 4, 5])
def test_a_message_with_another_fence_is_dropped_though_the_generation_waits(rig: Rig, fence: int) -> None:
    head = waiting(rig, 30)
    assert head.fence == 3
    handled = rig.worker().handle(QueueMessage(head.user_id, head.generation_id, fence), NEVER)
    assert handled.ending is Ending.PASSED_OVER
    assert (rig.read(head), rig.dispatch.sent) == (head, [])


def test_a_message_for_what_is_not_there_is_dropped(rig: Rig) -> None:
    assert rig.handle(a_generation(rig.clock)).ending is Ending.PASSED_OVER


def test_a_message_that_comes_too_early_is_sent_again_for_its_time(rig: Rig) -> None:
    head = waiting(rig, 30)
    assert rig.handle(head).ending is Ending.PASSED_OVER
    assert rig.dispatch.sent == [head]
    assert rig.read(head) == head


def test_a_message_that_comes_too_early_and_cannot_be_sent_again_goes_back_to_its_queue(rig: Rig) -> None:
    head = waiting(rig, 30)
    rig.dispatch.fails = True
    with pytest.raises(DispatchFailedError):
        rig.handle(head)


@pytest.mark.parametrize("changes", [{"kind": "opera"}, {"schema_version": SCHEMA_VERSION + 1}], ids=str)
def test_a_generation_of_a_version_to_come_goes_back_to_the_queue_untouched(rig: Rig, changes: dict[str, Any]) -> None:
    head = rig.pending(**changes)
    with pytest.raises(MessageRefusedError, match=r"not of this version"):
        rig.handle(head)
    assert rig.read(head) == head


@pytest.mark.parametrize("changes", [{"kind": "opera"}, {"schema_version": SCHEMA_VERSION + 1}], ids=str)
def test_once_such_a_generation_has_ended_its_message_is_dropped(rig: Rig, changes: dict[str, Any]) -> None:
    head = rig.pending(**changes)
    rig.store.endings.cancel(head.key)
    assert rig.handle(head).ending is Ending.PASSED_OVER


def test_a_kind_that_the_worker_has_learnt_is_worked_on(rig: Rig) -> None:
    head = rig.pending(kind="opera")
    rig.kinds = Catalog(lambda: (*KINDS, "opera"), lambda _name: kinds.load("flashcards"))
    assert rig.run(head, answering())[0].ending is Ending.SUCCEEDED


def test_past_its_deadline_a_generation_is_left_to_a_rescuer(rig: Rig) -> None:
    head = rig.pending()
    rig.clock.pass_seconds(900)
    assert rig.handle(head).ending is Ending.PASSED_OVER
    assert rig.read(head) == head


def test_a_generation_that_was_fruitless_too_often_is_left_to_a_rescuer(rig: Rig) -> None:
    head = rig.pending()
    for _ in range(rig.settings.max_fruitless_attempts):
        head = rig.lost(rig.claimed(head))
    assert rig.handle(head).ending is Ending.PASSED_OVER
    assert (rig.read(head), rig.dispatch.sent) == (head, [])


def test_the_same_message_twice_is_one_attempt(rig: Rig) -> None:
    head = rig.pending()
    assert rig.run(head, answering())[0].ending is Ending.SUCCEEDED
    assert rig.run(head)[0].ending is Ending.PASSED_OVER
    assert rig.read(head).attempt == 1
