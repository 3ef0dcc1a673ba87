"""OpenAI's Chat Completions, as OpenAI and the many "compatible" servers really speak it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from functions.process.provider import exact
from functions.process.provider.answer import AnswerReader
from functions.process.provider.dialects.contract import Wired
from functions.process.provider.events import BodyFraming, Framing
from functions.process.provider.failures import OUTPUT_INVALID, PROTOCOL_BROKEN, STREAM_CUT, of_error
from functions.process.provider.report import Report, report_of, report_of_bytes
from functions.process.provider.request import ModelRequest, label_headers, schema_for
from functions.process.provider.retry_after import retry_after_of
from functions.process.provider.terms import FORM_FIELD, MODALITIES_FIELD, Form, Modalities, Terms
from functions.process.provider.usage import bill_of, final_usage_of
from shared.domain.clock import SystemClock
from shared.domain.generation import Usage

_LIMITS = ("max_completion_tokens", "max_tokens")
# These cannot be omitted.
_ALWAYS = frozenset({"model", "messages"})
_FLAT_CODES = ("code", "error_code", "errorCode", "status_code")


class Compatible:
    """The smallest common form: Ollama, LM Studio, Mistral, DeepSeek, Groq, llama.cpp, vLLM, gateways."""

    takes_key = True
    bill_id_header: str | None = "X-Generation-Id"
    """OpenRouter's header. A gateway that forwards it also forwards the request for the cost."""
    limit_field = "max_tokens"
    """Older servers know only `max_tokens`; OpenAI's reasoning models refuse it."""
    effort_field = "reasoning_effort"

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def call(self, request: ModelRequest, terms: Terms, api_key: str) -> Wired:
        fields = {name: value for name, value in self._fields(request, terms).items() if name not in terms.without}
        body = json.dumps(fields, separators=(",", ":")).encode()
        headers = self._headers(api_key, "text/event-stream") | {"Content-Type": "application/json"}
        return Wired(
            f"{self._base_url}/chat/completions", body, headers | label_headers(request), frozenset(fields) - _ALWAYS
        )

    def framing(self, max_bytes: int) -> Framing:
        return BodyFraming(max_bytes)

    def read(self, answer: AnswerReader, event: bytes, *, last: bool) -> None:
        try:
            # A byte order mark before a whole answer does not make its JSON invalid.
            text = event.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            answer.fail(STREAM_CUT if last else OUTPUT_INVALID)
            return
        if not text.startswith(("{", "[")) or text.lower().startswith("[done"):
            self._word(answer, text)
            return
        try:
            for value in _values(text):
                self._value(answer, value)
        except (ValueError, RecursionError):
            # Invalid JSON at the body's end is a cut; in the middle it is a protocol error.
            answer.fail(STREAM_CUT if last else PROTOCOL_BROKEN)

    def refusal(self, body: bytes, _headers: Mapping[str, str]) -> Report:
        return report_of_bytes(body)

    def bill_request(self, bill_id: str, api_key: str) -> tuple[str, Mapping[str, str]] | None:
        return f"{self._base_url}/generation?id={quote(bill_id, safe='')}", self._headers(api_key, "application/json")

    def bill(self, document: Any) -> Usage | None:
        return final_usage_of(document.get("data")) if isinstance(document, dict) else None

    # The request.

    def _fields(self, request: ModelRequest, terms: Terms) -> dict[str, Any]:
        limit = self.limit_field
        if limit in terms.without:
            limit = next(name for name in _LIMITS if name != limit)
        return {
            "model": request.model,
            "messages": _messages(request, terms),
            "stream": True,
            limit: request.max_completion_tokens,
            "user": request.user,
            **({self.effort_field: request.reasoning_effort} if request.reasoning_effort else {}),
            **(self._picture_fields(request, terms) if request.draws else self._form_fields(request, terms)),
            **self._own_fields(request, terms),
        }

    def _form_fields(self, request: ModelRequest, terms: Terms) -> dict[str, Any]:
        if terms.form is Form.SCHEMA and request.schema is not None:
            schema = schema_for(request.schema, largest_bound=self.largest_bound(request.model))
            return {
                FORM_FIELD: {
                    "type": "json_schema",
                    "json_schema": {"name": request.schema_name, "strict": True, "schema": schema},
                }
            }
        return {FORM_FIELD: {"type": "json_object"}} if terms.form is Form.JSON_OBJECT else {}

    def _picture_fields(self, request: ModelRequest, terms: Terms) -> dict[str, Any]:
        modalities = {Modalities.PICTURE_AND_TEXT: ["image", "text"], Modalities.PICTURE: ["image"]}.get(
            terms.modalities
        )
        return {
            **({MODALITIES_FIELD: modalities} if modalities else {}),
            "image_config": {"aspect_ratio": request.aspect_ratio},
        }

    def _own_fields(self, _request: ModelRequest, _terms: Terms) -> dict[str, Any]:
        # Without it, servers stream no usage.
        return {"stream_options": {"include_usage": True}}

    def largest_bound(self, _model: str) -> int | None:
        """Return the largest bound of length or count that the schema may have; 0 for none, None for any."""
        return 0

    def _headers(self, api_key: str, accept: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {api_key}",
            "Accept": accept,
            # The limit on bytes limits memory only if nothing is compressed.
            "Accept-Encoding": "identity",
            "User-Agent": "unstuck",
        }

    # The response.

    def _word(self, answer: AnswerReader, text: str) -> None:
        if text.strip("[] \t").upper() == "DONE":
            answer.end()
        else:
            answer.odd()

    def _value(self, answer: AnswerReader, value: Any) -> None:
        if isinstance(value, list):
            for part in value:
                self._value(answer, part)
        elif isinstance(value, dict):
            self._chunk(answer, value)
        else:
            answer.odd()

    def _chunk(self, answer: AnswerReader, chunk: dict[str, Any]) -> None:
        answer.name(chunk.get("id"))
        answer.written_by(chunk.get("model"))
        for usage in (chunk.get("usage"), *_usages(chunk)):
            answer.bill(bill_of(usage))
        if (report := _error_in(chunk)) is not None:
            _fail(answer, report)
        choices = chunk.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                # The request asks for only one answer.
                if isinstance(choice, dict) and choice.get("index") in (None, 0, "0"):
                    self._choice(answer, choice)
                    break

    def _choice(self, answer: AnswerReader, choice: dict[str, Any]) -> None:
        if choice.get("error"):
            _fail(answer, report_of(choice["error"]))
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(delta, dict) and delta:
            self._part(answer, delta, whole=False)
        # A server that does not stream sends `message`. A streaming server may send the whole message again at the end.
        if isinstance(message, dict):
            self._part(answer, message, whole=True)
        elif isinstance(choice.get("text"), str) and choice["text"]:
            answer.text(choice["text"])
        answer.finish(choice.get("finish_reason"))

    def _part(self, answer: AnswerReader, part: dict[str, Any], *, whole: bool) -> None:
        if part.get("refusal"):
            answer.refuse()
        for name in ("reasoning_content", "reasoning", "thinking"):
            if isinstance(part.get(name), str):
                answer.reasoning(len(part[name]))
        text, pictures = _content_of(part.get("content"), answer)
        (answer.whole_text if whole else answer.text)(text)
        thinks = bool(part.get("reasoning_details") or part.get("reasoning"))
        images = part.get("images")
        for place, image in enumerate([*pictures, *(images if isinstance(images, list) else ())]):
            _picture(answer, image, place if whole else None, draft=thinks and not whole)
        if not (whole and answer.characters):
            _tools(answer, part)


class OpenAI(Compatible):
    """OpenAI itself, and Azure's."""

    limit_field = "max_completion_tokens"

    def largest_bound(self, _model: str) -> int | None:
        return None


def _messages(request: ModelRequest, terms: Terms) -> list[dict[str, str]]:
    messages = [{"role": turn.role, "content": turn.content} for turn in request.messages]
    if terms.system_in_user and len(messages) > 1 and messages[0]["role"] == "system":
        joined = f"{messages[0]['content']}\n\n{messages[1]['content']}"
        return [{"role": "user", "content": joined}, *messages[2:]]
    return messages


def _values(text: str) -> Iterator[Any]:
    """Yield each JSON value, ignoring any event framing between them."""
    # Deep nesting and long integers raise here.
    decoder, at = json.JSONDecoder(parse_float=exact.number), 0
    while True:
        at = _passed_over(text, at)
        if at >= len(text) or text.startswith("[DONE]", at):
            return
        value, at = decoder.raw_decode(text, at)
        yield value


def _passed_over(text: str, at: int) -> int:
    while True:
        begin = at
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if text.startswith("data:", at):
            at += 5
        if at == begin:
            return at


def _content_of(content: Any, answer: AnswerReader) -> tuple[str, list[Any]]:
    """Return the text and pictures of a content, which may be a list of parts. Thoughts are not text."""
    if isinstance(content, str):
        return content, []
    text, pictures = [], []
    for part in content if isinstance(content, list) else [content] if isinstance(content, dict) else []:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", "text"))
            if "think" in kind or "reason" in kind or part.get("thought") is True:
                answer.reasoning(1)
            elif isinstance(part.get("text"), str):
                text.append(part["text"])
            elif "image" in kind or "image_url" in part or "inline_data" in part or "inlineData" in part:
                pictures.append(part)
    return "".join(text), pictures


def _picture(answer: AnswerReader, image: Any, place: int | None, *, draft: bool) -> None:
    index = image.get("index") if isinstance(image, dict) else None
    answer.picture(image, index=place if index is None else index, draft=draft)


def _tools(answer: AnswerReader, part: dict[str, Any]) -> None:
    calls = part.get("tool_calls")
    named = [part["function_call"]] if isinstance(part.get("function_call"), dict) else []
    for place, call in enumerate([*(calls if isinstance(calls, list) else ()), *named]):
        if not isinstance(call, dict):
            continue
        function = call["function"] if isinstance(call.get("function"), dict) else call
        arguments = function.get("arguments", function.get("input"))
        said = arguments if isinstance(arguments, str) else exact.dumps(arguments) if arguments else ""
        answer.tool(call.get("index", place), said)


def _usages(chunk: dict[str, Any]) -> list[Any]:
    """Return usages in unusual places: Groq's own, and Moonshot's in the choice."""
    own = chunk.get("x_groq")
    choices = chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    return [own.get("usage") if isinstance(own, dict) else None, first.get("usage")]


def _error_in(chunk: dict[str, Any]) -> Report | None:
    """Return a chunk's error, under any name; None if there is none."""
    if error := chunk.get("error") or chunk.get("errors"):
        return report_of(error)
    base = chunk.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in (None, 0, "0"):
        return report_of(base)
    if chunk.get("choices"):
        return None
    flat = [chunk.get(name) for name in _FLAT_CODES]
    failed = any(code not in (None, 0, 200, "0", "200", "", "success", "ok") for code in flat)
    says = any(chunk.get(name) for name in ("message", "msg", "detail", "error_msg"))
    if chunk.get("object") == "error" or chunk.get("type") == "error" or (says and (failed or "detail" in chunk)):
        return report_of(chunk)
    return None


def _fail(answer: AnswerReader, report: Report) -> None:
    wait = retry_after_of({}, report.body, report.text, SystemClock().now())
    answer.fail(*of_error(report, told_wait=wait is not None), wait, refused=True, report=report)
