"""The table of endings: the events on the wire, and the reaction to each."""

import json
import ssl
from socket import gaierror
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.process.provider import failures, wordings
from functions.process.provider.failures import CallFailure, of_error, of_refusal, why_unreachable
from functions.process.provider.report import report_of, report_of_bytes
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
    (409, LATER, "provider_unavailable"),
    (424, LATER, "provider_unavailable"),
    (498, LATER, "provider_unavailable"),
    (499, LATER, "provider_unavailable"),
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


def test_a_refusal_with_a_number_beyond_any_exponent_is_decided_by_its_words() -> None:
    body = b'{"error": {"message": "Invalid API key", "at": 1e99999999999999999999}}'
    assert of_refusal(400, report_of_bytes(body))[0] is failures.KEY_REFUSED


@pytest.mark.parametrize(("status", "error", "code"), STATUSES)
def test_each_status_has_a_decision_and_a_code(status: int, error: type[ProviderError], code: str) -> None:
    failure, detail = of_refusal(status, report_of({"code": status, "message": "whatever"}))
    assert (failure.error, failure.code, detail) == (error, code, f"HTTP {status}")


@pytest.mark.parametrize(("status", "error", "code"), [row for row in STATUSES if row[0] >= 400])
@pytest.mark.parametrize("spelled", [int, str])
def test_an_error_inside_a_good_status_is_decided_by_its_code(
    status: int, error: type[ProviderError], code: str, spelled: type[int | str]
) -> None:
    failure, detail = of_error(report_of({"code": spelled(status), "message": "whatever"}))
    assert (failure.error, failure.code, detail) == (error, code, f"error {status}")


@pytest.mark.parametrize(
    "error", ["text", 7, [], {}, {"code": None}, {"code": 200}, {"code": True}, {"code": "x" * 9999}, {"code": []}]
)
def test_an_error_that_says_nothing_known_may_pass(error: Any) -> None:
    assert of_error(report_of(error)) == (failures.PROVIDER_ERROR, "")


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
    assert of_refusal(status, report_of(error))[0].code == code


@pytest.mark.parametrize("word", wordings._CODES)
def test_a_word_decides_wherever_it_stands(word: str) -> None:
    meant = failures._MEANT[wordings._CODES[word]]
    shapes: list[Any] = [{"code": word}, {"code": None, "type": word.upper()}, {"metadata": {"error_type": word}}, word]
    for shape in shapes:
        assert of_error(report_of(shape))[0] is meant
        assert of_error(report_of([{"error": shape}]))[0] is meant
        if wordings._CODES[word] in wordings.BEYOND_STATUS:
            assert of_refusal(400, report_of(shape))[0] is of_refusal(503, report_of(shape))[0] is meant


@pytest.mark.parametrize(
    "failure", [value for value in vars(failures).values() if isinstance(value, CallFailure)], ids=lambda o: o.code
)
def test_no_message_is_ever_cut(failure: CallFailure) -> None:
    longest = max(len("in the stream"), len("1000000000 tokens went into thinking") if "output" in failure.code else 0)
    assert len(failure.message) + longest + len(" ()") <= 100


def test_the_servers_own_words_are_not_passed_on() -> None:
    secret = {"code": "sk-or-v1-secret", "message": "the prompt", "type": "the prompt", "metadata": {"raw": "it"}}
    for failure, detail in (of_refusal(400, report_of(secret)), of_error(report_of(secret))):
        shown = str(failure.raised(detail).args)
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


KEY, CREDIT, LARGE, RATE = (
    "provider_key_refused",
    "provider_out_of_credit",
    "provider_input_too_large",
    "provider_rate_limited",
)
REALLY_SAID = [
    (400, "API key expired. Please renew the API key.", KEY),
    (500, "litellm.AuthenticationError: Incorrect API key provided: sk-x", KEY),
    (403, "Your API key has been disabled", KEY),
    (401, "No auth credentials found", KEY),
    (400, "The security token included in the request is invalid.", KEY),
    (403, "Insufficient credits. Add more using https://openrouter.ai/settings/credits", CREDIT),
    (429, "You exceeded your current quota, please check your plan and billing details.", CREDIT),
    (400, "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0", CREDIT),
    (400, "You have reached your specified API usage limits. You will regain access on 2026-06-01", CREDIT),
    (429, "Your team has either used all available credits or reached its monthly spending limit.", CREDIT),
    (429, "You are using a Trial key, which is limited to 1000 API calls / month.", CREDIT),
    (500, "Insufficient Balance", CREDIT),
    (
        429,
        "Rate limit reached for model in org on tokens per minute (TPM): Limit 6000. Upgrade your billing tier",
        RATE,
    ),
    (429, "Requests have exceeded token rate limit of your current OpenAI S0 pricing tier.", RATE),
    (429, "Too many tokens, please wait before trying again.", RATE),
    (400, "prompt is too long: 210000 tokens > 200000 maximum", LARGE),
    (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", LARGE),
    (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", LARGE),
    (500, "the request exceeds the available context size. try increasing the context size", LARGE),
    (422, "Range of input length should be [1, 30720]", LARGE),
    (400, "Input is too long for requested model.", LARGE),
    (429, "Request too large for gpt-4o in organization org on tokens per min (TPM): Limit 30000", LARGE),
    (503, "The load balancer is over its capacity", "provider_unavailable"),
    (400, "Your input was flagged by moderation", "output_filtered"),
    (
        400,
        "The response was filtered due to the prompt triggering Azure's content management policy",
        "output_filtered",
    ),
    (400, "Failed to generate JSON. Please adjust your prompt.", "output_invalid"),
    (404, "The model `gpt-9` does not exist or you do not have access to it.", "provider_bad_request"),
    (400, "temperature must be at most 2", "provider_bad_request"),
]


@pytest.mark.parametrize(("status", "said", "code"), REALLY_SAID)
@pytest.mark.parametrize(
    "shape",
    [
        lambda said: json.dumps({"error": {"message": said}}),
        lambda said: json.dumps([{"error": {"code": 400, "message": said}}]),
        lambda said: json.dumps({"detail": said}),
        lambda said: json.dumps({"error": said}),
        lambda said: json.dumps(
            {
                "error": {
                    "message": "Provider returned error",
                    "metadata": {"raw": json.dumps({"error": {"message": said}})},
                }
            }
        ),
        lambda said: json.dumps({"object": "error", "message": {"detail": [{"msg": said}]}}),
        lambda said: said,
        lambda said: "\ufeff" + json.dumps({"errors": [{"title": said.upper()}]}),
    ],
    ids=["object", "list", "detail", "text", "nested", "fastapi", "no JSON", "bom"],
)
def test_what_a_server_says_decides_in_whatever_shape(status: int, said: str, code: str, shape: Any) -> None:
    assert of_refusal(status, report_of_bytes(shape(said).encode()))[0].code == code


def test_a_quota_that_passes_is_told_by_its_wait() -> None:
    said = report_of(
        {"message": "You exceeded your current quota. Please retry in 34.07s.", "status": "RESOURCE_EXHAUSTED"}
    )
    assert of_refusal(429, said, told_wait=True)[0] is failures.RATE_LIMITED
    spent = report_of({"code": "insufficient_quota"})
    assert of_refusal(429, spent, told_wait=True)[0] is failures.OUT_OF_CREDIT


def test_a_server_that_says_to_try_again_is_tried_again() -> None:
    assert of_refusal(400, report_of({}), try_again=True)[0] is failures.UNAVAILABLE
    assert of_refusal(400, report_of({"code": "invalid_api_key"}), try_again=True)[0] is failures.KEY_REFUSED


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.floats(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(deadline=None)
def test_no_shape_of_error_breaks_the_reading(body: Any) -> None:
    for status in (400, 429, 500):
        assert of_refusal(status, report_of(body))
    assert of_error(report_of(body))
