"""Steps are stored once, never paid for again after any worker's death, shown in between, and counted once in the
end."""

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import BaseModel

from functions.process.ending import Ending
from shared import kinds
from shared.domain.errors import TransientProviderError
from shared.domain.generation import Generation, Totals, Usage
from shared.domain.rows.worker import Shown
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Context, Kind, Limits, Prompt
from shared.store.whole import Store
from shared.store.worker import WorkerStore
from tests.factories import FakeClock, a_step
from tests.integration.worker_rig import (
    CARDS,
    PAID,
    Call,
    Rig,
    WorkerDiedError,
    answering,
    lost_before_advance,
    raising,
    spent_usd,
    then,
)

BUSY = TransientProviderError("provider_overloaded", "Busy.", usage=PAID)
OTHER = Usage(1, 7, 3, Decimal("0.004"))
WASTED = PAID.all_wasted()


class Text(BaseModel):
    text: str


class Given(BaseModel):
    source_text: str


def write(ctx: Context, _given: Given) -> Text:
    """A story in three steps. Each builds on the previous one."""
    said = "Once"
    for place, name in enumerate(("outline", "draft", "polish"), 1):
        prompt = Prompt(f"Write the {name}.", {"before": said}, "text")
        ctx.progress(place * 30 - 20, f"writing the {name}")
        said = ctx.step(name, Text, lambda prompt=prompt: ctx.call(prompt, Text), progress=place * 30).text  # type: ignore[misc]
    return Text(text=said)


STORY = Kind("story", Given, Text, Limits(), ("1", "2"), write)
OUTLINE, DRAFT, POLISH = (answering({"text": name}, call_id=name) for name in ("outline", "draft", "polish"))


WITH_STORY = Catalog(lambda: ("flashcards", "story"), lambda name: STORY if name == "story" else kinds.load(name))


@pytest.fixture
def rig(store: Store, clock: FakeClock) -> Rig:
    return Rig(store, clock, kinds=WITH_STORY)


def paid(calls: int) -> Usage:
    return sum([PAID] * calls, Usage())


def prompts(rig: Rig) -> list[str]:
    return [call.request.messages[0].content.split("\n")[0] for call in rig.model.calls]


def test_a_kind_of_three_steps_stores_each_and_the_last_is_its_output(rig: Rig) -> None:
    handled, after = rig.run(rig.pending(kind="story"), OUTLINE, DRAFT, POLISH)
    assert (handled.ending, after.usage, after.steps_done, after.output_step) == (
        Ending.SUCCEEDED, paid(3), 3, "polish"
    )  # fmt: skip
    assert [(step.name, step.position, step.result["text"], step.call_id) for step in rig.steps(after)] == [
        ("outline", 1, "outline", "outline"),
        ("draft", 2, "draft", "draft"),
        ("polish", 3, "polish", "polish"),
    ]
    assert rig.model.calls[2].request.messages[1].content == "<before>\ndraft\n</before>"
    assert [call.request.labels["Step"] for call in rig.model.calls] == ["outline", "draft", "polish"]


def test_the_head_is_advanced_between_the_steps_and_not_after_the_last(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    advances: list[tuple[Totals, int]] = []
    advance = WorkerStore.advance

    def recording(store: WorkerStore, head: Generation, totals: Totals, shown: Shown, reserved: Decimal) -> Generation:
        advances.append((totals, shown.progress))
        return advance(store, head, totals, shown, reserved)

    monkeypatch.setattr(WorkerStore, "advance", recording)
    rig.run(rig.pending(kind="story"), OUTLINE, DRAFT, POLISH)
    # The kind has shown that it begins the next step by the time that the one before is counted.
    assert advances == [(Totals(1, paid(1)), 40), (Totals(2, paid(2)), 70)]


def test_an_advance_ends_a_row_of_fruitless_attempts_and_of_releases(rig: Rig) -> None:
    head = rig.pending(kind="story", fruitless_attempts=2, releases=9)
    seen: list[Generation] = []

    def look(_call: Call) -> None:
        seen.append(rig.read(head))

    rig.run(head, then(look, OUTLINE), then(look, DRAFT), POLISH)
    assert [(one.fruitless_attempts, one.releases) for one in seen] == [(3, 9), (0, 0)]
    assert [(one.steps_done, one.usage) for one in seen] == [(0, Usage()), (1, paid(1))]


def test_after_a_release_the_next_attempt_goes_on_from_the_stored_steps(rig: Rig) -> None:
    handled, head = rig.run(rig.pending(kind="story"), OUTLINE, raising(BUSY))
    assert (handled.ending, spent_usd(handled), head.usage, head.steps_done) == (
        Ending.RELEASED, Decimal(0), PAID + WASTED, 1
    )  # fmt: skip
    rig.clock.pass_seconds(10)
    handled, head = rig.run(head, DRAFT, POLISH)
    assert (handled.ending, spent_usd(handled), head.usage) == (Ending.SUCCEEDED, paid(4).cost_usd, paid(3) + WASTED)
    assert prompts(rig) == ["Write the outline.", "Write the draft.", "Write the draft.", "Write the polish."]


def test_an_attempt_that_stored_a_step_starts_the_row_of_releases_anew(rig: Rig) -> None:
    _, head = rig.run(rig.pending(kind="story", releases=9), OUTLINE, raising(BUSY))
    assert (head.status, head.releases, head.fruitless_attempts) == (Status.PENDING, 1, 0)


def test_a_step_that_was_stored_after_the_last_advance_also_starts_the_row_anew(rig: Rig) -> None:
    head = rig.pending(kind="story", releases=9)

    def hand_over(_call: Call) -> None:
        rig.clock.seconds += 100

    rig.script(then(hand_over, OUTLINE))
    handled = rig.handle(head, handover_at=rig.clock.monotonic() + 100)
    after = rig.read(head)
    assert (handled.ending, after.steps_done, after.releases, after.usage) == (Ending.RELEASED, 1, 1, paid(1))


@pytest.mark.parametrize("stored", [1, 2, 3])
def test_what_a_lost_worker_stored_is_not_made_again_and_is_counted_once(rig: Rig, stored: int) -> None:
    names, turns = ("outline", "draft", "polish"), (OUTLINE, DRAFT, POLISH)
    lost = rig.claimed(rig.pending(kind="story"))
    for place, name in enumerate(names[:stored], 1):
        rig.store.worker.store_step(lost, a_step(rig.clock, name, place, result={"text": name}, usage=OTHER))
    handled, after = rig.run(rig.lost(lost), *turns[stored:])
    expected = sum([OTHER] * stored, Usage()) + paid(3 - stored)
    assert (handled.ending, after.usage, after.steps_done) == (Ending.SUCCEEDED, expected, 3)
    assert spent_usd(handled) == expected.cost_usd
    assert prompts(rig) == [f"Write the {name}." for name in names[stored:]]


def test_operators_are_told_what_was_spent_by_a_worker_that_died_after_it_had_shown_it(rig: Rig) -> None:
    head = rig.pending(kind="story")
    with pytest.raises(WorkerDiedError):
        rig.run(head, OUTLINE, raising(WorkerDiedError()))
    handled, after = rig.run(rig.lost(head), DRAFT, POLISH)
    assert (after.attempt, after.usage) == (2, paid(3))
    assert spent_usd(handled) == paid(3).cost_usd


def test_what_a_lost_worker_stored_is_counted_on_the_head_before_more_is_made(rig: Rig) -> None:
    lost = rig.claimed(rig.pending(kind="story", releases=5))
    rig.store.worker.store_step(lost, a_step(rig.clock, "outline", result={"text": "outline"}, usage=OTHER))
    head, seen = rig.lost(lost), list[Generation]()
    rig.run(head, then(lambda _call: seen.append(rig.read(head)), DRAFT), POLISH)
    assert [(one.steps_done, one.usage, one.fruitless_attempts, one.releases) for one in seen] == [(1, OTHER, 0, 0)]


def test_a_generation_whose_only_step_was_stored_succeeds_without_a_call(rig: Rig) -> None:
    lost = rig.claimed(rig.pending())
    rig.store.worker.store_step(lost, a_step(rig.clock, result=CARDS, usage=OTHER))
    handled, after = rig.run(rig.lost(lost))
    assert (handled.ending, after.usage, after.calls, after.output_step) == (Ending.SUCCEEDED, OTHER, 0, "cards")


def test_a_late_holders_result_that_was_stored_first_wins_and_both_are_counted(rig: Rig) -> None:
    head = rig.lost(rig.claimed(rig.pending()))
    late = a_step(rig.clock, result=CARDS, usage=OTHER)

    def wake(_call: Call) -> None:
        rig.store.worker.store_step(head, late)

    handled, after = rig.run(head, then(wake, answering({"suggestions": [{"front": "Mine?", "back": "No."}]})))
    assert handled.ending is Ending.SUCCEEDED
    assert rig.steps(head) == [late]
    assert (after.usage, spent_usd(handled)) == (WASTED + OTHER, (PAID + OTHER).cost_usd)


def test_a_late_holders_result_is_what_the_next_step_builds_on(rig: Rig) -> None:
    head = rig.lost(rig.claimed(rig.pending(kind="story")))
    late = a_step(rig.clock, "outline", result={"text": "the late one's"}, usage=OTHER)
    rig.run(head, then(lambda _: rig.store.worker.store_step(head, late), OUTLINE), DRAFT, POLISH)
    assert rig.model.calls[1].request.messages[1].content == "<before>\nthe late one's\n</before>"


def test_usage_is_the_same_whether_a_worker_died_after_storing_or_not(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, undisturbed = rig.run(rig.pending(kind="story"), OUTLINE, DRAFT, POLISH)
    _, disturbed = rig.run(lost_before_advance(rig, monkeypatch, OUTLINE), DRAFT, POLISH)
    assert (disturbed.usage, disturbed.steps_done) == (undisturbed.usage, undisturbed.steps_done)


def test_progress_shown_never_goes_down_when_another_attempt_begins(rig: Rig) -> None:
    head, seen = rig.pending(kind="story", progress=80), list[int]()

    def look(call: Call) -> None:
        call.on_text(10**6)
        seen.append(rig.read(head).progress)

    rig.run(head, OUTLINE, then(look, DRAFT), then(look, POLISH))
    assert seen == [80, 80]


def test_a_stored_step_of_another_shape_fails_the_generation_and_is_not_made_again(rig: Rig) -> None:
    lost = rig.claimed(rig.pending(kind="story"))
    rig.store.worker.store_step(lost, a_step(rig.clock, "outline", result={"words": "of another version"}))
    handled, after = rig.run(rig.lost(lost))
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "step_unreadable")


def test_the_prompt_version_is_the_one_that_the_generation_was_created_with(rig: Rig) -> None:
    seen: list[str] = []

    def look(ctx: Context, given: Given) -> Text:
        seen.append(ctx.prompt_version)
        return write(ctx, given)

    rig.kinds = rig.kinds._replace(load=lambda _name: replace(STORY, run=look))
    rig.run(rig.pending(kind="story"), OUTLINE, DRAFT, POLISH)
    assert seen == ["1"]


def test_the_calls_of_one_step_are_no_calls_of_the_next(rig: Rig) -> None:
    tight = replace(STORY, limits=Limits(max_calls_per_step=2))
    rig.kinds = rig.kinds._replace(load=lambda _name: tight)
    handled, after = rig.run(rig.pending(kind="story"), answering("?"), OUTLINE, answering("?"), DRAFT, POLISH)
    assert (handled.ending, after.calls, after.step_calls, after.call_step) == (Ending.SUCCEEDED, 5, 1, "polish")
