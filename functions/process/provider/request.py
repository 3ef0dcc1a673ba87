"""A model's request and answer as values. Each dialect converts them to its wire format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.process.provider.pictures import DrawnPicture
from shared.domain.generation import Usage


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of the conversation. Its content is the user's and is not in the repr."""

    role: Literal["system", "user", "assistant"]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model that must answer with JSON of `schema`, or with a picture if `schema` is None.

    `user` is an opaque hash of the owner. `labels` become `X-Unstuck-<name>` headers: ids, never secrets; leave them
    empty if the server does not use them. Only OpenRouter gets `fallback_models`, and tries them in order.
    `reasoning_effort` is sent if it is not empty.
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
    """The aspect ratio of a picture, width to height."""
    reasoning_effort: str = ""

    @property
    def draws(self) -> bool:
        return self.schema is None


@dataclass(frozen=True, slots=True)
class Completion:
    """A complete answer: text, or at least one picture if requested.

    `model` is the one that wrote it. `usage` counts one call, zeros if the server sent no usage. `cost_told` is false
    if neither the server nor the deployment's prices give the cost. `tokens_missing` is true if the model has a price,
    but the server reported no tokens that it applies to.
    """

    text: str = field(repr=False)
    call_id: str | None
    model: str
    usage: Usage
    pictures: tuple[DrawnPicture, ...] = ()
    cost_told: bool = True
    tokens_missing: bool = False


BOUNDS = frozenset({
    "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "pattern", "format", "uniqueItems", "minProperties", "maxProperties",
})  # fmt: skip
_OF_NO_USE = frozenset({"title", "default"})


def schema_for(schema: Mapping[str, Any], *, largest_bound: int | None) -> dict[str, Any]:
    """Return the schema to send: every field required, no others, and no bound above `largest_bound`, if that is set.
    All bounds still hold: the prompt names them, and the answer is validated."""
    return {str(name): value for name, value in _sendable(dict(schema), largest_bound).items()}


def _sendable(schema: Any, largest: int | None) -> Any:
    if isinstance(schema, list):
        return [_sendable(part, largest) for part in schema]
    if not isinstance(schema, dict):
        return schema
    sent: dict[str, Any] = {}
    for name, value in schema.items():
        if name in ("properties", "$defs") and isinstance(value, dict):
            # The names below belong to the form, so any name is allowed.
            sent[name] = {field: _sendable(part, largest) for field, part in value.items()}
        elif name not in _OF_NO_USE and (name not in BOUNDS or _is_taken(value, largest)):
            sent[name] = _sendable(value, largest)
    if largest is not None and isinstance(sent.get("properties"), dict):
        sent |= {"required": list(sent["properties"]), "additionalProperties": False}
    return sent


def _is_taken(bound: Any, largest: int | None) -> bool:
    return largest is None or (isinstance(bound, int) and bound <= largest and largest > 0)


def label_headers(request: ModelRequest) -> dict[str, str]:
    """Return the labels as headers. No value can break a header."""
    return {
        "X-Unstuck-" + re.sub(r"[^A-Za-z0-9-]", "-", name): re.sub(r"[^!-~]", "-", value)
        for name, value in request.labels.items()
    }


def usable_key(api_key: str) -> str | None:
    """Return the key without surrounding whitespace; None if a header cannot hold it.

    The HTTP library would quote such a key in its error, which could reach a log.
    """
    key = api_key.strip()
    return key if key and key.isascii() and key.isprintable() and " " not in key else None
