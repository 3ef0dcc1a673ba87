"""What is asked of a model and what it answers, and how the question is put to each kind of server.

Values and their wire form only: nothing here sends.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.generation import Usage


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation. Its content is the user's and stays out of the repr."""

    role: Literal["system", "user", "assistant"]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model that must answer with JSON after `schema`.

    `user` is an opaque hash of the owner. `labels` become `X-Unstuck-<name>` headers: ids, never secrets; leave them
    empty where the server has no use for them. `fallback_models` are tried in order by OpenRouter alone; other
    servers are not told of them.
    """

    model: str
    messages: tuple[Message, ...]
    schema_name: str
    schema: Mapping[str, Any] = field(repr=False)
    max_completion_tokens: int
    user: str
    labels: Mapping[str, str] = field(default_factory=dict)
    fallback_models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer. `model` is the one that wrote it; `usage` counts one call, zeros where no bill was sent."""

    text: str = field(repr=False)
    call_id: str | None
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Dialect:
    """What servers of one protocol disagree about: OpenAI and others refuse fields that they do not know."""

    limit_field: str
    extras: Mapping[str, Any]
    takes_fallbacks: bool = False


# OpenRouter always reports usage and calls `stream_options` without effect. With require_parameters it drops every
# endpoint that does not list each parameter sent, and most list `max_tokens`, not `max_completion_tokens`.
OPENROUTER = Dialect("max_tokens", {"provider": {"require_parameters": True}}, takes_fallbacks=True)
# OpenAI's reasoning models refuse `max_tokens`. Without `stream_options` no usage is streamed.
OPENAI = Dialect("max_completion_tokens", {"stream_options": {"include_usage": True}})
# Ollama, LM Studio, Mistral, and llama.cpp and vLLM in older versions know `max_tokens` alone.
COMPATIBLE = Dialect("max_tokens", {"stream_options": {"include_usage": True}})

DIALECTS = {"openrouter.ai": OPENROUTER, "openai.com": OPENAI, "openai.azure.com": OPENAI}


def dialect_of(host: str) -> Dialect:
    """Return how to speak to `host`: by its domain, or the smallest common form."""
    for domain, dialect in DIALECTS.items():
        if host == domain or host.endswith("." + domain):
            return dialect
    return COMPATIBLE


def body_of(request: ModelRequest, dialect: Dialect) -> bytes:
    """Return the JSON of the call."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in request.messages],
        "stream": True,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": request.schema_name, "strict": True, "schema": dict(request.schema)},
        },
        dialect.limit_field: request.max_completion_tokens,
        "user": request.user,
        **dialect.extras,
    }
    if request.fallback_models and dialect.takes_fallbacks:
        body["models"] = list(request.fallback_models)
    return json.dumps(body, separators=(",", ":")).encode()


def headers_of(request: ModelRequest, api_key: str) -> dict[str, str]:
    """Return the headers of the call; `api_key` must have passed `usable_key`."""
    headers = {
        "Authorization": f"Bearer {api_key}",
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        # The cap on bytes is a cap on memory only while nothing is compressed.
        "Accept-Encoding": "identity",
        "User-Agent": "unstuck",
    }
    for name, value in request.labels.items():
        headers["X-Unstuck-" + re.sub(r"[^A-Za-z0-9-]", "-", name)] = re.sub(r"[^!-~]", "-", value)
    return headers


def usable_key(api_key: str) -> str | None:
    """Return the key without surrounding whitespace, or None where it cannot stand in a header.

    The HTTP library would quote such a key in its own error, and from there it would reach a log.
    """
    key = api_key.strip()
    return key if re.fullmatch(r"[!-~]+", key) else None
