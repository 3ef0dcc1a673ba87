"""When a server asks to come back: in every form that servers use, and in none that they do not mean."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.process.provider.report import report_of
from functions.process.provider.retry_after import LONGEST_WAIT_SECONDS, retry_after_of

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def wait(header: str | None, date: str | None = None, body: Any = None) -> float | None:
    headers = {"retry-after": header, "date": date}
    return retry_after_of({name: value for name, value in headers.items() if value is not None}, body, "", NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "45000"}, 45),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"llm_provider-retry-after": "12"}, 12),
        ({"x-ratelimit-reset": "30"}, 30),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 20)}, 20),
        ({"x-ratelimit-reset": str(int(NOW.timestamp() * 1000) + 20_000)}, 20),
        ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-reset-tokens": "6ms"}, 90),
        (
            {
                "x-ratelimit-reset-requests": "8h",
                "x-ratelimit-remaining-requests": "7",
                "x-ratelimit-reset-tokens": "6.5s",
                "x-ratelimit-remaining-tokens": "0",
            },
            6.5,
        ),
        ({"anthropic-ratelimit-tokens-reset": "2026-03-01T12:00:25Z"}, 25),
        ({"retry-after": "1m"}, 60),
        ({"retry-after": "2026-03-01T12:00:25+00:00"}, 25),
    ],
)
def test_a_wait_is_read_in_every_header(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_of(headers, None, "", NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"details": [{"@type": "x/RetryInfo", "retryDelay": "34s"}]}}, 34),
        ([{"error": {"details": [{"retryDelay": "34.074824224s"}]}}], 34.074824224),
        ({"error": {"details": [{"retryDelay": {"seconds": 7}}]}}, 7),
        ({"error": {"retry_after": 3}}, 3),
        ({"error": {"metadata": {"headers": {"X-RateLimit-Reset": str(int(NOW.timestamp() * 1000) + 9_000)}}}}, 9),
        ({"retry_after_ms": 2500}, 2.5),
        ({"error": {"message": "Rate limit reached. Please try again in 1m20.5s. Visit x"}}, 80.5),
        ({"message": "Please retry after 45 seconds."}, 45),
        ({"message": "Please try again in 6ms."}, 0.006),
        ("Too many requests, try again in 20 s", 20),
        ({"message": "Please wait until later"}, None),
        ({"message": "try again in a while"}, None),
    ],
)
def test_a_wait_is_read_in_the_body(body: Any, seconds: float | None) -> None:
    report = report_of(body)
    found = retry_after_of({}, report.body, report.text, NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 0.0), (" 1.5 ", 1.5), ("10000000", 86_400.0)])
def test_a_wait_in_seconds_is_taken_up_to_a_day(header: str, seconds: float) -> None:
    assert wait(header) == seconds


@pytest.mark.parametrize(
    "header", ["", "-1", "soon", "nan", "inf", "1e400", "7, 8x", "Sun, 99 Foo 2026", "\u0667 \u0668", "0x10"]
)
def test_a_wait_that_makes_no_sense_is_none(header: str) -> None:
    assert wait(header) is None


def test_a_date_is_measured_by_the_clock_of_the_server_that_sent_it() -> None:
    theirs = NOW + timedelta(hours=3)
    until = format_datetime(theirs + timedelta(seconds=30), usegmt=True)
    assert wait(until, format_datetime(theirs, usegmt=True)) == 30.0


def test_a_date_without_a_server_clock_is_measured_by_ours() -> None:
    until = format_datetime(NOW + timedelta(seconds=45), usegmt=True)
    assert wait(until) == 45.0
    assert wait(until, "not a date") == 45.0


def test_a_date_that_has_passed_is_no_wait() -> None:
    past = format_datetime(NOW - timedelta(days=9), usegmt=True)
    assert wait(past) == 0.0


def test_a_date_without_a_zone_is_taken_as_utc() -> None:
    assert wait("Sun, 01 Mar 2026 12:01:00 -0000") == 60.0


def test_the_wait_in_the_metadata_counts_where_no_header_says_better() -> None:
    error = {"metadata": {"retry_after_seconds": 17}}
    assert wait(None, None, error) == 17.0
    assert wait("3", None, error) == 3.0
    assert wait("soon", None, error) == 17.0


@settings(deadline=None)
@given(st.text(), st.text() | st.none(), st.floats() | st.integers() | st.text() | st.booleans())
def test_no_header_or_metadata_breaks_the_reading(header: str, date: str | None, told: object) -> None:
    seconds = wait(header, date, {"metadata": {"retry_after_seconds": told}})
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS
