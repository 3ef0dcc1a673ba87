"""Owns what each model of the server does: one table of names, each with a description and a plan.

It must not touch a socket: answering.py carries out a plan.
"""

import json
import math
import time
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from local.model_server import gullible
from local.model_server.conversation import BadRequestError, Conversation
from local.model_server.images import IMAGE_BEHAVIOURS
from local.model_server.plan import FORMS, Ask, Behaviour, Plan, good

HUGE_PIECE = "x" * 65_536
HUGE_PIECES = 800  # about 50 MB
INVALID_BYTE = "\udcff"  # the surrogateescape spelling of the byte 0xFF, which no UTF-8 text holds
NOT_JSON = "Sure! Here are some flashcards for you:\n\n1. What is a cell? - The unit of life."


def status(code: int, retry_after: str | None = None) -> Plan:
    return Plan(status=code, message="Provider returned error", retry_after=retry_after)


def _any_status(ask: Ask, **changes: Any) -> Plan:
    code, _, word = ask.argument.partition(":")
    if not code.isdecimal() or not 300 <= int(code) < 600:
        raise BadRequestError("The model takes a status from 300 to 599")
    return replace(status(int(code)), error_word=word, **changes)


def _differs(ask: Ask) -> Plan:
    forms = frozenset(ask.argument.split("+"))
    if not forms <= FORMS.keys():
        raise BadRequestError(f"local/differs takes {', '.join(FORMS)}, joined by +")
    return good(ask, forms=forms)


def _rate_limited(ask: Ask) -> Plan:
    if ask.argument == "date":
        return status(429, formatdate(time.time() + 30, usegmt=True))
    return status(429, ask.argument or None)


def _pace(ask: Ask) -> Plan:
    return good(ask, spread_seconds=len(good(ask).content) / max(1, ask.number))


def _repair(ask: Ask) -> Plan:
    if ask.conversation.answered_before:
        return good(ask)
    return good(ask, content=NOT_JSON) if ask.argument == "json" else _wrong_shape(ask)


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


def _stream_first(ask: Ask) -> Plan:
    calls, seconds = ask.first_calls
    return good(ask, spread_seconds=seconds if ask.earlier < calls else 0)


def _cut_first(ask: Ask, calls: float, **changes: Any) -> Plan:
    return good(ask, cut_at=0.5, **changes) if ask.earlier < calls else good(ask)


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
    "local/pace": Behaviour("As fast as real models write: :CHARACTERS of content a second.", _pace, "300"),
    "local/hang": Behaviour("Headers, then comments for ever.", lambda _: Plan(wait_seconds=math.inf)),
    "local/drip": Behaviour(
        "A comment every 0.1 s for ever, never content.",
        lambda _: Plan(wait_seconds=math.inf, comment_every_seconds=0.1),
    ),
    "local/silent": Behaviour("Takes the request and answers nothing at all.", lambda _: Plan(silent=True)),
    "local/429": Behaviour("Rate limited; :SECONDS or :date gives a Retry-After.", _rate_limited),
    "local/500": Behaviour("HTTP 500.", lambda _: status(500)),
    "local/503": Behaviour("HTTP 503; :SECONDS gives a Retry-After.", lambda ask: status(503, ask.argument or None)),
    "local/status": Behaviour(
        "The HTTP status :NNN, 300 to 599, and with :NNN:WORD the word where OpenRouter has it.", _any_status, "500"
    ),
    "local/openai": Behaviour(
        "As status, with the word where OpenAI has it.",
        lambda ask: _any_status(ask, error_form="openai"),
        "429:insufficient_quota",
    ),
    "local/late": Behaviour(
        "Not one byte for :SECONDS, then works.", lambda ask: good(ask, late_seconds=ask.number), "20"
    ),
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
    "local/stream_first": Behaviour(
        "Content spread evenly over SECONDS in the first calls of one conversation, :N:SECONDS, then works at once.",
        _stream_first,
        "1:20",
    ),
    "local/garbage": Behaviour("Content that is not JSON.", lambda ask: good(ask, content=NOT_JSON)),
    "local/schema": Behaviour("JSON of another shape than the schema's.", _wrong_shape),
    "local/repair": Behaviour(
        "JSON of another shape at first, or with :json none at all; works in a second turn.", _repair
    ),
    "local/tool": Behaviour(
        "Calls a tool instead of answering.", lambda _: Plan(tool="delete_cards", finish_reason="tool_calls")
    ),
    "local/gullible": Behaviour("Does whatever a line of the text asks, wherever it stands.", gullible.anywhere),
    "local/half_gullible": Behaviour(
        "Does what a line of the user's turn asks outside of the delimited data.", gullible.outside_the_data
    ),
    "local/differs": Behaviour(f"Works, in the form :NAME+NAME of {', '.join(FORMS)}.", _differs, "unknown"),
    "local/broken": Behaviour(
        "Half the content, then half an event and a proper end.", lambda ask: _half_way(ask, broken=True)
    ),
    "local/cut": Behaviour(
        "Closes the socket at the fraction :F of the content, inside a JSON string.",
        lambda ask: good(ask, cut_at=ask.number),
        "0.5",
    ),
    "local/cut_first": Behaviour(
        "Cut half way in the first :N calls of one conversation, then works.",
        lambda ask: _cut_first(ask, ask.number),
        "1",
    ),
    "local/late_bill": Behaviour(
        "Cut half way in the first call, whose bill is 404 for the first :N times that it is asked for; then works.",
        lambda ask: _cut_first(ask, 1, late_bill=int(ask.number)),
        "2",
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
    "local/no_finish": Behaviour(
        "All the content, but no finish_reason; with :cut no [DONE] either.",
        lambda ask: good(ask, finish_reason=None, forms=frozenset({"no_done"} if ask.argument == "cut" else ())),
    ),
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
    **IMAGE_BEHAVIOURS,
}


def make_plan(conversation: Conversation, earlier: int) -> tuple[str, Plan]:
    """Return who answers and how: the request's model, or its first fallback that does not refuse.

    Raises BadRequestError for a name that is not in the table.
    """
    model = conversation.model
    plan = _plan_of(model, conversation, earlier)
    for fallback in conversation.fallbacks:
        if plan.status == 200:
            break
        model, plan = fallback, _plan_of(fallback, conversation, earlier)
    return model, plan


def _plan_of(model: str, conversation: Conversation, earlier: int) -> Plan:
    name, _, argument = model.partition(":")
    behaviour = BEHAVIOURS.get(name)
    if behaviour is None:
        raise BadRequestError(f"{model[:80]} is not a valid model ID")
    return behaviour.plan(Ask(conversation, argument or behaviour.default_argument, earlier))
