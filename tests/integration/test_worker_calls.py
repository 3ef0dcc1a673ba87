"""The worker's requests to the model, and its reactions to the answer: one repair, a lease, a timeout."""

from decimal import Decimal

import pytest

from functions.process.ending import Ending
from functions.process.heartbeat import Heartbeat
from shared import kinds
from shared.domain.errors import (
    LeaseLostError,
    TransientProviderError,
)
from shared.domain.generation import Generation, Usage
from shared.domain.pseudonym import keyed_hash
from shared.domain.states import Status
from tests.factories import LONG_TEXT
from tests.integration.worker_rig import CARDS, PAID, Call, Rig, answering, spent_usd, then

NOTHING = Usage()
WASTED = PAID.all_wasted()
RESERVE = Decimal("0.02")


def error_code(head: Generation) -> str | None:
    return None if head.error is None else head.error.code


def test_a_call_says_what_is_to_be_made_and_for_whom_without_naming_them(rig: Rig) -> None:
    head = rig.pending()
    rig.run(head, answering())
    (call,) = rig.model.calls
    assert call.api_key == "sk-made-up"
    assert call.request.model == "local/cards"
    assert call.request.user == keyed_hash(head.user_id, rig.settings.owner_key)
    assert call.request.labels == {"Generation": head.generation_id, "Attempt": "1", "Step": "cards"}
    assert call.request.max_completion_tokens == rig.settings.max_completion_tokens
    assert call.request.schema == kinds.load("flashcards").output.model_json_schema()
    assert [message.role for message in call.request.messages] == ["system", "user"]
    assert LONG_TEXT.strip() in call.request.messages[1].content
    assert head.user_id not in repr(call)


def test_a_good_answer_is_stored_and_the_generation_succeeds_with_what_it_cost(rig: Rig) -> None:
    head = rig.pending()
    handled, after = rig.run(head, answering())
    assert (handled.ending, spent_usd(handled)) == (Ending.SUCCEEDED, PAID.cost_usd)
    assert (after.status, after.progress, after.usage, after.steps_done) == (Status.SUCCEEDED, 100, PAID, 1)
    assert (after.output_step, after.calls, after.step_calls) == ("cards", 1, 1)
    (step,) = rig.steps(head)
    assert (step.name, step.position, step.result, step.usage, step.call_id) == ("cards", 1, CARDS, PAID, "gen-1")


def test_a_step_says_how_long_it_took_to_make(rig: Rig) -> None:
    head = rig.pending()
    rig.run(head, then(lambda _call: rig.clock.pass_seconds(7.25)))
    assert rig.steps(head)[0].duration_seconds == 7.25


def test_an_answer_that_does_not_fit_is_shown_to_the_model_once_with_what_is_wrong(rig: Rig) -> None:
    head = rig.pending()
    handled, after = rig.run(head, answering('{"suggestions": []}'), answering(call_id="gen-2"))
    assert (handled.ending, after.status, after.usage, after.calls) == (
        Ending.SUCCEEDED, Status.SUCCEEDED, WASTED + PAID, 2
    )  # fmt: skip
    first, second = (call.request.messages for call in rig.model.calls)
    assert second[:2] == first
    assert [message.role for message in second[2:]] == ["assistant", "user"]
    assert second[2].content == '{"suggestions": []}'
    assert "suggestions too_short" in second[3].content
    (step,) = rig.steps(head)
    assert (step.usage, step.call_id) == (WASTED + PAID, "gen-2")


def test_a_second_answer_that_does_not_fit_fails_the_generation_and_both_calls_are_counted(rig: Rig) -> None:
    handled, after = rig.run(rig.pending(), answering("Sure!"), answering("Here you are:"))
    assert (handled.ending, spent_usd(handled)) == (Ending.FAILED, 2 * PAID.cost_usd)
    assert (after.status, error_code(after), after.usage) == (Status.FAILED, "output_invalid", WASTED + WASTED)
    assert after.error is not None
    assert "Here" not in after.error.message


def test_nothing_is_sent_once_a_lease_has_passed_since_the_call_was_counted(rig: Rig) -> None:
    head = rig.pending()

    def freeze(call: Call) -> None:
        rig.clock.seconds += rig.settings.lease_seconds - 0.001
        call.may_send()
        rig.clock.seconds += 0.001
        with pytest.raises(LeaseLostError):
            call.may_send()
        call.may_send()

    handled, after = rig.run(head, then(freeze))
    assert handled.ending is Ending.LEASE_LOST
    assert (after.status, rig.steps(head)) == (Status.RUNNING, [])


def test_a_key_that_cannot_be_read_is_no_call_and_is_tried_again(rig: Rig) -> None:
    def unreadable() -> str:
        raise TransientProviderError("provider_key_unavailable", "The key cannot be read.")

    rig.api_key = unreadable
    handled, after = rig.run(rig.pending())
    assert (handled.ending, after.status, after.calls, after.reserved_usd) == (
        Ending.RELEASED, Status.PENDING, 0, Decimal(0)
    )  # fmt: skip


@pytest.mark.parametrize(("passed", "expected"), [(0, 180), (800, 100)])
def test_a_call_may_take_its_time_out_and_no_longer_than_the_generation_has(
    rig: Rig, passed: float, expected: float
) -> None:
    head = rig.pending()
    rig.clock.pass_seconds(passed)
    began = rig.clock.monotonic()
    rig.run(head, answering())
    assert rig.model.calls[0].deadline == began + expected


def test_progress_rises_with_the_text_towards_the_steps_own_and_not_beyond(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    show = Heartbeat.show

    def recording(watch: Heartbeat, percent: int, stage: str | None = None) -> None:
        show(watch, percent, stage)
        shown.append(watch.progress)

    def stream(call: Call) -> None:
        expected = 8 * 140  # the shortest text: eight cards of about 140 characters
        for characters in (0, expected // 2, expected, 10 * expected):
            call.on_text(characters)

    monkeypatch.setattr(Heartbeat, "show", recording)
    rig.run(rig.pending(), then(stream))
    # First what the kind itself shows; then 95 % of the way from there to the step's 95; then the step's own.
    assert shown == [5, 5, 47, 90, 90, 95]
