"""Defines a behaviour's input and output: a question, and a plan of the answer. Plain data.

answering.py carries out a plan; behaviours.py lists the behaviours.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from local.model_server.conversation import BadRequestError, Conversation
from local.model_server.drawing import data_url, draw
from local.model_server.schema_fill import fill

FORMS = {
    "bare_usage": "the usage comes in a chunk without choices, as OpenAI's does",
    "bom": "a byte order mark comes first",
    "crlf": "lines end in CR LF",
    "no_done": "no [DONE] comes last",
    "quiet": "no comments",
    "unknown": "fields that nobody knows, in each event and in its JSON",
    "whole": "one JSON document, though a stream was asked for",
}
"""The points in which servers of the protocol differ, all of them allowed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned answer. Seconds may be infinite; `cut_at` and `error_at` are fractions of the content.

    A `status` other than 200 is a refusal with `message`. An `error_code` alone makes the whole body an error;
    `error_word` adds details, in servers of `error_form`. `late_seconds` pass before the first byte, including headers.
    `tool` is called beside the content, and `images` are URLs that come after it. `broken` ends the stream in the
    middle of an event's JSON. `forms` are names of FORMS. The first `late_bill` requests for the final bill find none.
    """

    content: str = ""
    repeat: int = 1
    status: int = 200
    message: str = ""
    retry_after: str | None = None
    error_word: str = ""
    error_form: Literal["openrouter", "openai"] = "openrouter"
    silent: bool = False
    late_seconds: float = 0
    wait_seconds: float = 0
    comment_every_seconds: float = 0.5
    spread_seconds: float = 0
    finish_reason: str | None = "stop"
    refusal: str | None = None
    tool: str | None = None
    images: tuple[str, ...] = ()
    cut_at: float | None = None
    error_at: float | None = None
    error_code: int = 0
    byok: bool = False
    with_usage: bool = True
    with_cost: bool = True
    with_id: bool = True
    late_bill: int = 0
    broken: bool = False
    forms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ask:
    """The input of a behaviour. `earlier` counts the previous calls of this model and conversation."""

    conversation: Conversation
    argument: str
    earlier: int

    @property
    def number(self) -> float:
        return _number(self.argument)

    @property
    def first_calls(self) -> tuple[float, float]:
        """The argument `N:SECONDS`: for how many first calls of the conversation, and the seconds."""
        calls, _, seconds = self.argument.partition(":")
        return _number(calls), _number(seconds)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise BadRequestError("The model's argument is not a number") from error
    if not 0 <= number < math.inf:
        raise BadRequestError("The model's argument is out of range")
    return number


@dataclass(frozen=True, slots=True)
class Behaviour:
    description: str
    plan: Callable[[Ask], Plan]
    default_argument: str = ""


def good(ask: Ask, **changes: Any) -> Plan:
    """The answer of a model that works, unless `changes` say otherwise."""
    conversation = ask.conversation
    if conversation.aspect_ratio is not None:
        picture = draw(conversation.source_text, ask.earlier, conversation.aspect_ratio)
        return Plan(**{"content": "Here is the picture.", "images": (data_url(picture),), **changes})
    if conversation.schema is None:
        content = f"Here is what the text says first: {conversation.source_text[:300]}"
    else:
        content = json.dumps(fill(conversation.schema, conversation.source_text, conversation.said), ensure_ascii=False)
    limit = conversation.max_tokens
    encoded = content.encode()
    if limit is not None and len(encoded) > limit * 4:
        changes = {"finish_reason": "length", **changes}
        content = encoded[: limit * 4].decode("utf-8", "ignore")
    return Plan(**{"content": content, **changes})
