"""A worker's reactions to the answers of a real server: one repair, a wait, a fallback; each call counted once."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from functions.process.ending import Ending
from local.model_server import ModelServer
from shared.domain.states import Status
from tests.factories import LONG_TEXT, SETTINGS
from tests.integration.wire_rig import WireRig
from tests.integration.worker_rig import Rig


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def wire(rig: Rig, server: ModelServer) -> WireRig:
    return WireRig(rig, server, [])


def spent(server: ModelServer) -> Decimal:
    return sum((Decimal(str(call.cost)) for call in server.ledger.calls), Decimal(0))


@pytest.mark.parametrize("model", ["local/repair", "local/repair:json"])
def test_an_answer_that_does_not_fit_is_mended_in_a_second_call_at_once(wire: WireRig, model: str) -> None:
    handled, head = wire.run(model, LONG_TEXT)
    assert (handled.ending, head.status, head.calls, head.releases) == (Ending.SUCCEEDED, Status.SUCCEEDED, 2, 0)
    assert [message.role for message in wire.requests[1].messages] == ["system", "user", "assistant", "user"]
    assert [call.outcome for call in wire.server.ledger.calls] == ["answered", "answered"]
    assert head.usage.cost_usd == spent(wire.server) > 0
    assert wire.cards(head)


@pytest.mark.parametrize("model", ["local/schema", "local/garbage"])
def test_a_second_answer_that_does_not_fit_is_the_last(wire: WireRig, model: str) -> None:
    handled, head = wire.run(model, LONG_TEXT)
    assert (handled.ending, head.calls, len(wire.server.ledger.calls)) == (Ending.FAILED, 2, 2)
    assert head.error is not None
    assert head.error.code == "output_invalid"
    assert head.usage.cost_usd == spent(wire.server) > 0


def test_a_server_that_is_down_is_called_again_later_and_paid_once(wire: WireRig) -> None:
    handled, head = wire.run("local/flaky:1", LONG_TEXT)
    assert (handled.ending, head.status, head.releases) == (Ending.RELEASED, Status.PENDING, 1)
    wire.rig.clock.pass_seconds(2)
    assert wire.handle(head).ending is Ending.SUCCEEDED
    after = wire.rig.read(head)
    assert (after.calls, after.attempt, after.usage.cost_usd) == (2, 2, spent(wire.server))
    assert [call.paid for call in wire.server.ledger.calls] == [False, True]


@pytest.mark.parametrize(("model", "seconds"), [("local/limited:1:45", 45), ("local/429:date", 30)])
def test_a_wait_that_the_server_names_is_kept_and_not_counted(wire: WireRig, model: str, seconds: float) -> None:
    handled, head = wire.run(model, LONG_TEXT)
    (event,) = wire.rig.events(head)
    assert (handled.ending, head.releases, event.code) == (Ending.RELEASED, 0, "provider_rate_limited")
    assert event.delay_seconds == pytest.approx(seconds, abs=2)


def test_a_fallback_of_the_deployments_answers_for_a_model_that_is_down(wire: WireRig) -> None:
    wire.rig.settings = replace(SETTINGS, fallback_models=("local/503", "local/cards"))
    handled, head = wire.run("local/503", LONG_TEXT)
    assert (handled.ending, head.calls, head.usage.cost_usd) == (Ending.SUCCEEDED, 1, spent(wire.server))
    assert wire.requests[0].fallback_models == ("local/cards",), "the model that was asked is no fallback for itself"
    (step,) = wire.rig.steps(head)
    assert (step.model, step.answered_by, step.finish) == ("local/503", "local/cards", "stop")
    assert (head.call.model, head.call.answered_by) == ("local/503", "local/cards")


def test_a_fallback_whose_answer_was_cut_is_named_with_its_finish(wire: WireRig) -> None:
    wire.rig.settings = replace(SETTINGS, fallback_models=("local/length",))
    handled, head = wire.run("local/503", LONG_TEXT)
    assert (handled.ending, head.error and head.error.code) == (Ending.FAILED, "output_truncated")
    for call in (head.call, wire.rig.events(head)[-1].call):
        assert (call.model, call.answered_by, call.finish) == ("local/503", "local/length", "length")
        assert call.provider_call_id == wire.server.ledger.calls[-1].id


def test_without_fallbacks_a_model_that_is_down_is_waited_for(wire: WireRig) -> None:
    handled, head = wire.run("local/503", LONG_TEXT)
    assert handled.ending is Ending.RELEASED
    (event,) = wire.rig.events(head)
    assert (event.name, event.code, event.delay_seconds) == ("released", "provider_unavailable", 1.5)
    assert (event.call.model, event.call.provider_status, event.call.answered_by) == ("local/503", 503, None)
    assert wire.requests[0].fallback_models == ()
