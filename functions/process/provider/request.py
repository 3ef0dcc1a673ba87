"""What is asked of a model and what it answers. Values only: how they are put on a wire is each dialect's own."""

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
    servers are not told of them. `reasoning_effort` is sent where it is not empty.
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
    reasoning_effort: str = ""

    @property
    def draws(self) -> bool:
        return self.schema is None


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer: text, or at least one picture where one was asked for.

    `model` is the one that wrote it; `usage` counts one call, zeros where no bill was sent. `cost_told` is false where
    neither the server nor a price of the deployment's says what it cost.
    """

    text: str = field(repr=False)
    call_id: str | None
    model: str
    usage: Usage
    pictures: tuple[DrawnPicture, ...] = ()
    cost_told: bool = True


BOUNDS = frozenset({
    "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "pattern", "format", "uniqueItems", "minProperties", "maxProperties",
})  # fmt: skip
_OF_NO_USE = frozenset({"title", "default"})


def schema_for(schema: Mapping[str, Any], *, largest_bound: int | None) -> dict[str, Any]:
    """Return the schema as it is sent: every field required and none beside, and with no bound above `largest_bound`,
    where that is not None. All hold in any case: the prompt names them, and the answer is checked against them."""
    return {str(name): value for name, value in _sendable(dict(schema), largest_bound).items()}


def _sendable(schema: Any, largest: int | None) -> Any:
    if isinstance(schema, list):
        return [_sendable(part, largest) for part in schema]
    if not isinstance(schema, dict):
        return schema
    sent: dict[str, Any] = {}
    for name, value in schema.items():
        if name in ("properties", "$defs") and isinstance(value, dict):
            # The names below are the form's own, whatever they are.
            sent[name] = {field: _sendable(part, largest) for field, part in value.items()}
        elif name not in _OF_NO_USE and (name not in BOUNDS or _is_taken(value, largest)):
            sent[name] = _sendable(value, largest)
    if largest is not None and isinstance(sent.get("properties"), dict):
        sent |= {"required": list(sent["properties"]), "additionalProperties": False}
    return sent


def _is_taken(bound: Any, largest: int | None) -> bool:
    return largest is None or (isinstance(bound, int) and bound <= largest and largest > 0)


def label_headers(request: ModelRequest) -> dict[str, str]:
    """Return what the labels are as headers, which no value can break."""
    return {
        "X-Unstuck-" + re.sub(r"[^A-Za-z0-9-]", "-", name): re.sub(r"[^!-~]", "-", value)
        for name, value in request.labels.items()
    }


def usable_key(api_key: str) -> str | None:
    """Return the key without surrounding whitespace, or None where it cannot stand in a header.

    The HTTP library would quote such a key in its own error, and from there it would reach a log.
    """
    key = api_key.strip()
    return key if key and key.isascii() and key.isprintable() and " " not in key else None
