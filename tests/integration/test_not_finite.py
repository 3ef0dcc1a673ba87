"""NaN and infinity, which JSON does not have, never reach the store or leave the API, wherever they come from."""

import math
import zlib
from typing import Any

import pytest
from pydantic import BaseModel

from functions.process.ending import Ending
from shared.domain.finite import not_finite
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.validation import read
from shared.kinds.contract import Catalog, Context, Kind, Limits, Prompt
from shared.store.marshalling import pack, unpack
from tests.integration.worker_rig import PAID, Rig, answering
from tests.unit.requests import a_request


class Asked(BaseModel):
    source_text: str = ""
    weight: float = 0.0
    more: dict[str, Any] = {}


class Scores(BaseModel):
    scores: list[float]
    by_name: dict[str, float] = {}
    best: tuple[float, float] = (0.0, 0.0)


PROMPT = Prompt("Score it.", {"source_text": "x"}, "scores")


def with_body(text: str) -> Request:
    return Request({**a_request("alice").event, "body": text})


def asked_once(ctx: Context, _given: Asked) -> Scores:
    return ctx.step("scores", Scores, lambda: ctx.call(PROMPT, Scores), progress=50)


def with_run(rig: Rig, run: Any) -> None:
    kind = Kind("quiz", Asked, Scores, Limits(), ("1",), run)
    rig.kinds = Catalog(lambda: ("quiz",), lambda _name: kind)


@pytest.mark.parametrize("number", ["1e400", "-1e999"])
def test_a_number_that_no_float_holds_is_refused_with_its_field(number: str) -> None:
    request = with_body(f'{{"weight": {number}, "more": {{"deep": [0, {number}]}}}}')
    with pytest.raises(ProblemError) as refused:
        read(Asked, request.json())
    assert {error["field"]: error["code"] for error in refused.value.errors or ()} == {
        "weight": "finite_number",
        "more.deep.1": "finite_number",
    }


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_what_json_has_no_word_for_is_not_json(name: str) -> None:
    with pytest.raises(ProblemError, match="invalid_json"):
        with_body(f'{{"weight": {name}}}').json()


@pytest.mark.parametrize(
    "answer",
    [
        '{"scores": [NaN]}',
        '{"scores": [1e400]}',
        '{"scores": [0.5], "by_name": {"a": -Infinity}}',
        '{"scores": [], "best": [0, 1e999]}',
    ],
)
def test_a_models_answer_with_one_is_asked_for_again_and_then_does_not_fit(rig: Rig, answer: str) -> None:
    with_run(rig, asked_once)
    handled, after = rig.run(rig.pending(kind="quiz"), answering(answer), answering(answer))
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "output_invalid")
    assert after.usage.calls == 2 * PAID.calls


def test_an_answer_that_is_repaired_is_stored_as_it_is(rig: Rig) -> None:
    with_run(rig, asked_once)
    _, after = rig.run(rig.pending(kind="quiz"), answering('{"scores": [NaN]}'), answering({"scores": [0.5]}))
    assert after.status is Status.SUCCEEDED
    assert rig.steps(after)[0].result["scores"] == [0.5]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_kind_that_makes_one_is_broken_and_stores_nothing(rig: Rig, number: float) -> None:
    def averaged(ctx: Context, _given: Asked) -> Scores:
        return ctx.step("scores", Scores, lambda: Scores(scores=[number]), progress=50)

    with_run(rig, averaged)
    handled, after = rig.run(rig.pending(kind="quiz"))
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "kind_broken")
    assert rig.steps(after) == []


def test_what_an_earlier_version_stored_is_read_as_null_and_nothing_more_is_stored() -> None:
    assert unpack(zlib.compress(b'{"scores": [NaN, 1, -Infinity]}')) == {"scores": [None, 1, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack({"scores": [math.nan]})


def test_each_place_is_found_however_deep() -> None:
    deep: Any = math.inf
    for _ in range(5_000):
        deep = [deep]
    assert len(list(not_finite({"a": deep, "b": {"c": (1.0, {math.nan})}}))) == 2
