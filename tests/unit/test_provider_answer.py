"""The result of a series of chunks."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.process.provider.answer import AnswerReader
from functions.process.provider.dialects.chat_completions import Compatible
from shared.domain.errors import (
    InvalidOutputError,
    PermanentProviderError,
    ProtocolBrokenError,
    ProviderError,
    TransientProviderError,
)
from shared.domain.generation import Usage


def chunk(content: Any = None, finish: str | None = None, **top: Any) -> bytes:
    return json.dumps({"choices": [{"delta": {"content": content}, "finish_reason": finish}], **top}).encode()


def read(collected: AnswerReader, *events: bytes) -> AnswerReader:
    for event in events:
        Compatible("http://127.0.0.1").read(collected, event, last=False)
    return collected


def answer(*events: bytes) -> AnswerReader:
    return read(AnswerReader("asked/model"), *events)


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
    collected = AnswerReader("m")
    collected.name("gen-1")
    read(collected, chunk("x", "stop", id="chatcmpl-2"))
    assert collected.completion().call_id == "gen-1"
    assert answer(chunk("x", id="chatcmpl-2"), chunk("y", "stop", id="chatcmpl-3")).completion().call_id == "chatcmpl-2"


@pytest.mark.parametrize("call_id", [None, "", 7, "a" * 129, "line\nbreak", "\u00e9"])
def test_an_id_that_is_none_is_not_taken(call_id: Any) -> None:
    assert answer(chunk("x", "stop", id=call_id)).completion().call_id is None


ENDLESS = "1e99999999999999999999"
"""JSON, but no decimal number."""


def test_a_number_beyond_any_exponent_costs_no_answer() -> None:
    event = chunk("x", "stop", usage={"cost": 1}, logprobs=2).decode()
    for number in (ENDLESS, f"-{ENDLESS}", "1e-99999999999999999999"):
        odd = event.replace('"cost": 1', f'"cost": {number}').replace('"logprobs": 2', f'"logprobs": {number}')
        completion = answer(odd.encode()).completion()
        assert (completion.text, completion.usage, completion.cost_told) == ("x", Usage(calls=1), False)


def test_an_error_with_a_number_beyond_any_exponent_is_still_read() -> None:
    said = f'{{"message": "Overloaded", "code": 503, "at": {ENDLESS}}}'
    assert failure(f'{{"error": {said}}}'.encode()).code == "provider_unavailable"
    nested = json.dumps({"error": {"message": said}})
    assert failure(nested.encode()).code == "provider_unavailable"


def test_a_tools_numbers_stay_numbers() -> None:
    said = {"arguments": {"share": 0.25, "places": [1, 2.5e3]}}
    choice = {"message": {"tool_calls": [{"function": said}]}, "finish_reason": "tool_calls"}
    assert json.loads(answer(json.dumps({"choices": [choice]}).encode()).completion().text) == said["arguments"]


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
    assert caught.usage == Usage(1, 0, 0, Decimal("0.5"))


@pytest.mark.parametrize("finish", ["", "null", "None", " ", "banana", "7"])
def test_a_finish_that_nobody_knows_is_none(finish: str) -> None:
    assert failure(chunk('{"half": ', finish), chunk(finish=finish), b"[DONE]").code == "provider_stream_cut"
    assert answer(chunk('{"a": 1}', finish), b"[DONE]").completion().text == '{"a": 1}'
    assert failure(chunk('{"a": 1}', finish)).code == "provider_stream_cut", "nothing has said that it is over"


@pytest.mark.parametrize(
    "finish", ["stop", "STOP", "end_turn", "EOS", "complete", "stop_sequence", "FINISH_REASON_STOP"]
)
def test_an_end_in_any_spelling_is_one(finish: str) -> None:
    assert answer(chunk("x", finish)).completion().text == "x"


@pytest.mark.parametrize(
    ("finish", "code"),
    [
        *((word, "output_truncated") for word in ("MAX_TOKENS", "model_length", "max-tokens", "max output tokens")),
        *((word, "output_filtered") for word in ("SAFETY", "RECITATION", "PROHIBITED_CONTENT", "sensitive")),
        *((word, "provider_error") for word in ("abort", "cancelled", "insufficient_system_resource", "network_error")),
        ("refusal", "output_refused"),
    ],
)
def test_a_bad_end_in_any_spelling_is_what_it_says(finish: str, code: str) -> None:
    assert failure(chunk("{"), chunk(finish=finish)).code == code


def test_a_stop_in_every_chunk_is_no_end_of_a_stump() -> None:
    assert failure(chunk('{"a"', "stop"), chunk(": [1, ", "stop")).code == "provider_stream_cut"
    whole = answer(chunk('{"a"', "stop"), chunk(": [1]}", "stop"))
    assert (whole.settled(), whole.completion().text) == (True, '{"a": [1]}')
    half = answer(chunk('{"a"', "stop"), chunk(": [1, ", "stop"))
    assert (half.finished, half.settled()) == (True, False)


def test_content_after_a_finish_opens_the_answer_again() -> None:
    collected = answer(chunk("{}", "stop"))
    assert collected.finished
    assert not read(collected, chunk(" ")).finished
    assert read(collected, chunk(finish="stop")).finished


@pytest.mark.parametrize("content", [
    [{"type": "text", "text": "{}"}], [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "{}"}], ["{}"],
    {"type": "text", "text": "{}"}, [{"type": "output_text", "text": "{}"}], [{"text": "{}"}],
])  # fmt: skip
def test_content_may_be_a_list_of_parts(content: Any) -> None:
    assert answer(chunk(content, "stop")).completion().text == "{}"
    message = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    assert answer(json.dumps(message).encode()).completion().text == "{}"


def test_only_the_first_choice_counts() -> None:
    other = b'{"choices": [{"index": 1, "delta": {"content": "NO"}, "finish_reason": "length"}]}'
    both = b'{"choices": [{"index": 1, "delta": {"content": "NO"}}, {"index": 0, "delta": {"content": "{}"}}]}'
    assert answer(other, both, other, chunk(finish="stop")).completion().text == "{}"


def test_a_whole_message_after_deltas_is_not_appended() -> None:
    again = {"choices": [{"delta": {}, "message": {"content": "{}", "tool_calls": []}, "finish_reason": "stop"}]}
    assert answer(chunk("{"), chunk("}"), json.dumps(again).encode()).completion().text == "{}"


@pytest.mark.parametrize("finish", ["tool_calls", "stop", "function_call", "tool_use"])
@pytest.mark.parametrize("content", [None, "", "I will call the tool."])
def test_a_tool_may_bring_the_form(finish: str, content: Any) -> None:
    def tool(arguments: Any, **more: Any) -> bytes:
        called = {"index": 0, "function": {"arguments": arguments}} | more
        return json.dumps({"choices": [{"delta": {"content": content, "tool_calls": [called]}}]}).encode()

    parts = answer(tool("", id="c"), tool('{"a"'), tool(": 1}"), chunk(finish=finish)).completion()
    assert parts.text == '{"a": 1}'
    assert json.loads(answer(tool({"a": 1}), chunk(finish=finish)).completion().text) == {"a": 1}
    old = {"choices": [{"delta": {"function_call": {"name": "f", "arguments": '{"a": 1}'}}, "finish_reason": finish}]}
    assert answer(json.dumps(old).encode()).completion().text == '{"a": 1}'


@pytest.mark.parametrize("error", [
    {"error": "Insufficient Balance"}, {"code": 1113, "msg": "no balance"}, {"detail": "Budget has been exceeded"},
    {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, {"errors": [{"code": "no_credits"}]},
    {"object": "error", "message": "You ran out of credit"}, {"type": "error", "error": {"type": "billing_error"}},
])  # fmt: skip
def test_an_error_is_one_in_whatever_shape_it_comes(error: Any) -> None:
    for event in (error, [error]):
        caught = failure(json.dumps(event).encode(), chunk("x", "stop"))
        assert (caught.code, caught.unpaid) == ("provider_out_of_credit", True)
    assert not failure(chunk("{"), json.dumps(error).encode()).unpaid, "the model had begun"


@pytest.mark.parametrize(
    "more", [{"code": 0, "msg": ""}, {"code": 200, "message": "success"}, {"error": None}, {"errors": []}]
)
def test_a_code_that_says_all_is_well_is_no_error(more: dict[str, Any]) -> None:
    assert answer(chunk("{}", "stop", **more), json.dumps(more).encode()).completion().text == "{}"


@pytest.mark.parametrize("word", [b"ping", b": OPENROUTER PROCESSING", b"null", b"7", b"<html>"])
def test_what_is_no_chunk_is_passed_over_where_a_whole_answer_comes(word: bytes) -> None:
    assert answer(word, chunk("{}"), word, chunk(finish="stop"), word).completion().text == "{}"


def test_what_thinking_has_eaten_is_said() -> None:
    usage = {"completion_tokens": 8000, "completion_tokens_details": {"reasoning_tokens": 7990}}
    assert "7990 tokens went into thinking" in failure(chunk("", "length", usage=usage)).message
    thought = b'{"choices": [{"delta": {"reasoning_content": "hmm"}, "finish_reason": "stop"}]}'
    assert "thinking" in failure(thought).message


def test_a_text_of_more_than_a_megabyte_is_too_large_and_a_picture_beside_one_is_not() -> None:
    piece = chunk("x" * 300_000)
    assert failure(piece, piece, piece, piece, chunk(finish="stop")).code == "output_too_large"
    assert len(answer(piece, piece, piece, chunk(finish="stop")).completion().text) == 900_000


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


@pytest.mark.parametrize("data", [b"{", b"{not json}", b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_what_is_not_a_chunk_breaks_the_protocol(data: bytes) -> None:
    caught = failure(data, chunk("x", "stop"))
    assert (type(caught), caught.code) == (ProtocolBrokenError, "provider_protocol_broken")


def test_a_stream_of_nothing_known_breaks_the_protocol() -> None:
    assert failure(b"hello", b"<html>", b"[DONE]").code == "provider_protocol_broken"


KEYS = st.sampled_from(
    [
        "choices",
        "delta",
        "message",
        "content",
        "error",
        "usage",
        "id",
        "model",
        "refusal",
        "tool_calls",
        "index",
        "images",
        "message",
        "code",
        "type",
    ]
)
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
