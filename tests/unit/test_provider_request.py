"""The request as each kind of server wants it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.process.provider import ChatMessage, Completion, ModelRequest
from functions.process.provider.dialects import dialect_for
from functions.process.provider.request import label_headers, usable_key
from functions.process.provider.terms import Terms
from shared.domain.generation import Usage

REQUEST = ModelRequest(
    model="some/model",
    messages=(ChatMessage("system", "be brief"), ChatMessage("user", "the user's \U0001f600 text")),
    schema_name="flashcards",
    schema={"type": "object"},
    max_completion_tokens=500,
    user="owner-hash",
    labels={"Generation": "g-1", "Step": "draft"},
    fallback_models=("other/model",),
)


def body_for(host: str, request: ModelRequest = REQUEST, terms: Terms = Terms()) -> Any:  # noqa: B008 (frozen)
    return json.loads(dialect_for(f"https://{host}/v1", host).call(request, terms, "key").body)


def test_what_every_server_gets() -> None:
    body = body_for("127.0.0.1")
    assert body["model"] == "some/model"
    assert body["messages"][1] == {"role": "user", "content": "the user's \U0001f600 text"}
    assert body["stream"] is True
    assert body["user"] == "owner-hash"
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "flashcards", "strict": True, "schema": {"type": "object"}},
    }


@pytest.mark.parametrize("host", ["openrouter.ai", "eu.openrouter.ai"])
def test_openrouter_gets_its_own_fields_and_none_that_would_leave_no_endpoint(host: str) -> None:
    body = body_for(host)
    assert body["provider"] == {"require_parameters": True}
    assert body["models"] == ["other/model"]
    assert body["max_tokens"] == 500
    assert not {"max_completion_tokens", "stream_options", "usage"} & set(body)


@pytest.mark.parametrize(
    ("host", "limit", "other"),
    [
        ("api.openai.com", "max_completion_tokens", "max_tokens"),
        ("mine.openai.azure.com", "max_completion_tokens", "max_tokens"),
        ("127.0.0.1", "max_tokens", "max_completion_tokens"),
        ("api.mistral.ai", "max_tokens", "max_completion_tokens"),
        ("notopenrouter.ai", "max_tokens", "max_completion_tokens"),
    ],
)
def test_other_servers_get_no_field_of_openrouter(host: str, limit: str, other: str) -> None:
    body = body_for(host)
    assert body[limit] == 500
    assert body["stream_options"] == {"include_usage": True}
    assert not {"provider", "models", "usage", other} & set(body)


def test_labels_become_headers_that_no_value_can_break() -> None:
    request = ModelRequest("m", (), "s", {}, 1, "u", {"Step": "a\r\nX: b \u00e9", "bad name:": "x"})
    headers = label_headers(request)
    assert headers["X-Unstuck-Step"] == "a--X:-b--"
    assert headers["X-Unstuck-bad-name-"] == "x"


@pytest.mark.parametrize("key", ["sk-1", "  sk-1\n"])
def test_whitespace_around_a_key_is_dropped(key: str) -> None:
    assert usable_key(key) == "sk-1"


@pytest.mark.parametrize("key", ["", "  ", "sk 1", "sk\n1", "sk-\u00e9", "sk\x00"])
def test_a_key_that_no_header_may_hold_is_none(key: str) -> None:
    assert usable_key(key) is None


def test_neither_prompt_nor_answer_is_in_a_repr() -> None:
    assert "text" not in repr(REQUEST)
    assert "cards" not in repr(Completion("the cards", None, "m", Usage()))


BOUNDED = {
    "type": "object",
    "title": "Output",
    "properties": {
        "cards": {"type": "array", "minItems": 1, "maxItems": 30, "items": {"$ref": "#/$defs/Card"}},
        "maxLength": {"type": "string", "maxLength": 9, "default": ""},
    },
    "required": ["cards"],
    "$defs": {"Card": {"type": "object", "properties": {"front": {"type": "string", "minLength": 1}}}},
}


@pytest.mark.parametrize(
    ("host", "model", "bounds"),
    [
        ("api.openai.com", "gpt-5", True),
        ("openrouter.ai", "openai/gpt-5", True),
        ("openrouter.ai", "anthropic/claude", False),
        ("api.groq.com", "llama", False),
        ("127.0.0.1", "any", False),
    ],
)
def test_bounds_are_sent_only_to_those_that_are_known_to_take_them(host: str, model: str, bounds: bool) -> None:
    request = replace(REQUEST, schema=BOUNDED, model=model)
    schema = body_for(host, request)["response_format"]["json_schema"]["schema"]
    for word in ("minItems", "maxItems", "minLength"):
        assert (f'"{word}":' in json.dumps(schema)) is bounds
    assert "maxLength" in schema["properties"], "a field of the form may have any name"
    if not bounds:
        assert schema["required"] == ["cards", "maxLength"]
        assert schema["$defs"]["Card"]["additionalProperties"] is False


@pytest.mark.parametrize(("host", "found"), [("openrouter.ai", {"effort": "low"}), ("api.openai.com", "low")])
def test_an_effort_is_asked_for_where_the_deployment_names_one(host: str, found: Any) -> None:
    body = body_for(host, replace(REQUEST, reasoning_effort="low"))
    assert body.get("reasoning", body.get("reasoning_effort")) == found
    assert not {"reasoning", "reasoning_effort"} & set(body_for(host))


def test_a_grammar_gets_the_bounds_that_it_can_hold() -> None:
    schema = BOUNDED | {"properties": {"long": {"type": "string", "minLength": 1, "maxLength": 8_000}}}
    wired = dialect_for("http://127.0.0.1/v1", "127.0.0.1", "llamacpp").call(
        replace(REQUEST, schema=schema), Terms(), "key"
    )
    sent = json.loads(wired.body)["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["long"] == {"type": "string", "minLength": 1}
    assert sent["$defs"]["Card"]["properties"]["front"]["minLength"] == 1
