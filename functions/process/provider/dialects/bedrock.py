"""Amazon Bedrock's ConverseStream: signed with the function's own rights, its event stream read by botocore's parser.

botocore does not send the call: nothing could close botocore's own call before its first byte, and it has no deadline.
"""

import json
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.eventstream import EventStreamBuffer, EventStreamMessage, ParserError
from botocore.session import Session

from functions.process.provider import exact
from functions.process.provider.answer import AnswerReader
from functions.process.provider.dialects.contract import Wired
from functions.process.provider.events import Framing, TooLongError
from functions.process.provider.failures import KEY_REFUSED, PROTOCOL_BROKEN, of_error
from functions.process.provider.report import Report, report_of, report_of_bytes
from functions.process.provider.request import ModelRequest, schema_for
from functions.process.provider.terms import Form, Terms
from functions.process.provider.usage import bill_of
from shared.domain.generation import Usage

_NOT_BEDROCK = "openrouter.ai"
"""The host of the parameter's default, which means the region's own endpoint."""

_CHINA = "cn-"
_PRELUDE_BYTES = 12


class Bedrock:
    """`base_url` is the endpoint. OpenRouter's means the endpoint of the function's region."""

    takes_key = False
    bill_id_header: str | None = None

    def __init__(self, base_url: str) -> None:
        self._region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
        suffix = "amazonaws.com.cn" if self._region.startswith(_CHINA) else "amazonaws.com"
        own = f"https://bedrock-runtime.{self._region}.{suffix}"
        self._base_url = own if urlsplit(base_url).hostname == _NOT_BEDROCK else base_url.rstrip("/")
        self._session: Session | None = None
        self._lock = threading.Lock()

    def call(self, request: ModelRequest, terms: Terms, api_key: str) -> Wired:  # noqa: ARG002 (it is signed instead)
        fields = {name: value for name, value in _fields(request, terms).items() if name not in terms.without}
        body = json.dumps(fields, separators=(",", ":")).encode()
        url = f"{self._base_url}/model/{quote(request.model, safe='')}/converse-stream"
        headers = {"Content-Type": "application/json", "Accept": "application/vnd.amazon.eventstream"}
        names = frozenset(fields) - {"messages", "inferenceConfig"}
        names |= {"response_format"} if "toolConfig" in fields else set()
        return Wired(url, body, self._signed(url, body, headers), names - {"toolConfig"})

    def _signed(self, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        with self._lock:
            self._session = self._session or Session()
            # Credentials are refreshed when they expire, so each call gets them again.
            credentials = self._session.get_credentials()
        if credentials is None:
            raise KEY_REFUSED.raised("the function has no AWS credentials", unpaid=True)
        aws = AWSRequest("POST", url, data=body, headers=headers)
        SigV4Auth(credentials.get_frozen_credentials(), "bedrock", self._region).add_auth(aws)
        return dict(aws.headers.items()) | {"Accept-Encoding": "identity", "User-Agent": "unstuck"}

    def framing(self, max_bytes: int) -> Framing:
        return EventStreamFraming(max_bytes)

    def read(self, answer: AnswerReader, event: bytes, *, last: bool) -> None:  # noqa: ARG002 (frames come whole)
        try:
            value = exact.loads(event)
        except (ValueError, RecursionError):
            answer.fail(PROTOCOL_BROKEN)
            return
        for name, said in value.items() if isinstance(value, dict) else ():
            _read_event(answer, name, said if isinstance(said, dict) else {})

    def refusal(self, body: bytes, headers: Mapping[str, str]) -> Report:
        # https://awslabs.github.io/smithy/2.0/aws/protocols/aws-restjson1-protocol.html: name, and perhaps a URL.
        return report_of_bytes(body, headers.get("x-amzn-errortype", "").partition(":")[0])

    def bill_request(self, _bill_id: str, _api_key: str) -> tuple[str, Mapping[str, str]] | None:
        return None

    def bill(self, _document: Any) -> Usage | None:
        return None


class EventStreamFraming:
    """Yields each message as JSON, {event or exception: content}. A wrong checksum breaks the protocol."""

    def __init__(self, max_bytes: int) -> None:
        self._buffer = EventStreamBuffer()
        self._max_bytes = max_bytes
        self._pending = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        self._pending += received
        try:
            while size := self._whole():
                # botocore's buffer copies its whole content with each piece and message, so it gets one message at a
                # time.
                self._buffer.add_data(bytes(self._pending[:size]))
                del self._pending[:size]
                yield from map(_as_json, self._buffer)
        except ParserError:
            yield b"what came is no event stream"
        if len(self._pending) > self._max_bytes:
            raise TooLongError

    def _whole(self) -> int:
        """Return the size of the first message; 0 if it is incomplete. Raises ParserError."""
        if len(self._pending) < _PRELUDE_BYTES:
            return 0
        size, checksum = (int.from_bytes(self._pending[at : at + 4]) for at in (0, 8))
        if size <= _PRELUDE_BYTES or checksum != zlib.crc32(self._pending[:8]):
            raise ParserError
        return size if len(self._pending) >= size else 0

    def finish(self) -> Iterator[bytes]:
        yield from ()


def _as_json(message: EventStreamMessage) -> bytes:
    headers: Mapping[str, Any] = message.headers  # type: ignore[assignment]  # the stubs say it is a number
    name = headers.get(":event-type") or headers.get(":exception-type") or headers.get(":error-code") or "unknown"
    payload: bytes = message.payload
    if headers.get(":message-type") == "error":
        payload = json.dumps({"message": str(headers.get(":error-message", ""))}).encode()
    failed = headers.get(":message-type") in ("exception", "error")
    return b'{"%b": %b}' % (f"{'failed ' if failed else ''}{name}".encode(), payload or b"{}")


def _fields(request: ModelRequest, terms: Terms) -> dict[str, Any]:
    system = [{"text": turn.content} for turn in request.messages if turn.role == "system"]
    turns = [
        {"role": turn.role, "content": [{"text": turn.content}]} for turn in request.messages if turn.role != "system"
    ]
    if terms.system_in_user and system:
        turns[0]["content"] = [*system, *turns[0]["content"]]
        system = []
    fields: dict[str, Any] = {
        "messages": turns,
        "inferenceConfig": {"maxTokens": request.max_completion_tokens},
        "requestMetadata": {"user": request.user},
    }
    if system:
        fields["system"] = system
    if request.schema is not None and terms.form is not Form.NONE:
        schema = schema_for(request.schema, largest_bound=0)
        tool = {"name": request.schema_name, "description": "Give the answer.", "inputSchema": {"json": schema}}
        # Not every model can be forced to call it.
        choice = {"toolChoice": {"tool": {"name": request.schema_name}}} if terms.form is Form.SCHEMA else {}
        fields["toolConfig"] = {"tools": [{"toolSpec": tool}], **choice}
    return fields


def _read_event(answer: AnswerReader, name: str, said: dict[str, Any]) -> None:
    if name.startswith("failed "):
        report = report_of([name.removeprefix("failed "), said])
        answer.fail(*of_error(report), refused=True, report=report)
    elif name == "contentBlockDelta" and isinstance(said.get("delta"), dict):
        _delta(answer, said["delta"], said.get("contentBlockIndex"))
    elif name == "contentBlockStart" and isinstance(said.get("start"), dict) and "toolUse" in said["start"]:
        answer.tool(said.get("contentBlockIndex"), "")
    elif name == "messageStop":
        answer.finish(said.get("stopReason"))
    elif name == "metadata":
        # It comes last; the wire has no final event.
        answer.bill(bill_of(said.get("usage")))
        answer.end()


def _delta(answer: AnswerReader, delta: dict[str, Any], index: Any) -> None:
    if isinstance(delta.get("text"), str):
        answer.text(delta["text"])
    if isinstance(delta.get("toolUse"), dict) and isinstance(delta["toolUse"].get("input"), str):
        answer.tool(index, delta["toolUse"]["input"])
    if isinstance(delta.get("reasoningContent"), dict):
        answer.reasoning(len(str(delta["reasoningContent"].get("text", ""))) or 1)
    if isinstance(delta.get("image"), dict) and isinstance(delta["image"].get("source"), dict):
        answer.picture(delta["image"]["source"].get("bytes"), index=index)
