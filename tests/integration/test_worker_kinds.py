"""Exceptions and results of a kind's own code: each attempt ends in order, with every paid call counted."""

import json
import logging
from asyncio import CancelledError
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, Field

from functions.process.ending import Ending
from shared.domain.codes import Code, Fault
from shared.domain.generation import Usage
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Context, Kind, Limits, Prompt
from tests.integration.worker_rig import PAID, Rig, answering, telling, then

USERS_OWN = "a sentence that the user wrote"


class Asked(BaseModel):
    source_text: str


class Fact(BaseModel):
    fact: str


class Facts(BaseModel):
    facts: list[str] = Field(min_length=1)


Run = Callable[[Context, Asked], Any]
FAILURES = {"too_few_facts": Code("The text holds too few facts.", "Send a longer text.", Fault.CALLER)}
PROMPT = Prompt("Name a fact.", {"source_text": "x"}, "fact")


def ask(ctx: Context, name: str) -> Fact:
    return ctx.step(name, Fact, lambda: ctx.call(PROMPT, Fact), progress=50)


def with_kind(rig: Rig, run: Run, **more: Any) -> None:
    kind = Kind("quiz", Asked, Facts, Limits(), ("1",), run, failures=FAILURES, **more)
    rig.kinds = Catalog(lambda: ("quiz",), lambda _name: kind)


def calls(count: int) -> list[Any]:
    return [answering({"fact": USERS_OWN})] * count


def raising_after(count: int, error: BaseException, *, inside: bool) -> Run:
    """Raise after this many paid calls: in the middle of a step that is not stored, or after one that is."""

    def run(ctx: Context, _given: Asked) -> Facts:
        for number in range(1, count):
            ask(ctx, f"fact-{number}")
        if inside:
            ctx.step(f"fact-{count}", Fact, lambda: _raise(ctx.call(PROMPT, Fact), error), progress=60)
        ask(ctx, f"fact-{count}")
        raise error

    return run


def _raise(_fact: Fact, error: BaseException) -> Fact:
    raise error


@dataclass(frozen=True)
class FrozenError(Exception):
    """Refuses that anything is set on it."""

    text: str


class MuteError(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


ERRORS = (
    ValueError(USERS_OWN),
    KeyError("fact"),
    SystemExit(3),
    RecursionError(),
    FrozenError(USERS_OWN),
    MuteError(),
    CancelledError(USERS_OWN),
    StopIteration(USERS_OWN),
    ExceptionGroup(USERS_OWN, [ValueError(USERS_OWN)]),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_kind_that_raises_after_each_of_its_calls_is_ended_at_once_with_every_call_counted(
    rig: Rig, count: int, inside: bool, error: BaseException
) -> None:
    with_kind(rig, raising_after(count, error, inside=inside))
    handled, after = rig.run(rig.pending(kind="quiz"), *calls(count))
    assert (handled.ending, handled.ours, after.attempt) == (Ending.FAILED, True, 1)
    assert (after.status, after.error and after.error.code) == (Status.FAILED, "kind_failed")
    assert (after.usage.calls, after.usage.cost_usd) == (count, count * PAID.cost_usd)
    stored = count - inside
    assert (after.steps_done, after.usage.kept_cost_usd) == (stored, stored * PAID.cost_usd)
    assert not after.reserved_usd
    assert [(event.name, event.code) for event in rig.events(after)] == [("failed", "kind_failed")]


def test_the_log_names_the_exception_and_its_place_and_no_text_of_the_user(
    rig: Rig, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with_kind(rig, raising_after(1, ValueError(USERS_OWN), inside=False))
    with caplog.at_level(logging.INFO):
        rig.run(rig.pending(kind="quiz"), *calls(1))
    [line] = [record for record in caplog.records if record.message == "the kind's code failed"]
    told: Any = line.__dict__
    assert (told["levelname"], told["error"], told["kind"]) == ("ERROR", "ValueError", "quiz")
    assert told["generation_id"]
    assert told["place"].startswith("tests/integration/test_worker_kinds.py:")
    everything = json.dumps([str(record.__dict__) for record in caplog.records]) + "".join(capsys.readouterr())
    assert USERS_OWN not in everything


def test_a_place_in_the_kinds_own_file_is_named_before_one_of_a_library(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.process import unexpected

    monkeypatch.setattr(unexpected, "OWN", "tests/integration/")
    with_kind(rig, lambda _ctx, _given: json.loads("no JSON"))
    rig.run(rig.pending(kind="quiz"))
    [line] = [record for record in caplog.records if record.message == "the kind's code failed"]
    told: Any = line.__dict__
    assert told["place"].startswith("tests/integration/test_worker_kinds.py:")
    assert told["places"][-1].startswith("python3.13/json/decoder.py:")


def test_a_kind_fails_on_purpose_with_a_code_of_its_own_at_once(rig: Rig) -> None:
    def run(ctx: Context, _given: Asked) -> Facts:
        ask(ctx, "fact")
        raise ctx.failure("too_few_facts", "The text holds 1 fact of 3.")

    with_kind(rig, run)
    handled, after = rig.run(rig.pending(kind="quiz"), *calls(1))
    assert (handled.ending, handled.ours, after.usage) == (Ending.FAILED, False, PAID)
    assert after.error is not None
    assert (after.error.code, after.error.message) == ("too_few_facts", "The text holds 1 fact of 3.")


def test_a_call_that_raised_what_nobody_expected_keeps_its_reserve_until_its_bill_comes(rig: Rig) -> None:
    with_kind(rig, lambda ctx, _given: ask(ctx, "fact"))

    def surprised(_call: Any) -> Any:
        raise ZeroDivisionError

    _, after = rig.run(rig.pending(kind="quiz"), surprised)
    assert (after.error and after.error.code, after.usage, bool(after.reserved_usd)) == ("kind_failed", Usage(), True)
    rig.model.bills["bill-1"] = PAID
    _, billed = rig.run(rig.pending(kind="quiz"), telling("bill-1", surprised))
    assert (billed.usage, bool(billed.reserved_usd)) == (PAID.all_wasted(), False)


@pytest.mark.parametrize(
    ("percent", "shown"),
    [(33.9, 33), (Decimal("33.9"), 33), (0.2, 0), (-1, 0), (float("nan"), 0), (1e400, 99), (10**400, 99), (True, 1)],
    ids=repr,
)
def test_a_progress_that_is_no_whole_number_up_to_99_is_shown_as_one(rig: Rig, percent: Any, shown: int) -> None:
    seen: list[int] = []

    def run(ctx: Context, _given: Asked) -> Facts:
        ctx.progress(percent, "thinking")
        ctx.step("fact", Fact, lambda: ctx.call(PROMPT, Fact), progress=percent)
        return ctx.step("facts", Facts, lambda: Facts(facts=["x"]), progress=percent)

    with_kind(rig, run)
    head = rig.pending(kind="quiz")
    answer = then(lambda _call: seen.append(rig.read(head).progress), answering({"fact": "x"}))
    handled, _ = rig.run(head, answer)
    assert (handled.ending, seen) == (Ending.SUCCEEDED, [shown])


@pytest.mark.parametrize("said", [ValueError("Too short."), "half of a character: \ud83d", "", 7], ids=repr)
def test_whatever_words_a_kind_has_for_a_failure_or_a_stage_its_code_counts(rig: Rig, said: Any) -> None:
    def run(ctx: Context, _given: Asked) -> Facts:
        ctx.progress(10, said)
        ask(ctx, "fact")
        raise ctx.failure("too_few_facts", said)

    with_kind(rig, run)
    handled, after = rig.run(rig.pending(kind="quiz"), *calls(1))
    assert (handled.ending, after.usage) == (Ending.FAILED, PAID)
    assert after.error is not None
    assert (after.error.code, after.error.message) == ("too_few_facts", str(said).replace("\ud83d", "?"))


def _no_step(_ctx: Context, _given: Asked) -> Facts:
    return Facts(facts=["made up"])


def _no_output(ctx: Context, _given: Asked) -> None:
    ask(ctx, "fact")


def _another_model(ctx: Context, _given: Asked) -> Fact:
    return ask(ctx, "fact")


def _last_step_is_none(ctx: Context, _given: Asked) -> Facts:
    return Facts(facts=[ask(ctx, "fact").fact])


def _something_else(ctx: Context, _given: Asked) -> Facts:
    ctx.step("facts", Facts, lambda: Facts(facts=[ctx.call(PROMPT, Fact).fact]), progress=90)
    return Facts(facts=["something else"])


def _undeclared(ctx: Context, _given: Asked) -> Facts:
    ask(ctx, "fact")
    raise ctx.failure("never_heard_of", "No.")


def _misnamed(ctx: Context, _given: Asked) -> Facts:
    ask(ctx, "fact")
    return ctx.step("A step!", Facts, lambda: Facts(facts=["x"]), progress=90)


def _no_model(ctx: Context, _given: Asked) -> Facts:
    made: Any = {"facts": [ask(ctx, "fact").fact]}
    return ctx.step("facts", Facts, lambda: made, progress=90)


def _unfit(ctx: Context, _given: Asked) -> Facts:
    ask(ctx, "fact")
    return ctx.step("facts", Facts, lambda: Facts.model_construct(facts=[]), progress=90)


@pytest.mark.parametrize(
    "run",
    [
        _no_output,
        _another_model,
        _last_step_is_none,
        _something_else,
        _undeclared,
        _misnamed,
        _no_model,
        _unfit,
        _no_step,
    ],
)
def test_a_kind_that_breaks_a_rule_is_ended_at_once_and_no_call_is_paid_for_twice(
    rig: Rig, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with_kind(rig, run)
    paid = 0 if run is _no_step else 1
    handled, after = rig.run(rig.pending(kind="quiz"), *calls(paid))
    assert (handled.ending, handled.ours, after.attempt) == (Ending.FAILED, True, 1)
    assert (after.error and after.error.code, after.usage.calls) == ("kind_broken", paid)
    [line] = [record for record in caplog.records if record.message == "the kind is broken"]
    assert line.__dict__["reason"]
    assert USERS_OWN not in str(line.__dict__)


def test_a_kind_that_cannot_be_loaded_is_ended_at_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    def load(_name: str) -> Kind:
        raise ImportError("no module named numpy")

    rig.kinds = Catalog(lambda: ("quiz",), load)
    handled, after = rig.run(rig.pending(kind="quiz"))
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "kind_broken")
    assert any(record.__dict__.get("error") == "ImportError" for record in caplog.records)


def test_what_run_returns_may_be_made_anew_from_what_its_last_step_has_stored(rig: Rig) -> None:
    class Narrow(Facts):
        """The same with a bound of its own."""

    def run(ctx: Context, _given: Asked) -> Facts:
        made = ctx.step("facts", Facts, lambda: Facts(facts=[ctx.call(PROMPT, Fact).fact]), progress=90)
        return Narrow(facts=made.facts)

    with_kind(rig, run)
    handled, _ = rig.run(rig.pending(kind="quiz"), *calls(1))
    assert handled.ending is Ending.SUCCEEDED
