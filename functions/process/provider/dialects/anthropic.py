"""Anthropic's Messages API, streamed. Clients of OpenAI's protocol reach it only through gateways."""

import json
from collections.abc import Mapping
from typing import Any

from functions.process.provider import exact
from functions.process.provider.answer import AnswerReader
from functions.process.provider.dialects.contract import Wired
from functions.process.provider.events import BodyFraming, Framing
from functions.process.provider.failures import OUTPUT_INVALID, PROTOCOL_BROKEN, STREAM_CUT, of_error
from functions.process.provider.report import Report, report_of, report_of_bytes
from functions.process.provider.request import ChatMessage, ModelRequest, label_headers, schema_for
from functions.process.provider.terms import Form, Terms
from functions.process.provider.usage import bill_of
from shared.domain.generation import Usage

_VERSION = "2023-06-01"
_THOUGHT_TOKENS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096}


class Anthropic:
    """The answer comes as a tool's arguments, which every Claude model supports with all of our bounds."""

    takes_key = True
    bill_id_header: str | None = None

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def call(self, request: ModelRequest, terms: Terms, api_key: str) -> Wired:
        fields = {name: value for name, value in _fields(request, terms).items() if name not in terms.without}
        headers = {
            "x-api-key": api_key,
            "anthropic-version": _VERSION,
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "unstuck",
        }
        body = json.dumps(fields, separators=(",", ":")).encode()
        names = frozenset(fields) - {"model", "messages", "max_tokens", "stream"}
        # Refusing a tool means refusing the form. The name in the weaker terms stands for both.
        names |= {"response_format"} if "tools" in fields else set()
        return Wired(f"{self._base_url}/messages", body, headers | label_headers(request), names - {"tools"})

    def framing(self, max_bytes: int) -> Framing:
        return BodyFraming(max_bytes)

    def read(self, answer: AnswerReader, event: bytes, *, last: bool) -> None:
        try:
            value = exact.loads(event.decode("utf-8-sig"))
        except UnicodeDecodeError:
            answer.fail(STREAM_CUT if last else OUTPUT_INVALID)
        except (ValueError, RecursionError):
            answer.fail(STREAM_CUT if last else PROTOCOL_BROKEN)
        else:
            if isinstance(value, dict):
                _read_event(answer, value)
            else:
                answer.odd()

    def refusal(self, body: bytes, _headers: Mapping[str, str]) -> Report:
        return report_of_bytes(body)

    def bill_request(self, _bill_id: str, _api_key: str) -> tuple[str, Mapping[str, str]] | None:
        return None

    def bill(self, _document: Any) -> Usage | None:
        return None


def _fields(request: ModelRequest, terms: Terms) -> dict[str, Any]:
    system = [turn.content for turn in request.messages if turn.role == "system"]
    fields: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_completion_tokens,
        "messages": [_turn(turn) for turn in request.messages if turn.role != "system"],
        "stream": True,
        "metadata": {"user_id": request.user},
    }
    if system:
        fields["system"] = "\n\n".join(system)
    if request.schema is not None and terms.form is Form.SCHEMA:
        schema = schema_for(request.schema, largest_bound=0)
        fields["tools"] = [{"name": request.schema_name, "description": "Give the answer.", "input_schema": schema}]
        # A thinking model cannot be forced to call a tool.
        forced = {"type": "tool", "name": request.schema_name}
        fields["tool_choice"] = {"type": "auto"} if request.reasoning_effort in _THOUGHT_TOKENS else forced
    if tokens := _THOUGHT_TOKENS.get(request.reasoning_effort):
        fields["thinking"] = {"type": "enabled", "budget_tokens": min(tokens, request.max_completion_tokens - 1)}
    return fields


def _turn(turn: ChatMessage) -> dict[str, str]:
    return {"role": turn.role, "content": turn.content}


def _read_event(answer: AnswerReader, event: dict[str, Any]) -> None:
    kind = event.get("type")
    if kind == "message_start" and isinstance(event.get("message"), dict):
        _head(answer, event["message"])
    elif kind == "message" or (kind is None and "content" in event):
        _whole(answer, event)
    elif kind == "content_block_start" and isinstance(event.get("content_block"), dict):
        _block(answer, event["content_block"], event.get("index"), whole=False)
    elif kind == "content_block_delta" and isinstance(event.get("delta"), dict):
        _delta(answer, event["delta"], event.get("index"))
    elif kind == "message_delta":
        delta = event.get("delta")
        answer.bill(bill_of(event.get("usage")))
        answer.finish(delta.get("stop_reason") if isinstance(delta, dict) else None)
    elif kind == "message_stop":
        answer.end()
    elif kind == "error" or event.get("error"):
        report = report_of(event)
        answer.fail(*of_error(report), refused=True, report=report)


def _head(answer: AnswerReader, message: dict[str, Any]) -> None:
    answer.name(message.get("id"))
    answer.written_by(message.get("model"))
    answer.bill(bill_of(message.get("usage")))


def _whole(answer: AnswerReader, message: dict[str, Any]) -> None:
    _head(answer, message)
    content = message.get("content")
    for index, block in enumerate(content if isinstance(content, list) else []):
        if isinstance(block, dict):
            _block(answer, block, index, whole=True)
    answer.finish(message.get("stop_reason"))


def _block(answer: AnswerReader, block: dict[str, Any], index: Any, *, whole: bool) -> None:
    if isinstance(block.get("text"), str):
        answer.text(block["text"])
    if block.get("type") == "tool_use":
        given = block.get("input")
        answer.tool(index, exact.dumps(given) if whole or given else "")


def _delta(answer: AnswerReader, delta: dict[str, Any], index: Any) -> None:
    if isinstance(delta.get("text"), str):
        answer.text(delta["text"])
    if isinstance(delta.get("partial_json"), str):
        answer.tool(index, delta["partial_json"])
    if isinstance(delta.get("thinking"), str):
        answer.reasoning(len(delta["thinking"]))
