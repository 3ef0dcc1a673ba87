"""Reads a chat completions request: its question, model, form and price.

It must not decide the answer.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from local.model_server.named_bounds import with_named_bounds

PROMPT_PRICE = 0.15e-6
COMPLETION_PRICE = 0.60e-6
_OPENING_LINE = re.compile(r"<(\w++)>[ \t]*+")


class BadRequestError(Exception):
    """The request cannot be understood; the message says why and echoes nothing of it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request for a completion, checked. `turns` are (role, text); all text is valid Unicode."""

    model: str
    fallbacks: tuple[str, ...]
    turns: tuple[tuple[str, str], ...]
    schema: dict[str, Any] | None
    stream: bool
    user: str | None
    max_tokens: int | None
    aspect_ratio: str | None = None
    """The aspect ratio of the requested picture, such as `16:9`; None if none is requested."""

    @property
    def fingerprint(self) -> str:
        """Hash of what the users said: the same for every try of the same conversation."""
        said = [text for role, text in self.turns if role == "user"]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def answered_before(self) -> bool:
        return any(role == "assistant" for role, _ in self.turns)

    @property
    def source_text(self) -> str:
        """The text between the newest lines of one tag, such as `<source_text>`, otherwise the newest words of the
        user."""
        said = [text for role, text in reversed(self.turns) if role == "user"]
        for text in said:
            if found := _tagged(text):
                return next(iter(found))[1]
        return said[0].strip() if said else ""

    @property
    def said(self) -> dict[str, str]:
        """The text between all tags, by tag, in the newest of the user's words that have any."""
        for role, text in reversed(self.turns):
            if role == "user" and (found := _tagged(text)):
                return dict(found)
        return {}

    @property
    def prompt_tokens(self) -> int:
        return sum(count_tokens(text) + 4 for _, text in self.turns)


def _tagged(text: str) -> list[tuple[str, str]]:
    """Return the text between the lines of a tag, including its tags: from the first opening one to the last closing
    one. One pass over the lines."""
    lines = text.split("\n")
    last = {line.rstrip(" \t"): at for at, line in enumerate(lines) if line.startswith("</")}
    found, at = [], 0
    while at < len(lines):
        opening = _OPENING_LINE.fullmatch(lines[at])
        end = last.get(f"</{opening[1]}>", 0) if opening else 0
        if opening and end > at + 1:
            found.append((opening[1], "\n".join(lines[at + 1 : end]).strip()))
            at = end
        at += 1
    return found


def count_tokens(text: str) -> int:
    """An estimate of a tokenizer's count: four UTF-8 bytes per token."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def price(prompt_tokens: int, completion_tokens: int) -> float:
    """US dollars, made up, but always the same for the same counts."""
    return round(prompt_tokens * PROMPT_PRICE + completion_tokens * COMPLETION_PRICE, 10)


def read_conversation(body: bytes) -> Conversation:
    """Read a request's body. Raises BadRequestError."""
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadRequestError("The body is not JSON") from error
    if not isinstance(data, dict):
        raise BadRequestError("The body is not a JSON object")
    models = [data.get("model"), *_list(data, "models")]
    names = [name for name in models if isinstance(name, str) and name]
    if not names:
        raise BadRequestError("No model is given")
    turns = tuple(_turn(message) for message in _list(data, "messages"))
    if not turns:
        raise BadRequestError("messages is missing or empty")
    max_tokens = data.get("max_completion_tokens", data.get("max_tokens"))
    user = data.get("user")
    return Conversation(
        model=names[0],
        fallbacks=tuple(names[1:]),
        turns=turns,
        schema=with_named_bounds(_schema(data.get("response_format")), turns[0][1]),
        stream=data.get("stream") is True,
        user=user if isinstance(user, str) else None,
        max_tokens=max_tokens if isinstance(max_tokens, int) and max_tokens > 0 else None,
        aspect_ratio=_aspect_ratio(data),
    )


def _list(data: dict[str, Any], name: str) -> list[Any]:
    value = data.get(name) or []
    if not isinstance(value, list):
        raise BadRequestError(f"{name} is not a list")
    return value


def _turn(message: object) -> tuple[str, str]:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise BadRequestError("A message has no role")
    content = message.get("content")
    if isinstance(content, list):  # OpenAI's parts; only text is read
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "\n".join(part for part in parts if isinstance(part, str))
    text = content if isinstance(content, str) else ""
    # JSON can spell half a surrogate pair, which no answer could contain.
    return message["role"], text.encode("utf-8", "replace").decode()


def _aspect_ratio(data: dict[str, Any]) -> str | None:
    if "image" not in _list(data, "modalities"):
        return None
    config = data.get("image_config")
    asked = config.get("aspect_ratio") if isinstance(config, dict) else None
    if asked is None:
        return "1:1"
    if not isinstance(asked, str) or not re.fullmatch(r"[1-9]\d?:[1-9]\d?", asked):
        raise BadRequestError("image_config.aspect_ratio is not of the form 16:9")
    return asked


def _schema(response_format: object) -> dict[str, Any] | None:
    if not isinstance(response_format, dict) or response_format.get("type") != "json_schema":
        return None
    wrapper = response_format.get("json_schema")
    schema = wrapper.get("schema") if isinstance(wrapper, dict) else None
    if not isinstance(schema, dict):
        raise BadRequestError("response_format.json_schema has no schema")
    return schema
