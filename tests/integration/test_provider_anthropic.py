"""Anthropic's Messages as its documentation shows the stream, and the outcome of each of its endings."""

import json
from decimal import Decimal
from typing import Any

import pytest

from functions.process.ending import Ending
from functions.process.provider import Provider
from functions.process.provider.dialects.anthropic import Anthropic
from functions.process.provider.terms import Form, Terms
from shared.domain.errors import ProviderError
from shared.domain.model_prices import read_prices
from tests.factories import a_generation, an_input
from tests.integration.provider_servers import KEY, Asking, a_request, head, raw_server, saying
from tests.integration.wire_rig import Served
from tests.integration.worker_rig import CARDS, Rig

USAGE = {"input_tokens": 400, "cache_read_input_tokens": 72, "cache_creation_input_tokens": 0, "output_tokens": 1}


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events)


def start() -> dict[str, Any]:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "usage": USAGE,
    }
    return {"type": "message_start", "message": message}


def delta(**said: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 1, "delta": said}


def stop(reason: str, tokens: int = 89) -> list[dict[str, Any]]:
    ended = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": tokens}}
    return [{"type": "content_block_stop", "index": 1}, ended, {"type": "message_stop"}]


TOOL = {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "cards", "input": {}}}
PING = {"type": "ping"}


def ending_of(*sent: bytes) -> ProviderError:
    with raw_server(saying(*sent)) as server, pytest.raises(ProviderError) as caught:
        Asking().of(Provider(server.base_url, protocol="anthropic"))
    return caught.value


def test_the_form_comes_as_what_a_tool_is_called_with_after_thoughts_and_pings() -> None:
    thought = delta(type="thinking_delta", thinking="hmm")
    parts = [delta(type="input_json_delta", partial_json=part) for part in ("", '{"a"', ": 1}")]
    with raw_server(saying(head(), sse(start(), PING, thought, TOOL, *parts, PING, *stop("tool_use")))) as server:
        prices = read_prices(["claude*=3/15", "local/*=1/2"])
        completion = Asking().of(Provider(server.base_url, protocol="anthropic", prices=prices))
    assert (completion.text, completion.call_id, completion.model) == ('{"a": 1}', "msg_1", "claude-x")
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (472, 89)
    assert completion.usage.cost_usd == Decimal("0.00065"), "by the price of the model that was asked"
    line, _, rest = server.requests[0].partition(b"\r\n")
    assert line.startswith(b"POST /v1/messages ")
    assert f"x-api-key: {KEY}".encode() in rest
    assert b"Authorization" not in rest


def test_a_text_is_an_answer_too_and_so_is_one_that_is_not_streamed() -> None:
    text = [delta(type="text_delta", text=part) for part in ("{", "}")]
    whole = {"id": "msg_2", "type": "message", "content": [{"type": "text", "text": "{}"}], "stop_reason": "end_turn"}
    for body in (sse(start(), *text, *stop("end_turn")), json.dumps(whole | {"usage": USAGE}).encode()):
        with raw_server(saying(head("application/json"), body)) as server:
            assert Asking().of(Provider(server.base_url, protocol="anthropic")).text == "{}"


def test_the_input_that_the_cache_took_stays_counted_when_the_end_repeats_the_usage() -> None:
    said = delta(type="input_json_delta", partial_json='{"a": 1}')
    ended = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": USAGE | {"output_tokens": 89}}
    with raw_server(saying(head(), sse(start(), TOOL, said, ended, {"type": "message_stop"}))) as server:
        usage = Asking().of(Provider(server.base_url, protocol="anthropic")).usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (472, 89)


def test_numbers_stay_numbers_in_an_answer_that_is_not_streamed() -> None:
    block = {"type": "tool_use", "name": "cards", "input": {"share": 0.25, "places": [1, 2.5e3]}}
    whole = {"type": "message", "content": [block], "stop_reason": "tool_use", "usage": USAGE}
    with raw_server(saying(head("application/json"), json.dumps(whole).encode())) as server:
        text = Asking().of(Provider(server.base_url, protocol="anthropic")).text
    assert json.loads(text) == block["input"]


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("max_tokens", "output_truncated"),
        ("model_context_window_exceeded", "output_truncated"),
        ("refusal", "output_refused"),
    ],
)
def test_each_bad_end_is_what_it_says(reason: str, code: str) -> None:
    caught = ending_of(head(), sse(start(), TOOL, delta(type="input_json_delta", partial_json='{"a'), *stop(reason)))
    assert caught.code == code
    assert caught.usage is not None
    assert caught.usage.completion_tokens == 89


def test_an_error_in_the_stream_and_a_cut_are_tried_again() -> None:
    begun = sse(start(), TOOL, delta(type="input_json_delta", partial_json='{"a'))
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert ending_of(head(), begun + sse(overloaded)).code == "provider_unavailable"
    assert ending_of(head(), begun).code == "provider_stream_cut"


@pytest.mark.parametrize(
    ("status", "kind", "message", "code"),
    [
        (
            "400 Bad",
            "invalid_request_error",
            "Your credit balance is too low to access the API.",
            "provider_out_of_credit",
        ),
        ("401 No", "authentication_error", "invalid x-api-key", "provider_key_refused"),
        (
            "429 Slow",
            "rate_limit_error",
            "This request would exceed your organization's rate limit",
            "provider_rate_limited",
        ),
        ("529 Busy", "overloaded_error", "Overloaded", "provider_unavailable"),
        ("413 Big", "request_too_large", "Request exceeds the maximum size", "provider_input_too_large"),
        ("400 Bad", "invalid_request_error", "prompt is too long: 210000 tokens > 200000", "provider_input_too_large"),
    ],
)
def test_each_refusal_has_its_code(status: str, kind: str, message: str, code: str) -> None:
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    assert ending_of(head("application/json", status), body).code == code


def test_a_request_is_made_of_turns_without_our_own_words_among_them_and_of_a_tool() -> None:
    sent = json.loads(Anthropic("https://api.anthropic.com/v1").call(a_request(), Terms(), "key").body)
    assert [turn["role"] for turn in sent["messages"]] == ["user"]
    assert sent["system"] == "Make cards."
    assert sent["tool_choice"] == {"type": "tool", "name": "cards"}
    assert "maxLength" not in json.dumps(sent["tools"])
    weak = json.loads(Anthropic("https://x/v1").call(a_request(), Terms(form=Form.JSON_OBJECT), "key").body)
    assert not {"tools", "tool_choice"} & set(weak)


def test_a_worker_makes_cards(rig: Rig) -> None:
    said = delta(type="input_json_delta", partial_json=json.dumps(CARDS))
    created = rig.store.admission.create(a_generation(rig.clock), an_input())
    with raw_server(saying(head(), sse(start(), TOOL, said, *stop("tool_use")))) as server:
        handled = Served(rig, server.base_url, protocol="anthropic").handle(created)
    assert handled.ending is Ending.SUCCEEDED
    assert rig.steps(created)[0].result == CARDS
