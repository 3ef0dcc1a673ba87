"""What is asked of a model and what it answers, and how the question is put to each kind of server.

Values and their wire form only: nothing here sends.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.process.provider.pictures import DrawnPicture
from shared.domain.generation import Usage


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of the conversation. Its content is the user's and stays out of the repr."""

    role: Literal["system", "user", "assistant"]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model that must answer with JSON after `schema`, or, where `schema` is None, with a picture.

    `user` is an opaque hash of the owner. `labels` become `X-Unstuck-<name>` headers: ids, never secrets; leave them
    empty where the server has no use for them. `fallback_models` are tried in order by OpenRouter alone; other
    servers are not told of them.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    schema_name: str
    schema: Mapping[str, Any] | None = field(repr=False)
    max_completion_tokens: int
    user: str
    labels: Mapping[str, str] = field(default_factory=dict)
    fallback_models: tuple[str, ...] = ()
    aspect_ratio: str = "1:1"
    """Of a picture, width to height."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer: text, or at least one picture where one was asked for.

    `model` is the one that wrote it; `usage` counts one call, zeros where no bill was sent.
    """

    text: str = field(repr=False)
    call_id: str | None
    model: str
    usage: Usage
    images: tuple[DrawnPicture, ...] = ()


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

PROTOCOLS = {"openrouter": OPENROUTER, "openai": OPENAI, "compatible": COMPATIBLE}
DIALECTS = {"openrouter.ai": OPENROUTER, "openai.com": OPENAI, "openai.azure.com": OPENAI}


def dialect_of(host: str, protocol: str = "auto") -> Dialect:
    """Return how to speak to `host`: as `protocol` says, or by its domain, or in the smallest common form.

    Raises ValueError for a protocol that there is not.
    """
    if protocol != "auto":
        if protocol not in PROTOCOLS:
            raise ValueError(f"the protocol must be auto or one of {', '.join(PROTOCOLS)}, and is {protocol!r}")
        return PROTOCOLS[protocol]
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
        dialect.limit_field: request.max_completion_tokens,
        "user": request.user,
        **_form_of(request, dialect),
    }
    if request.fallback_models and dialect.takes_fallbacks:
        body["models"] = list(request.fallback_models)
    return json.dumps(body, separators=(",", ":")).encode()


def _form_of(request: ModelRequest, dialect: Dialect) -> dict[str, Any]:
    """Return what asks for the answer's form."""
    if request.schema is not None:
        schema = {"name": request.schema_name, "strict": True, "schema": dict(request.schema)}
        return {"response_format": {"type": "json_schema", "json_schema": schema}, **dialect.extras}
    # `require_parameters` would drop every endpoint: they take these two and list neither.
    extras = {name: value for name, value in dialect.extras.items() if name != "provider"}
    return {"modalities": ["image", "text"], "image_config": {"aspect_ratio": request.aspect_ratio}, **extras}


def headers_of(request: ModelRequest, api_key: str) -> dict[str, str]:
    """Return the headers of the call; `api_key` must have passed `usable_key`."""
    headers = _headers(api_key, "text/event-stream") | {"Content-Type": "application/json"}
    for name, value in request.labels.items():
        headers["X-Unstuck-" + re.sub(r"[^A-Za-z0-9-]", "-", name)] = re.sub(r"[^!-~]", "-", value)
    return headers


def bill_headers(api_key: str) -> dict[str, str]:
    """Return the headers of a question for a bill; `api_key` must have passed `usable_key`."""
    return _headers(api_key, "application/json")


def _headers(api_key: str, accept: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {api_key}",
        "Accept": accept,
        # The cap on bytes is a cap on memory only while nothing is compressed.
        "Accept-Encoding": "identity",
        "User-Agent": "unstuck",
    }


def usable_key(api_key: str) -> str | None:
    """Return the key without surrounding whitespace, or None where it cannot stand in a header.

    The HTTP library would quote such a key in its own error, and from there it would reach a log.
    """
    key = api_key.strip()
    return key if re.fullmatch(r"[!-~]+", key) else None
