"""The table of endings: what is seen on the wire, and what is to be done about it."""

import ssl
from socket import gaierror
from typing import Any

import pytest

from functions.process.provider import outcomes
from functions.process.provider.outcomes import Outcome, of_error, of_status, why_unreachable
from shared.domain.errors import (
    InvalidOutputError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)

LATER, NEVER, REPAIR = TransientProviderError, PermanentProviderError, InvalidOutputError

STATUSES = [
    (301, NEVER, "provider_bad_request"),
    (400, NEVER, "provider_bad_request"),
    (401, NEVER, "provider_key_refused"),
    (402, NEVER, "provider_out_of_credit"),
    (403, NEVER, "provider_forbidden"),
    (404, NEVER, "provider_bad_request"),
    (408, LATER, "provider_timeout"),
    (413, NEVER, "provider_input_too_large"),
    (422, NEVER, "provider_bad_request"),
    (425, LATER, "provider_unavailable"),
    (429, LATER, "provider_rate_limited"),
    (500, LATER, "provider_unavailable"),
    (502, LATER, "provider_unavailable"),
    (503, LATER, "provider_unavailable"),
    (504, LATER, "provider_unavailable"),
    (524, LATER, "provider_unavailable"),
    (529, LATER, "provider_unavailable"),
]


@pytest.mark.parametrize(("status", "error", "code"), STATUSES)
def test_each_status_has_a_decision_and_a_code(status: int, error: type[ProviderError], code: str) -> None:
    outcome, detail = of_status(status, {"code": status, "message": "whatever"})
    assert (outcome.error, outcome.code, detail) == (error, code, f"HTTP {status}")


@pytest.mark.parametrize(("status", "error", "code"), [row for row in STATUSES if row[0] >= 400])
@pytest.mark.parametrize("spelled", [int, str])
def test_an_error_inside_a_good_status_is_decided_by_its_code(
    status: int, error: type[ProviderError], code: str, spelled: type[int | str]
) -> None:
    outcome, detail = of_error({"code": spelled(status), "message": "whatever"})
    assert (outcome.error, outcome.code, detail) == (error, code, f"error {status}")


@pytest.mark.parametrize(
    "error", ["text", 7, [], {}, {"code": None}, {"code": 200}, {"code": True}, {"code": "x" * 9999}, {"code": []}]
)
def test_an_error_that_says_nothing_known_may_pass(error: Any) -> None:
    assert of_error(error) == (outcomes.PROVIDER_ERROR, "")


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (429, {"type": "insufficient_quota", "code": "insufficient_quota"}, "provider_out_of_credit"),
        (400, {"type": "invalid_request_error", "code": "context_length_exceeded"}, "provider_input_too_large"),
        (400, {"code": 400, "type": "exceed_context_size_error"}, "provider_input_too_large"),
        (400, {"code": "content_filter"}, "output_filtered"),
        (413, {"type": "invalid_request_error", "code": None}, "provider_input_too_large"),
        (403, {"type": "invalid_request_error"}, "provider_forbidden"),
    ],
)
def test_a_word_wins_over_the_status_only_where_it_says_more(status: int, error: Any, code: str) -> None:
    assert of_status(status, error)[0].code == code


@pytest.mark.parametrize(("word", "outcome"), outcomes.BY_WORD.items())
def test_a_word_decides_where_there_is_no_status(word: str, outcome: Outcome) -> None:
    assert of_error({"code": word}) == (outcome, word)
    assert of_error({"code": None, "type": word}) == (outcome, word)


@pytest.mark.parametrize(
    "outcome", [value for value in vars(outcomes).values() if isinstance(value, Outcome)], ids=lambda o: o.code
)
def test_no_message_is_ever_cut(outcome: Outcome) -> None:
    longest = max(len(f"HTTP 400, {word}") for word in outcomes.BEYOND_STATUS)
    assert len(outcome.message) + longest + len(" ()") <= 100


def test_the_servers_own_words_are_not_passed_on() -> None:
    secret = {"code": "sk-or-v1-secret", "message": "the prompt", "type": "the prompt", "metadata": {"raw": "it"}}
    for outcome, detail in (of_status(400, secret), of_error(secret)):
        shown = str(outcome.raised(detail).args)
        assert "secret" not in shown
        assert "prompt" not in shown


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (ConnectionRefusedError(), "the connection was refused"),
        (gaierror(), "its name was not found"),
        (ssl.SSLCertVerificationError(), "its certificate was not accepted"),
        (ssl.SSLError(), "no TLS"),
        (TimeoutError(), "no connection in time"),
        (OSError(), ""),
    ],
)
def test_the_reason_is_found_at_the_bottom_of_the_chain(cause: OSError, why: str) -> None:
    middle = RuntimeError()
    middle.__context__ = cause
    top = RuntimeError()
    top.__cause__ = middle
    assert why_unreachable(top) == why
