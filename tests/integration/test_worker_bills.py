"""Calls that end before they have reported their cost: the bill is requested in time, and counted where allowed."""

import json
import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from functions.process.ending import Ending
from shared.domain.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    PermanentProviderError,
    ProviderError,
    StoreUnavailableError,
    TransientProviderError,
)
from shared.domain.generation import Generation, Usage
from shared.domain.model_prices import read_prices
from shared.domain.states import Status
from shared.store.billing import Bills
from shared.store.worker import WorkerStore
from tests.factories import SETTINGS
from tests.integration.provider_servers import head, raw_server, saying
from tests.integration.wire_rig import Served
from tests.integration.worker_rig import CARDS, PAID, Call, Rig, answering, raising, spent_usd, telling, then

RESERVE = Decimal("0.02")
WASTED = PAID.all_wasted()
CUT = TransientProviderError("provider_stream_cut", "It ended.")


@pytest.fixture
def rig(rig: Rig) -> Rig:
    rig.model.bills["gen-7"] = PAID
    return rig


def day_of(rig: Rig, head: Generation) -> Usage:
    return sum((day.usage for day in rig.store.reads.usage_of_month(head.user_id, "2026-01")), Usage())


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (CUT, Ending.RELEASED),
        (CallDeadlineExceededError("provider_timeout", "Late."), Ending.RELEASED),
        (TransientProviderError("provider_error", "Broken."), Ending.RELEASED),
        (PermanentProviderError("output_too_large", "Huge."), Ending.FAILED),
        (TransientProviderError("provider_unavailable", "An error in the stream."), Ending.RELEASED),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_a_call_that_failed_without_its_bill_is_asked_for_it_and_gives_its_reserve_back(
    rig: Rig, error: ProviderError, ending: Ending
) -> None:
    handled, after = rig.run(rig.pending(), telling("gen-7", raising(error)))
    assert (handled.ending, after.usage) == (ending, WASTED)
    assert spent_usd(handled) == (PAID.cost_usd if ending is Ending.FAILED else 0), "told once, at the end"
    assert after.usage == WASTED
    assert ending is Ending.FAILED or after.reserved_usd == 0
    assert [(bill_id, key) for bill_id, key, _ in rig.model.asked] == [("gen-7", "sk-made-up")]


def test_a_call_whose_bill_is_never_told_keeps_its_reserve(rig: Rig) -> None:
    _, after = rig.run(rig.pending(), telling("gen-8", raising(CUT)))
    assert (after.usage, after.reserved_usd) == (Usage(), RESERVE)
    assert len(rig.model.asked) == 1


def test_a_server_that_names_no_bill_is_not_asked(rig: Rig) -> None:
    _, after = rig.run(rig.pending(), raising(CUT))
    assert (after.reserved_usd, rig.model.asked) == (RESERVE, [])


def test_a_call_that_has_told_its_bill_is_not_asked(rig: Rig) -> None:
    billed = TransientProviderError("provider_stream_cut", "It ended.", usage=PAID)
    _, after = rig.run(rig.pending(), telling("gen-7", raising(billed)))
    assert (after.usage, rig.model.asked) == (WASTED, [])


def test_a_whole_answer_without_its_bill_is_stored_with_what_it_cost(rig: Rig) -> None:
    _, after = rig.run(rig.pending(), telling("gen-7", answering(usage=Usage(calls=1))))
    assert (after.usage, rig.steps(after)[0].usage) == (PAID, PAID)


def test_a_whole_answer_whose_bill_is_never_told_is_stored_all_the_same(rig: Rig) -> None:
    handled, after = rig.run(rig.pending(), telling("gen-8", answering(usage=Usage(calls=1))))
    assert (handled.ending, after.usage, after.reserved_usd) == (Ending.SUCCEEDED, Usage(calls=1), RESERVE)


@pytest.mark.parametrize(
    ("price", "reserved"),
    [("*=3/15", RESERVE), ("*=0/0", 0), ("other=3/15", 0)],
    ids=["a model with a price", "a free model", "a model without a price"],
)
@pytest.mark.parametrize("usage", [{}, {"usage": None}, {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}])
def test_an_answer_of_a_priced_model_without_its_tokens_keeps_its_reserve(
    rig: Rig, usage: dict[str, Any], price: str, reserved: Decimal
) -> None:
    choice = {"message": {"content": json.dumps(CARDS)}, "finish_reason": "stop"}
    created = rig.pending()
    with raw_server(saying(head("application/json"), json.dumps({"choices": [choice], **usage}).encode())) as server:
        handled = Served(rig, server.base_url, prices=read_prices([price])).handle(created)
    assert handled.ending is Ending.SUCCEEDED
    assert rig.read(created).reserved_usd == reserved


def test_an_answer_that_was_cut_after_a_usage_of_zeros_keeps_its_reserve(rig: Rig) -> None:
    zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    event = {"choices": [{"delta": {"content": "{"}}], "usage": zeros}
    created = rig.pending()
    with raw_server(saying(head(), f"data: {json.dumps(event)}\n\n".encode())) as server:
        handled = Served(rig, server.base_url).handle(created)
    after = rig.read(created)
    assert (handled.ending, after.usage, after.reserved_usd) == (Ending.RELEASED, Usage(), RESERVE)


def test_a_bill_is_waited_for_a_moment_and_never_beyond_what_the_invocation_has(rig: Rig) -> None:
    head, began = rig.pending(), rig.clock.monotonic()
    rig.script(telling("gen-7", raising(CUT)))
    rig.handle(head, handover_at=began + 1_000)
    assert [deadline for *_, deadline in rig.model.asked] == [began + 3]


@pytest.mark.parametrize(("late", "asked"), [(0.0, [3.0]), (6.0, [1.5]), (7.5, [])])
def test_a_handover_asks_for_the_bill_of_the_call_that_it_closed_while_there_is_time(
    rig: Rig, late: float, asked: list[float]
) -> None:
    head, began = rig.pending(), rig.clock.monotonic()

    def until_closed(_call: Call) -> None:
        rig.clock.seconds += 100 + late
        raise CallCanceledError("worker closed the call")

    rig.script(telling("gen-7", then(until_closed)))
    handled = rig.handle(head, handover_at=began + 100)
    after = rig.read(head)
    # The margin is 15 s, and half of it is left for the necessary writes.
    assert [deadline - rig.clock.monotonic() for *_, deadline in rig.model.asked] == asked
    counted = (WASTED, Decimal(0)) if asked else (Usage(), RESERVE)
    assert (handled.ending, (after.usage, after.reserved_usd)) == (Ending.RELEASED, counted)


def test_a_call_that_had_no_leave_to_be_sent_keeps_no_reserve(rig: Rig) -> None:
    head = rig.pending()

    def slow_connection(call: Call) -> None:
        rig.clock.seconds += 100
        call.may_send()

    rig.script(then(slow_connection))
    handled = rig.handle(head, handover_at=rig.clock.monotonic() + 100)
    assert (handled.ending, rig.read(head).reserved_usd) == (Ending.RELEASED, Decimal(0))


def canceled(rig: Rig, head: Generation) -> None:
    rig.store.endings.cancel(head.key)


def wait_until_closed(call: Call) -> None:
    closed = threading.Event()
    with call.cancellation.closing(closed.set):
        assert closed.wait(30)


def closed_by_a_cancel(rig: Rig, head: Generation) -> Any:
    """The effect of a cancel on a running call: a heartbeat is refused, and the stream is closed."""

    def close(call: Call) -> None:
        canceled(rig, head)
        wait_until_closed(call)
        raise CallCanceledError("worker closed the call")

    rig.settings = replace(SETTINGS, heartbeat_seconds=0.0)
    return then(close)


def test_a_canceled_generation_counts_the_call_that_was_closed(rig: Rig) -> None:
    head = rig.pending()
    handled, after = rig.run(head, telling("gen-7", closed_by_a_cancel(rig, head)))
    assert (handled.ending, spent_usd(handled)) == (Ending.LEASE_LOST, PAID.cost_usd)
    assert (after.status, after.usage, day_of(rig, head)) == (Status.CANCELED, WASTED, WASTED)


def test_a_canceled_generation_counts_the_answer_before_the_call_that_was_closed_too(rig: Rig) -> None:
    head = rig.pending()
    _, after = rig.run(head, answering("no JSON"), telling("gen-7", closed_by_a_cancel(rig, head)))
    assert (after.usage, day_of(rig, head)) == (WASTED + WASTED, WASTED + WASTED)


def test_a_canceled_generation_whose_call_names_no_bill_stays_as_it_was(rig: Rig) -> None:
    head = rig.pending()
    _, after = rig.run(head, closed_by_a_cancel(rig, head))
    assert (after.status, after.usage, rig.model.asked) == (Status.CANCELED, Usage(), [])


def test_an_answer_that_came_after_the_cancel_is_counted_and_its_step_kept(rig: Rig) -> None:
    head = rig.pending()
    _, after = rig.run(head, then(lambda _call: canceled(rig, head), answering()))
    assert (after.status, after.usage, after.steps_done) == (Status.CANCELED, PAID, 1)
    assert (day_of(rig, head), len(rig.steps(head))) == (PAID, 1)


def test_a_worker_whose_generation_went_to_another_asks_for_no_bill_and_writes_none(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, taken, heartbeat = rig.pending(), threading.Event(), WorkerStore.heartbeat

    def beat_once_it_is_taken(store: WorkerStore, held: Generation, *shown: Any) -> Generation:
        return heartbeat(store, held, *shown) if taken.is_set() else held

    monkeypatch.setattr(WorkerStore, "heartbeat", beat_once_it_is_taken)

    rig.settings = replace(SETTINGS, heartbeat_seconds=0.0)

    def taken_and_noticed(call: Call) -> None:
        rig.claimed(rig.lost(head))
        taken.set()
        wait_until_closed(call)
        raise CallCanceledError("worker closed the call")

    handled, after = rig.run(head, telling("gen-7", then(taken_and_noticed)))
    assert (handled.ending, spent_usd(handled), after.usage, rig.model.asked) == (
        Ending.LEASE_LOST, Decimal(0), Usage(), []
    )  # fmt: skip


def test_a_bill_that_cannot_be_written_is_no_reason_to_send_the_message_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise StoreUnavailableError("ThrottlingException")

    head = rig.pending()
    monkeypatch.setattr(Bills, "bill", unavailable)
    handled, after = rig.run(head, then(lambda _call: canceled(rig, head), answering()))
    assert (handled.ending, after.status) == (Ending.LEASE_LOST, Status.CANCELED)
