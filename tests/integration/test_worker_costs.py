"""The cost of a generation's calls: counted before they are sent, held in reserve, and never above a limit."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from threading import Event
from typing import Any

import pytest

from functions.process.ending import Ending
from shared import kinds
from shared.domain.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    InvalidOutputError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)
from shared.domain.generation import Generation, Usage
from shared.domain.limits import policy_of
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Limits
from tests.factories import SETTINGS, a_step
from tests.integration.worker_rig import PAID, Call, Rig, answering, raising, spent_usd, telling, then

NOTHING = Usage()
WASTED = PAID.all_wasted()
TWICE = WASTED + WASTED
RESERVE = Decimal("0.02")


def limited(rig: Rig, **limits: Any) -> None:
    kind = replace(kinds.load("flashcards"), limits=Limits(**limits))
    rig.kinds = Catalog(kinds.names, lambda _name: kind)


def error_code(head: Generation) -> str | None:
    return None if head.error is None else head.error.code


def test_each_call_is_counted_before_it_is_sent(rig: Rig) -> None:
    head, seen = rig.pending(), list[tuple[int, Decimal]]()

    def look(_call: Call) -> None:
        current = rig.read(head)
        seen.append((current.calls, current.reserved_usd))

    rig.run(head, then(look, answering("no JSON")), then(look))
    assert seen == [(1, RESERVE), (2, RESERVE)]


def test_a_step_that_has_used_its_calls_fails_and_no_call_is_made(rig: Rig) -> None:
    limited(rig, max_calls_per_step=1)
    handled, after = rig.run(rig.pending(), answering("no JSON"))
    assert (handled.ending, error_code(after), after.calls, after.usage) == (Ending.FAILED, "call_limit", 1, WASTED)


def test_the_calls_of_a_step_are_counted_over_all_attempts(rig: Rig) -> None:
    limited(rig, max_calls_per_step=2)
    head = rig.pending()
    for _ in range(2):
        handled, head = rig.run(head, raising(TransientProviderError("provider_overloaded", "Busy.")))
        assert handled.ending is Ending.RELEASED
        rig.clock.pass_seconds(10)
    handled, head = rig.run(head)
    assert (handled.ending, error_code(head), head.calls) == (Ending.FAILED, "call_limit", 2)


@pytest.mark.parametrize(("max_cost_usd", "calls"), [(0.03, 2), (0.029999, 1), (0.02, 1), (0.019999, 0)])
def test_no_call_is_made_that_could_cost_more_than_the_generation_may(
    rig: Rig, max_cost_usd: float, calls: int
) -> None:
    limited(rig, max_cost_usd=max_cost_usd)
    _, after = rig.run(rig.pending(), *[answering("no JSON")] * calls)
    assert len(rig.model.calls) == calls == after.calls
    assert error_code(after) == ("output_invalid" if calls == 2 else "cost_limit")


def cut(error_type: type[ProviderError], code: str, usage: Usage | None = None) -> ProviderError:
    return error_type(code, "It ended.", usage=usage)


@pytest.mark.parametrize(
    "error",
    [
        cut(CallDeadlineExceededError, "provider_timeout"),
        cut(TransientProviderError, "provider_stream_cut"),
    ],
    ids=lambda error: error.code,
)
def test_a_call_whose_cost_was_never_told_keeps_its_reserve(rig: Rig, error: ProviderError) -> None:
    handled, after = rig.run(rig.pending(), raising(error))
    assert (handled.ending, spent_usd(handled)) == (Ending.RELEASED, Decimal(0))
    assert (after.reserved_usd, after.usage) == (RESERVE, NOTHING)


@pytest.mark.parametrize(
    "error",
    [
        TransientProviderError("provider_overloaded", "Busy.", unpaid=True),
        cut(TransientProviderError, "provider_stream_cut", PAID),
        cut(CallDeadlineExceededError, "provider_timeout", PAID),
    ],
    ids=["refused", "cut after its bill", "late after its bill"],
)
def test_a_call_whose_cost_is_known_gives_its_reserve_back_and_counts(rig: Rig, error: ProviderError) -> None:
    handled, after = rig.run(rig.pending(), raising(error))
    assert (handled.ending, spent_usd(handled)) == (Ending.RELEASED, Decimal(0)), "it is told at the end"
    assert (after.reserved_usd, after.usage) == (Decimal(0), (error.usage or NOTHING).all_wasted())


def test_reserves_of_unknown_calls_add_up_until_the_ceiling_refuses_the_next(rig: Rig) -> None:
    limited(rig, max_cost_usd=0.05)
    head = rig.pending()
    for expected in (RESERVE, 2 * RESERVE):
        _, head = rig.run(head, raising(cut(TransientProviderError, "provider_stream_cut")))
        assert head.reserved_usd == expected
        rig.clock.pass_seconds(10)
    handled, head = rig.run(head)
    assert (handled.ending, error_code(head), head.calls) == (Ending.FAILED, "cost_limit", 2)


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (TransientProviderError("provider_overloaded", "Busy.", usage=PAID), Ending.RELEASED),
        (PermanentProviderError("provider_refused", "No.", usage=PAID), Ending.FAILED),
        (InvalidOutputError("output_empty", "Nothing.", usage=PAID), Ending.FAILED),
    ],
)
def test_what_a_failed_call_cost_is_on_the_head_whatever_follows(
    rig: Rig, error: ProviderError, ending: Ending
) -> None:
    handled, after = rig.run(rig.pending(), answering("no JSON"), raising(error))
    assert (handled.ending, spent_usd(handled)) == (ending, TWICE.cost_usd if ending is Ending.FAILED else 0)
    assert (after.usage, after.steps_done) == (TWICE, 0)


def test_what_an_attempt_that_was_released_cost_is_counted_once_in_the_end(rig: Rig) -> None:
    _, head = rig.run(rig.pending(), raising(TransientProviderError("provider_overloaded", "Busy.", usage=PAID)))
    rig.clock.pass_seconds(10)
    handled, head = rig.run(head, answering())
    assert (spent_usd(handled), head.usage) == (2 * PAID.cost_usd, WASTED + PAID)
    assert rig.steps(head)[0].usage == PAID, "the step is not billed for the attempt before"


def test_a_step_that_a_late_holder_stored_is_counted_when_the_next_worker_fails(rig: Rig) -> None:
    head = rig.pending()

    def store_late(_call: Call) -> None:
        rig.store.worker.store_step(head, a_step(rig.clock, usage=PAID))

    handled, after = rig.run(head, then(store_late, raising(PermanentProviderError("provider_bad_request", "No."))))
    assert (handled.ending, after.usage, after.steps_done) == (Ending.FAILED, PAID, 1)


def dies(_call: Call) -> None:
    raise KeyboardInterrupt


def lose_a_worker(rig: Rig, head: Generation) -> Generation:
    """Have a worker die in the middle of its call, and its generation given back."""
    rig.script(then(dies))
    with pytest.raises(KeyboardInterrupt):
        rig.handle(head)
    return rig.lost(head)


def test_a_call_that_was_in_flight_when_its_worker_died_is_one_of_the_steps_calls(rig: Rig) -> None:
    limited(rig, max_calls_per_step=2)
    head = rig.pending()
    for _ in range(2):
        head = lose_a_worker(rig, head)
    handled, head = rig.run(head)
    assert (handled.ending, error_code(head), head.calls, head.usage) == (Ending.FAILED, "call_limit", 2, NOTHING)


def test_a_call_that_was_in_flight_when_its_worker_died_may_have_cost_its_reserve(rig: Rig) -> None:
    limited(rig, max_cost_usd=0.05)
    head = rig.pending()
    for expected in (RESERVE, 2 * RESERVE):
        head = lose_a_worker(rig, head)
        assert head.reserved_usd == expected
    handled, head = rig.run(head)
    assert (handled.ending, error_code(head), head.calls) == (Ending.FAILED, "cost_limit", 2)


def test_what_was_spent_in_any_attempt_counts_towards_the_ceiling(rig: Rig) -> None:
    """0.01 in a first answer whose worker dies in the repair, 0.01 and a release, and 0.02 in reserve for the dead."""
    limited(rig, max_cost_usd=0.0599)
    head = rig.pending()
    rig.script(answering("no JSON"), then(dies))
    with pytest.raises(KeyboardInterrupt):
        rig.handle(head)
    head = rig.lost(head)
    assert (head.usage, head.reserved_usd) == (WASTED, RESERVE)
    _, head = rig.run(head, raising(TransientProviderError("provider_overloaded", "Busy.", usage=PAID)))
    assert (head.usage, head.reserved_usd) == (TWICE, RESERVE)
    rig.clock.pass_seconds(10)
    handled, head = rig.run(head)
    assert (handled.ending, error_code(head), head.usage) == (Ending.FAILED, "cost_limit", TWICE)


def test_calls_that_were_refused_before_a_token_are_none_of_the_steps(rig: Rig) -> None:
    limited(rig, max_calls_per_step=3)
    told = TransientProviderError("provider_rate_limited", "Wait.", retry_after_seconds=1, unpaid=True)
    head = rig.pending()
    for _ in range(5):
        handled, head = rig.run(head, raising(told))
        assert (handled.ending, head.releases, head.reserved_usd) == (Ending.RELEASED, 0, Decimal(0))
        assert head.step_calls == 0
        rig.clock.pass_seconds(60)
    for _ in range(3):
        handled, head = rig.run(head, raising(TransientProviderError("provider_stream_cut", "Cut.", usage=PAID)))
        rig.clock.pass_seconds(60)
    handled, head = rig.run(head)
    assert (handled.ending, error_code(head), head.calls) == (Ending.FAILED, "call_limit", 8)


def test_a_step_makes_at_most_one_repair_in_each_attempt(rig: Rig) -> None:
    head = rig.pending()
    for _ in range(3):
        _, head = rig.run(head, answering("no JSON"), raising(TransientProviderError("provider_overloaded", "Busy.")))
        rig.clock.pass_seconds(60)
    assert (head.attempt, head.calls, head.usage.calls) == (3, 6, 3)


def cancelled(rig: Rig, head: Generation) -> Callable[[Call], None]:
    """Have the owner cancel in the middle of the call, and the heartbeat close it."""
    closed = Event()

    def act(call: Call) -> None:
        with call.cancellation.closing(closed.set):
            rig.store.endings.cancel(head.key)
            assert closed.wait(30)
        raise CallCanceledError("worker closed the call")

    return act


def spent_today(rig: Rig, head: Generation) -> Decimal:
    return rig.store.quota.use(head.user_id, policy_of(rig.settings)).spent_today_usd


def test_calls_that_were_cancelled_charge_the_owners_day_until_a_bill_replaces_them(rig: Rig) -> None:
    owner = "an owner who cancels"
    # Beats one after the other would meet the cancel in the middle of moto's transaction, which no lock guards.
    rig.settings = replace(SETTINGS, heartbeat_seconds=0.1)
    for count in (1, 2, 3):
        head = rig.pending(user_id=owner)
        rig.run(head, then(cancelled(rig, head)))
        assert spent_today(rig, head) == count * RESERVE
        assert rig.read(head).reserved_usd == RESERVE
    rig.model.bills["gen-late"] = PAID
    head = rig.pending(user_id=owner)
    rig.run(head, telling("gen-late", then(cancelled(rig, head))))
    assert spent_today(rig, head) == 3 * RESERVE + PAID.cost_usd
    assert (rig.read(head).reserved_usd, rig.read(head).usage) == (Decimal(0), WASTED)


def test_a_key_of_the_owners_own_charges_their_day_with_nothing(rig: Rig) -> None:
    head = rig.pending(own_key=True)
    claimed = rig.claimed(head)
    rig.store.worker.begin_call(claimed, "cards", RESERVE)
    rig.store.endings.cancel(head.key)
    assert spent_today(rig, head) == 0


@pytest.mark.parametrize("ending", ["failed", "succeeded"])
def test_a_call_without_a_bill_charges_the_day_however_the_generation_ends(rig: Rig, ending: str) -> None:
    head = rig.pending()
    _, released = rig.run(head, raising(cut(TransientProviderError, "provider_stream_cut")))
    rig.clock.pass_seconds(60)
    last = (
        answering() if ending == "succeeded" else raising(PermanentProviderError("output_refused", "No.", usage=PAID))
    )
    _, after = rig.run(released, last)
    assert (after.status, after.reserved_usd) == (Status(ending), RESERVE)
    assert spent_today(rig, head) == RESERVE + PAID.cost_usd


def test_a_bill_beyond_any_sense_is_booked_up_to_what_a_call_can_cost(rig: Rig) -> None:
    absurd = Usage(1, 100, 50, Decimal(90_000))
    _, after = rig.run(rig.pending(), answering(usage=absurd))
    assert after.usage.cost_usd == 100 * RESERVE
    _, after = rig.run(rig.pending(), answering(usage=replace(absurd, cost_usd=Decimal("1.99"))))
    assert after.usage.cost_usd == Decimal("1.99")
