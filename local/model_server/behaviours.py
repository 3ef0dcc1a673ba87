"""Owns what each model of the server does: one table of names, each with a description and a plan.

A plan is data; it must not touch a socket. How it is carried out is in answering.py.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from local.model_server.conversation import BadRequestError, Conversation
from local.model_server.schema_fill import fill

HUGE_PIECE = "x" * 65_536
HUGE_PIECES = 800  # about 50 MB
INVALID_BYTE = "\udcff"  # the surrogateescape spelling of the byte 0xFF, which no UTF-8 text holds
NOT_JSON = "Sure! Here are some flashcards for you:\n\n1. What is a cell? - The unit of life."


@dataclass(frozen=True, slots=True)
class Plan:
    """One answer to be given. Seconds may be infinite; `cut_at` and `error_at` are fractions of the content.

    A `status` other than 200 is a refusal with `message`. An `error_code` alone makes the whole body an error.
    """

    content: str = ""
    repeat: int = 1
    status: int = 200
    message: str = ""
    retry_after: str | None = None
    silent: bool = False
    wait_seconds: float = 0
    comment_every_seconds: float = 0.5
    spread_seconds: float = 0
    finish_reason: str | None = "stop"
    refusal: str | None = None
    cut_at: float | None = None
    error_at: float | None = None
    error_code: int = 0
    byok: bool = False
    with_usage: bool = True
    with_cost: bool = True
    with_id: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """What a behaviour decides on. `earlier` counts the calls of this model and conversation before this."""

    conversation: Conversation
    argument: str
    earlier: int

    @property
    def number(self) -> float:
        return _number(self.argument)

    @property
    def first_calls(self) -> tuple[float, float]:
        """The argument `N:SECONDS`: for how many first calls of the conversation, and what."""
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
    if conversation.schema is None:
        content = f"Here is what the text says first: {conversation.source_text[:300]}"
    else:
        content = json.dumps(fill(conversation.schema, conversation.source_text), ensure_ascii=False)
    limit = conversation.max_tokens
    encoded = content.encode()
    if limit is not None and len(encoded) > limit * 4:
        changes = {"finish_reason": "length", **changes}
        content = encoded[: limit * 4].decode("utf-8", "ignore")
    return Plan(**{"content": content, **changes})


def status(code: int, retry_after: str | None = None) -> Plan:
    return Plan(status=code, message="Provider returned error", retry_after=retry_after)


def _any_status(ask: Ask) -> Plan:
    if not 300 <= ask.number < 600 or not ask.number.is_integer():
        raise BadRequestError("local/status takes a status from 300 to 599")
    return status(int(ask.number))


def _rate_limited(ask: Ask) -> Plan:
    if ask.argument == "date":
        return status(429, formatdate(time.time() + 30, usegmt=True))
    return status(429, ask.argument or None)


def _repair(ask: Ask) -> Plan:
    return good(ask) if ask.conversation.answered_before else _wrong_shape(ask)


def _wrong_shape(_: Ask) -> Plan:
    return Plan(content=json.dumps({"suggestions": [{"question": "What is a cell?"}], "note": 7}))


def _flaky(ask: Ask) -> Plan:
    return status(503) if ask.earlier < ask.number else good(ask)


def _limited(ask: Ask) -> Plan:
    calls, seconds = ask.first_calls
    return status(429, f"{seconds:g}") if ask.earlier < calls else good(ask)


def _slow_first(ask: Ask) -> Plan:
    calls, seconds = ask.first_calls
    return good(ask, wait_seconds=seconds if ask.earlier < calls else 0)


def _half_way(ask: Ask, **changes: Any) -> Plan:
    content = good(ask).content
    return good(ask, content=content[: len(content) // 2], **changes)


def _invalid_utf8(ask: Ask) -> Plan:
    content = good(ask).content
    middle = len(content) // 2
    return good(ask, content=content[:middle] + INVALID_BYTE + content[middle:])


def _refuse(_: Ask) -> Plan:
    return Plan(refusal="I am sorry, but I cannot help with that.")


BEHAVIOURS: dict[str, Behaviour] = {
    "local/cards": Behaviour("Works: answers at once, in the shape of the schema, from the text.", good),
    "local/slow": Behaviour(
        ":SECONDS of comments before the content.", lambda ask: good(ask, wait_seconds=ask.number), "20"
    ),
    "local/stream": Behaviour(
        "Content spread evenly over :SECONDS.", lambda ask: good(ask, spread_seconds=ask.number), "10"
    ),
    "local/hang": Behaviour("Headers, then comments for ever.", lambda _: Plan(wait_seconds=math.inf)),
    "local/drip": Behaviour(
        "A comment every 0.1 s for ever, never content.",
        lambda _: Plan(wait_seconds=math.inf, comment_every_seconds=0.1),
    ),
    "local/silent": Behaviour("Takes the request and answers nothing at all.", lambda _: Plan(silent=True)),
    "local/429": Behaviour("Rate limited; :SECONDS or :date gives a Retry-After.", _rate_limited),
    "local/500": Behaviour("HTTP 500.", lambda _: status(500)),
    "local/503": Behaviour("HTTP 503; :SECONDS gives a Retry-After.", lambda ask: status(503, ask.argument or None)),
    "local/status": Behaviour("The HTTP status :NNN, 300 to 599.", _any_status, "500"),
    "local/flaky": Behaviour("503 for the first :N calls of one conversation, then works.", _flaky, "1"),
    "local/limited": Behaviour(
        "429 with the Retry-After SECONDS for the first calls of one conversation, :N:SECONDS, then works.",
        _limited,
        "1:1",
    ),
    "local/slow_first": Behaviour(
        "SECONDS of comments before the content in the first calls of one conversation, :N:SECONDS, then works.",
        _slow_first,
        "1:20",
    ),
    "local/garbage": Behaviour("Content that is not JSON.", lambda ask: good(ask, content=NOT_JSON)),
    "local/schema": Behaviour("JSON of another shape than the schema's.", _wrong_shape),
    "local/repair": Behaviour("JSON of another shape at first; works in a second turn.", _repair),
    "local/cut": Behaviour(
        "Closes the socket at the fraction :F of the content, inside a JSON string.",
        lambda ask: good(ask, cut_at=ask.number),
        "0.5",
    ),
    "local/refuse": Behaviour("A refusal and no content.", _refuse),
    "local/length": Behaviour(
        "Half the content, finish_reason length.", lambda ask: _half_way(ask, finish_reason="length")
    ),
    "local/filter": Behaviour(
        "Half the content, finish_reason content_filter.",
        lambda ask: _half_way(ask, finish_reason="content_filter"),
    ),
    "local/finish_error": Behaviour(
        "Half the content, finish_reason error.", lambda ask: _half_way(ask, finish_reason="error")
    ),
    "local/no_finish": Behaviour("All the content, but no finish_reason.", lambda ask: good(ask, finish_reason=None)),
    "local/empty": Behaviour("No content at all.", lambda _: Plan()),
    "local/error_in_200": Behaviour(
        "HTTP 200 whose whole body is an error with the code :NNN.",
        lambda ask: Plan(error_code=int(ask.number), message="Upstream error"),
        "502",
    ),
    "local/error_in_stream": Behaviour(
        "Half the content, then an error with the code :NNN.",
        lambda ask: good(ask, error_at=0.5, error_code=int(ask.number), message="Provider disconnected"),
        "502",
    ),
    "local/huge": Behaviour("50 MB of content.", lambda ask: good(ask, content=HUGE_PIECE, repeat=HUGE_PIECES)),
    "local/utf8": Behaviour("A byte inside the content that is not UTF-8.", _invalid_utf8),
    "local/byok": Behaviour(
        "Works, billed to the user's own account: cost is the fee alone.", lambda ask: good(ask, byok=True)
    ),
    "local/no_usage": Behaviour("Works, reports no usage.", lambda ask: good(ask, with_usage=False)),
    "local/no_cost": Behaviour("Works, reports usage without cost.", lambda ask: good(ask, with_cost=False)),
    "local/no_id": Behaviour(
        "Works, gives no id, neither in a header nor in a chunk.", lambda ask: good(ask, with_id=False)
    ),
}


def make_plan(conversation: Conversation, earlier: int) -> Plan:
    """The plan for the request's model, or for its first fallback that does not refuse.

    Raises BadRequestError for a name that is not in the table.
    """
    plan = _plan_of(conversation.model, conversation, earlier)
    for fallback in conversation.fallbacks:
        if plan.status == 200:
            break
        plan = _plan_of(fallback, conversation, earlier)
    return plan


def _plan_of(model: str, conversation: Conversation, earlier: int) -> Plan:
    name, _, argument = model.partition(":")
    behaviour = BEHAVIOURS.get(name)
    if behaviour is None:
        raise BadRequestError(f"{model[:80]} is not a valid model ID")
    return behaviour.plan(Ask(conversation, argument or behaviour.default_argument, earlier))
