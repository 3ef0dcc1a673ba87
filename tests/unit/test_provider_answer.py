"""What a series of chunks comes to."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.process.provider.answer import Answer
from shared.domain.errors import InvalidOutputError, PermanentProviderError, ProviderError, TransientProviderError
from shared.domain.generation import Usage


def chunk(content: Any = None, finish: str | None = None, **top: Any) -> bytes:
    return json.dumps({"choices": [{"delta": {"content": content}, "finish_reason": finish}], **top}).encode()


def answer(*events: bytes) -> Answer:
    collected = Answer("asked/model")
    for event in events:
        collected.take(event)
    return collected


def failure(*events: bytes) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        answer(*events).completion()
    return caught.value


def test_the_parts_become_one_text() -> None:
    completion = answer(chunk("{"), chunk(""), chunk(None), chunk("}"), chunk(finish="stop")).completion()
    assert completion.text == "{}"
    assert completion.usage == Usage(calls=1)


def test_the_model_that_answered_is_named_and_not_the_one_that_was_asked() -> None:
    assert answer(chunk("x", "stop", model="other/model")).completion().model == "other/model"
    assert answer(chunk("x", "stop")).completion().model == "asked/model"
    assert answer(chunk("x", "stop", model="a\nb")).completion().model == "asked/model"


def test_the_id_of_the_header_stands_before_that_of_the_chunks() -> None:
    collected = Answer("m")
    collected.name("gen-1")
    collected.take(chunk("x", "stop", id="chatcmpl-2"))
    assert collected.completion().call_id == "gen-1"
    assert answer(chunk("x", id="chatcmpl-2"), chunk("y", "stop", id="chatcmpl-3")).completion().call_id == "chatcmpl-2"


@pytest.mark.parametrize("call_id", [None, "", 7, "a" * 129, "line\nbreak", "\u00e9"])
def test_an_id_that_is_none_is_not_taken(call_id: Any) -> None:
    assert answer(chunk("x", "stop", id=call_id)).completion().call_id is None


def test_the_last_bill_counts_and_may_come_after_the_finish() -> None:
    bill = b'{"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25}}'
    running = chunk("x", usage={"prompt_tokens": 5, "completion_tokens": 1})
    collected = answer(running, chunk(finish="stop", usage=None), bill, b" [DONE] ")
    assert collected.done
    assert collected.completion().usage == Usage(1, 5, 2, Decimal("0.25"))


@pytest.mark.parametrize(
    ("finish", "error", "code"),
    [
        ("length", InvalidOutputError, "output_truncated"),
        ("content_filter", PermanentProviderError, "output_filtered"),
        ("error", TransientProviderError, "provider_error"),
        ("tool_calls", InvalidOutputError, "output_invalid"),
        (None, TransientProviderError, "provider_stream_cut"),
    ],
)
def test_only_a_finish_that_means_the_end_gives_a_text(
    finish: str | None, error: type[ProviderError], code: str
) -> None:
    caught = failure(chunk("half of it"), chunk(finish=finish, usage={"cost": 0.5}, id="gen-1"), b"[DONE]")
    assert (type(caught), caught.code) == (error, code)
    assert (caught.usage, caught.call_id) == (Usage(1, 0, 0, Decimal("0.5")), "gen-1")


def test_a_finish_reason_that_nobody_knows_is_an_end() -> None:
    assert answer(chunk("x", "eos")).completion().text == "x"


@pytest.mark.parametrize("content", [None, "", " \n\t"])
def test_no_text_is_an_error_of_its_own(content: str | None) -> None:
    caught = failure(chunk(content, "stop"))
    assert (type(caught), caught.code) == (InvalidOutputError, "output_empty")


def test_a_refusal_is_one_even_beside_a_text() -> None:
    refusal = b'{"choices": [{"delta": {"content": "{}", "refusal": "I cannot"}, "finish_reason": "stop"}]}'
    caught = failure(refusal)
    assert (type(caught), caught.code) == (PermanentProviderError, "output_refused")


def test_an_error_in_the_stream_wins_over_the_text_before_and_keeps_a_bill_that_follows() -> None:
    caught = failure(
        chunk("half"), b'{"error": {"code": 429}}', b'{"usage": {"prompt_tokens": 3}}', chunk("more", "stop")
    )
    assert (type(caught), caught.code) == (TransientProviderError, "provider_rate_limited")
    assert caught.usage == Usage(1, 3)


def test_an_error_of_the_choice_is_an_error() -> None:
    caught = failure(b'{"choices": [{"error": {"code": 502}, "finish_reason": "stop", "delta": {"content": "x"}}]}')
    assert caught.code == "provider_unavailable"


def test_a_character_escaped_in_two_halves_is_one_even_across_chunks() -> None:
    first, second = b'{"choices": [{"delta": {"content": "\\ud83d"}}]}', chunk("x", "stop")
    joined = b'{"choices": [{"delta": {"content": "\\ude00"}}]}'
    assert answer(first, joined, second).completion().text == "\U0001f600x"


def test_half_a_character_is_no_text() -> None:
    caught = failure(b'{"choices": [{"delta": {"content": "\\ud83d"}, "finish_reason": "stop"}]}')
    assert (type(caught), caught.code) == (InvalidOutputError, "output_invalid")
    assert caught.__context__ is None


def test_bytes_that_are_not_utf_8_are_no_text() -> None:
    caught = failure(b'{"choices": [{"delta": {"content": "\xff"}}]}', chunk("x", "stop"))
    assert (type(caught), caught.code) == (InvalidOutputError, "output_invalid")


@pytest.mark.parametrize(
    "data", [b"{", b"<html>", b"7", b"null", b"[]", b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_what_is_not_a_chunk_breaks_the_protocol(data: bytes) -> None:
    caught = failure(data, chunk("x", "stop"))
    assert (type(caught), caught.code) == (TransientProviderError, "provider_error")


KEYS = st.sampled_from(["choices", "delta", "message", "content", "error", "usage", "id", "model", "refusal"])
SHAPES = st.recursive(
    st.sampled_from([None, True, 0, -1, 1.5, "", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(KEYS, SHAPES, max_size=4), max_size=3))
def test_no_shape_of_chunk_breaks_the_reading(chunks: list[Any]) -> None:
    collected = answer(*(json.dumps(item).encode() for item in chunks))
    with pytest.raises(ProviderError):
        collected.completion()
