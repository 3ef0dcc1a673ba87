"""Bills, as servers really report them and as broken ones might."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.process.provider.usage import MOST_USD, Bill, bill_of
from shared.domain.generation import Usage


def reported(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def usage_of(value: Any) -> Usage | None:
    bill = bill_of(value)
    return None if bill is None else bill.usage


def test_a_bill_is_exact_to_the_last_digit() -> None:
    usage = usage_of(reported('{"prompt_tokens": 9171, "completion_tokens": 113, "cost": 0.0360795}'))
    assert usage == Usage(1, 9171, 113, Decimal("0.0360795"))


def test_with_an_own_key_the_price_of_the_model_is_added_to_the_fee() -> None:
    bill = '{"cost": 0.0018, "is_byok": true, "cost_details": {"upstream_inference_cost": 0.0360795}}'
    assert usage_of(reported(bill)) == Usage(1, 0, 0, Decimal("0.0378795"))


@pytest.mark.parametrize("byok", ["false", "null", '"yes"'])
def test_without_an_own_key_the_price_of_the_model_is_not_counted_twice(byok: str) -> None:
    bill = f'{{"cost": 0.5, "is_byok": {byok}, "cost_details": {{"upstream_inference_cost": 0.5}}}}'
    assert usage_of(reported(bill)) == Usage(1, 0, 0, Decimal("0.5"))


@pytest.mark.parametrize("details", ["null", "7", '{"upstream_inference_cost": null}', "{}"])
def test_an_own_key_without_a_price_costs_the_fee(details: str) -> None:
    bill = f'{{"cost": 0.01, "is_byok": true, "cost_details": {details}}}'
    assert usage_of(reported(bill)) == Usage(1, 0, 0, Decimal("0.01"))


@pytest.mark.parametrize("bill", ["null", "7", "[]", '"free"'])
def test_no_bill_is_none_and_not_a_bill_of_zero(bill: str) -> None:
    assert usage_of(reported(bill)) is None


@pytest.mark.parametrize(
    "number", ["null", "-1", "true", '"twelve"', "NaN", "Infinity", "-Infinity", "[]", '""', "-1e999999999"]
)
def test_an_absurd_number_counts_as_not_sent(number: str) -> None:
    bill = bill_of(reported(f'{{"prompt_tokens": {number}, "completion_tokens": {number}, "cost": {number}}}'))
    assert bill == Bill(Usage(1, 0, 0, Decimal(0)), cost_told=False)


@pytest.mark.parametrize("number", ["1000001", "1e30", "1e999999999", '"2000000"'])
def test_a_senseless_cost_is_not_free(number: str) -> None:
    bill = bill_of(reported(f'{{"prompt_tokens": 5, "cost": {number}}}'))
    assert bill == Bill(Usage(1, 5, 0, MOST_USD), cost_told=True)


def test_a_float_becomes_the_decimal_that_it_prints_as() -> None:
    assert usage_of({"cost": 0.1}) == Usage(1, 0, 0, Decimal("0.1"))


@settings(deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.decimals() | st.text())
def test_whatever_is_reported_the_cost_fits_the_table(cost: object) -> None:
    usage = usage_of({"cost": cost, "prompt_tokens": cost})
    assert usage is not None
    assert 0 <= usage.cost_usd <= MOST_USD
    assert usage.prompt_tokens >= 0
    # The store's numbers have 38 digits.
    assert len(usage.cost_usd.as_tuple().digits) <= 38


@pytest.mark.parametrize(
    "bill",
    [
        '{"prompt_tokens": "1000", "completion_tokens": "500", "cost": "0.004"}',
        '{"input_tokens": 1000, "output_tokens": 500, "cost": {"total_cost": 0.004}}',
        '{"inputTokens": 1000, "outputTokens": 500, "total_cost": "4e-3"}',
        '{"prompt_tokens": 1000.0, "completion_tokens": " 500 ", "cost": 0.0040}',
    ],
)
def test_a_bill_counts_by_whatever_name_and_in_strings(bill: str) -> None:
    assert bill_of(reported(bill)) == Bill(Usage(1, 1000, 500, Decimal("0.004")), cost_told=True)


@pytest.mark.parametrize(
    ("bill", "tokens"),
    [
        # xAI's and Gemini's thoughts, counted in the total alone.
        ('{"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 441, "completion_tokens_details": '
         '{"reasoning_tokens": 400}}', (32, 409)),
        ('{"prompt_tokens": 6, "total_tokens": 305}', (6, 299)),
        # OpenAI's are in the answer's tokens already.
        ('{"prompt_tokens": 32, "completion_tokens": 409, "total_tokens": 441, "completion_tokens_details": '
         '{"reasoning_tokens": 400}}', (32, 409)),
        ('{"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 5}', (32, 9)),
        ('{"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 1e30}', (32, 9)),
        ('{"total_tokens": 41}', (0, 0)),
    ],
)  # fmt: skip
def test_thoughts_that_are_only_in_the_total_are_part_of_the_answer(bill: str, tokens: tuple[int, int]) -> None:
    usage = usage_of(reported(bill))
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == tokens


@pytest.mark.parametrize(
    ("bill", "tokens"),
    [
        ({"input_tokens": 4, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 100}, 1104),
        ({"inputTokens": 4, "cacheReadInputTokens": 1000, "cacheWriteInputTokens": 100, "totalTokens": 1104}, 1104),
        ({"input_tokens": 4, "cache_read_input_tokens": None, "cache_creation_input_tokens": -1}, 4),
        # Gateways add Anthropic's own counts to OpenAI's, which holds them already.
        ({"prompt_tokens": 1104, "cache_read_input_tokens": 1000, "input_tokens": 4}, 1104),
    ],
)
def test_input_that_went_through_a_cache_is_input_too(bill: dict[str, Any], tokens: int) -> None:
    usage = usage_of(bill)
    assert usage is not None
    assert usage.prompt_tokens == tokens


def test_whether_a_cost_was_told_is_no_question_of_its_size() -> None:
    free, silent = bill_of({"prompt_tokens": 3, "cost": 0}), bill_of({"prompt_tokens": 3})
    assert free is not None
    assert silent is not None
    assert (free.cost_told, silent.cost_told) == (True, False)


@pytest.mark.parametrize("later", [{"prompt_tokens": 0, "cost": 0}, {"completion_tokens": 0}, {"cost": None, "x": 1}])
def test_a_later_zero_never_replaces_what_was_real(later: dict[str, Any]) -> None:
    real = bill_of({"prompt_tokens": 1000, "completion_tokens": 500, "cost": 0.004})
    zero = bill_of(later)
    assert real is not None
    assert zero is not None
    assert real.updated(zero) == real
    assert zero.updated(real).usage == real.usage


def test_a_running_bill_goes_by_its_last() -> None:
    first, last = bill_of({"prompt_tokens": 5, "completion_tokens": 1}), bill_of({"completion_tokens": 2, "cost": 0.1})
    assert first is not None
    assert last is not None
    assert first.updated(last).usage == Usage(1, 5, 2, Decimal("0.1"))


@pytest.mark.parametrize(
    "usage",
    [
        {"completion_tokens_details": {"reasoning_tokens": 70}},
        {"output_tokens_details": {"reasoning_tokens": "70"}},
        {"reasoning_tokens": 70},
    ],
)
def test_what_thinking_took_is_known(usage: dict[str, Any]) -> None:
    bill = bill_of(usage)
    assert bill is not None
    assert bill.reasoning_tokens == 70
