"""Reads a Chat Completions answer, streamed or whole. Servers differ in where they put things: this takes every place
that is known."""

import json
from collections.abc import Iterator
from typing import Any

from functions.process.provider import exact
from functions.process.provider.answer import AnswerReader
from functions.process.provider.failures import OUTPUT_INVALID, PROTOCOL_BROKEN, STREAM_CUT, of_error
from functions.process.provider.report import Report, report_of
from functions.process.provider.retry_after import retry_after_of
from functions.process.provider.usage import bill_of
from shared.domain.clock import SystemClock

_FLAT_CODES = ("code", "error_code", "errorCode", "status_code")


def read(answer: AnswerReader, event: bytes, *, last: bool) -> None:
    """Pass an event's content to `answer`; see `contract.Dialect.read`."""
    try:
        # A byte order mark before a whole answer does not make its JSON invalid.
        text = event.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        answer.fail(STREAM_CUT if last else OUTPUT_INVALID)
        return
    if not text.startswith(("{", "[")) or text.lower().startswith("[done"):
        _word(answer, text)
        return
    try:
        for value in _values(text):
            _value(answer, value)
    except (ValueError, RecursionError):
        # Invalid JSON at the body's end is a cut; in the middle it is a protocol error.
        answer.fail(STREAM_CUT if last else PROTOCOL_BROKEN)


def _word(answer: AnswerReader, text: str) -> None:
    if text.strip("[] \t").upper() == "DONE":
        answer.end()
    else:
        answer.odd()


def _value(answer: AnswerReader, value: Any) -> None:
    if isinstance(value, list):
        for part in value:
            _value(answer, part)
    elif isinstance(value, dict):
        _chunk(answer, value)
    else:
        answer.odd()


def _chunk(answer: AnswerReader, chunk: dict[str, Any]) -> None:
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
                _choice(answer, choice)
                break


def _choice(answer: AnswerReader, choice: dict[str, Any]) -> None:
    if choice.get("error"):
        _fail(answer, report_of(choice["error"]))
    delta, message = choice.get("delta"), choice.get("message")
    if isinstance(delta, dict) and delta:
        _part(answer, delta, whole=False)
    # A server that does not stream sends `message`. A streaming server may send the whole message again at the end.
    if isinstance(message, dict):
        _part(answer, message, whole=True)
    elif isinstance(choice.get("text"), str) and choice["text"]:
        answer.text(choice["text"])
    answer.finish(choice.get("finish_reason"))


def _part(answer: AnswerReader, part: dict[str, Any], *, whole: bool) -> None:
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
