"""Bills and waiting times, as servers really report them and as broken ones might."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.process.provider.figures import LONGEST_WAIT_SECONDS, MOST_USD, retry_after_of, usage_of
from shared.domain.generation import Usage

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def reported(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


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
    "number", ["null", "-1", "true", '"12"', "NaN", "Infinity", "-Infinity", "1e999999999", "[]", "1e30"]
)
def test_an_absurd_number_counts_as_zero(number: str) -> None:
    bill = f'{{"prompt_tokens": {number}, "completion_tokens": {number}, "cost": {number}}}'
    assert usage_of(reported(bill)) == Usage(1, 0, 0, Decimal(0))


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


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 0.0), (" 1.5 ", 1.5), ("10000000", 86_400.0)])
def test_a_wait_in_seconds_is_taken_up_to_a_day(header: str, seconds: float) -> None:
    assert retry_after_of(header, None, None, NOW) == seconds


@pytest.mark.parametrize(
    "header", ["", "-1", "soon", "nan", "inf", "1e400", "7, 8", "Sun, 99 Foo 2026", "\u0667 \u0668", "0x10"]
)
def test_a_wait_that_makes_no_sense_is_none(header: str) -> None:
    assert retry_after_of(header, None, None, NOW) is None


def test_a_date_is_measured_by_the_clock_of_the_server_that_sent_it() -> None:
    theirs = NOW + timedelta(hours=3)
    until = format_datetime(theirs + timedelta(seconds=30), usegmt=True)
    assert retry_after_of(until, format_datetime(theirs, usegmt=True), None, NOW) == 30.0


def test_a_date_without_a_server_clock_is_measured_by_ours() -> None:
    until = format_datetime(NOW + timedelta(seconds=45), usegmt=True)
    assert retry_after_of(until, None, None, NOW) == 45.0
    assert retry_after_of(until, "not a date", None, NOW) == 45.0


def test_a_date_that_has_passed_is_no_wait() -> None:
    past = format_datetime(NOW - timedelta(days=9), usegmt=True)
    assert retry_after_of(past, None, None, NOW) == 0.0


def test_a_date_without_a_zone_is_taken_as_utc() -> None:
    assert retry_after_of("Sun, 01 Mar 2026 12:01:00 -0000", None, None, NOW) == 60.0


def test_the_wait_in_the_metadata_counts_where_no_header_says_better() -> None:
    error = {"metadata": {"retry_after_seconds": 17}}
    assert retry_after_of(None, None, error, NOW) == 17.0
    assert retry_after_of("3", None, error, NOW) == 3.0
    assert retry_after_of("soon", None, error, NOW) == 17.0


@settings(deadline=None)
@given(st.text(), st.text() | st.none(), st.floats() | st.integers() | st.text() | st.booleans())
def test_no_header_or_metadata_breaks_the_reading(header: str, date: str | None, wait: object) -> None:
    seconds = retry_after_of(header, date, {"metadata": {"retry_after_seconds": wait}}, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS
