"""A kind's test fails with a sentence for everything that a worker would end as `kind_broken`, and for nothing else."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.kinds.contract import Kind, Prompt
from trial.scripted import KindMistakeError, ScriptedContext, ScriptedFailureError, run

ASK = Prompt("Write it.", {"text": "of the user"}, "part")


class Dated(BaseModel):
    """Strict: only JSON may bring a date as a text."""

    model_config = ConfigDict(strict=True, extra="forbid")

    day: date
    price: Decimal = Decimal("1.10")


class Loose(BaseModel):
    value: Any


def a_kind(work: Callable[[ScriptedContext, Dated], Any], output: type[BaseModel] = Dated) -> Kind:
    """Return what `run` needs of a kind."""
    return cast("Kind", SimpleNamespace(input=Dated, output=output, run=work, failures={"too_early": None}))


def answering(**answer: Any) -> ScriptedContext:
    return ScriptedContext(lambda _: answer)


def one_step(context: ScriptedContext, _content: Dated, name: str = "all") -> Dated:
    return context.step(name, Dated, lambda: context.call(ASK, Dated), progress=50)


def test_inputs_answers_and_stored_steps_are_read_as_json_as_in_a_worker() -> None:
    context = answering(day="2026-02-01", price="2.50")
    made = run(a_kind(one_step), context, day="2026-01-31")
    assert made == Dated(day=date(2026, 2, 1), price=Decimal("2.50"))
    assert context.stored == {"all": {"day": "2026-02-01", "price": "2.50"}}
    again = answering()
    assert run(a_kind(one_step), ScriptedContext(again.answer, context.stored), day="2026-01-31") == made
    assert again.calls == [], "what is stored is not made again"


def test_an_input_that_a_create_refuses_is_refused() -> None:
    with pytest.raises(ValidationError, match="day"):
        run(a_kind(one_step), answering(), day="yesterday")


def returns_its_input(context: ScriptedContext, content: Dated) -> Dated:
    one_step(context, content)
    return content


def no_step(_context: ScriptedContext, content: Dated) -> Dated:
    return content


def another_last_line(context: ScriptedContext, content: Dated) -> Dated:
    made = one_step(context, content)
    context.step("more", Loose, lambda: Loose(value=1), progress=60)
    return made


def calls_outside(context: ScriptedContext, _content: Dated) -> Dated:
    return context.call(ASK, Dated)


def twice(context: ScriptedContext, content: Dated) -> Dated:
    one_step(context, content)
    return one_step(context, content)


def nested(context: ScriptedContext, content: Dated) -> Dated:
    return context.step("outer", Dated, lambda: one_step(context, content), progress=50)


def odd_name(context: ScriptedContext, content: Dated) -> Dated:
    return one_step(context, content, "Step #1")


def loses_its_type(context: ScriptedContext, content: Dated) -> Any:
    return context.step("any", Loose, lambda: Loose(value=content.day), progress=50)


def not_finite(context: ScriptedContext, _content: Dated) -> Any:
    return context.step("nan", Loose, lambda: Loose(value=float("nan")), progress=50)


def no_model(context: ScriptedContext, _content: Dated) -> Any:
    return context.step("dict", Loose, lambda: cast("Loose", {"value": 1}), progress=50)


def back(context: ScriptedContext, content: Dated) -> Dated:
    context.progress(60)
    return one_step(context, content)


def done_before_the_end(context: ScriptedContext, content: Dated) -> Dated:
    context.progress(100)
    return one_step(context, content)


def fails_undeclared(context: ScriptedContext, _content: Dated) -> Dated:
    raise context.failure("too_late", "It is too late.")


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (no_step, "run made no step"),
        (returns_its_input, "run returned something other than its last step stored"),
        (another_last_line, "the result of the last step is not an Output"),
        (calls_outside, "outside a step"),
        (twice, "the step all is made twice"),
        (nested, "the step all begins inside the step outer"),
        (odd_name, "1 to 40"),
        (loses_its_type, "changes when written to JSON and read again"),
        (not_finite, "changes when written to JSON and read again"),
        (no_model, "did not return a pydantic model"),
        (back, "goes back"),
        (done_before_the_end, "progress is 100"),
        (fails_undeclared, "does not declare"),
    ],
)
def test_a_mistake_of_a_kind_is_named(work: Callable[[ScriptedContext, Dated], Any], says: str) -> None:
    with pytest.raises(KindMistakeError, match=says):
        run(a_kind(work), answering(day="2026-02-01"), day="2026-01-31")


def test_what_run_returns_is_its_output() -> None:
    with pytest.raises(KindMistakeError, match="returned a Dated; it must return its Output"):
        run(a_kind(one_step, Loose), answering(day="2026-02-01"), day="2026-01-31")


def test_a_failure_on_purpose_has_its_code_and_its_message() -> None:
    def work(context: ScriptedContext, _content: Dated) -> Dated:
        raise context.failure("too_early", "Come back later.")

    context = answering()
    with pytest.raises(ScriptedFailureError) as failed:
        run(a_kind(work), context, day="2026-01-31")
    assert failed.value.args == ("too_early", "Come back later.")
    assert context.happened == [("failure", "too_early")]


def test_a_picture_is_drawn_in_its_step_and_each_has_a_name_of_its_own() -> None:
    context = answering()
    names: list[str] = []

    def draw() -> Loose:
        names.extend(context.draw(ASK).name for _ in range(2))
        return Loose(value=names)

    context.step("pictures", Loose, draw, progress=50)
    assert len(set(names)) == 2
    assert context.calls == ["pictures", "pictures"]
