"""Bedrock's ConverseStream on loopback: the same models and faults in Amazon's protocol, as binary events.

Owns only that protocol: behaviours.py defines each model, and answering.py carries out a plan.
"""

import json
import zlib
from typing import Any, ClassVar

from local.model_server.answering import Answering

_ERRORS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "content_filtered", "tool_calls": "tool_use"}
_STRING = 7


def as_chat_completion(model: str, body: bytes) -> bytes:
    """Return a Converse request as a Chat Completions request. Anything else stays unchanged."""
    try:
        sent = json.loads(body)
        turns = [("system", sent.get("system", ())), *((turn["role"], turn["content"]) for turn in sent["messages"])]
        messages = [
            {"role": role, "content": "".join(part["text"] for part in parts if "text" in part)}
            for role, parts in turns
        ]
        asked: dict[str, Any] = {
            "model": model,
            "messages": [turn for turn in messages if turn["content"]],
            "stream": True,
        }
        asked["user"] = sent.get("requestMetadata", {}).get("user")
        if limit := sent.get("inferenceConfig", {}).get("maxTokens"):
            asked["max_tokens"] = limit
        for tool in sent.get("toolConfig", {}).get("tools", ()):
            spec = tool["toolSpec"]
            schema = {"name": spec["name"], "strict": True, "schema": spec["inputSchema"]["json"]}
            asked["response_format"] = {"type": "json_schema", "json_schema": schema}
        return json.dumps(asked).encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        return b"{}"


def event(name: str, payload: dict[str, Any], *, kind: str = "event") -> bytes:
    """Return a message of application/vnd.amazon.eventstream: lengths, their checksum, headers, payload, a checksum."""
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogateescape")
    values = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    headers = b"".join(
        bytes([len(key)]) + key.encode() + bytes([_STRING]) + len(value).to_bytes(2) + value.encode()
        for key, value in values.items()
    )
    prelude = (16 + len(headers) + len(body)).to_bytes(4) + len(headers).to_bytes(4)
    message = prelude + zlib.crc32(prelude).to_bytes(4) + headers + body
    return message + zlib.crc32(message).to_bytes(4)


class ConverseAnswering(Answering):
    """Encodes a plan as Converse's events: as a tool's input if a form was requested."""

    stream_type: ClassVar[str] = "application/vnd.amazon.eventstream"

    def _refuse(self, headers: dict[str, str]) -> None:
        name = _ERRORS.get(self.plan.status, "InternalServerException")
        body = {"message": self.plan.message or self.plan.error_word or name}
        self.wire.reply(self.plan.status, body, headers | {"x-amzn-ErrorType": name})

    def _comment(self) -> None:
        """This protocol has no such event."""

    def _last_word(self) -> bytes:
        return b""

    @property
    def _streams(self) -> bool:
        return True

    def _send(self, events: bytes) -> None:
        if events:
            self.wire.wfile.write(b"%x\r\n%b\r\n" % (len(events), events))

    def _event(self, body: dict[str, Any]) -> bytes:
        if "error" in body:
            code = body["error"].get("code", 500)
            return event(_failure(code), {"message": body["error"].get("message", "")}, kind="exception")
        choices = body.get("choices") or [{"delta": {}}]
        said, finish = choices[0]["delta"], choices[0].get("finish_reason")
        events = b""
        if content := said.get("content"):
            with_tool = self.conversation.schema is not None
            delta = {"toolUse": {"input": content}} if with_tool else {"text": content}
            events += event("contentBlockDelta", {"delta": delta, "contentBlockIndex": 0})
        if finish and "usage" not in body:
            events += event("messageStop", {"stopReason": _STOPS.get(finish, finish)})
        if usage := body.get("usage"):
            events += event("metadata", {"usage": _usage(usage), "metrics": {"latencyMs": 1}})
        return events


def _failure(code: int) -> str:
    return {429: "throttlingException", 400: "validationException", 503: "serviceUnavailableException"}.get(
        code, "modelStreamErrorException"
    )


def _usage(usage: dict[str, Any]) -> dict[str, Any]:
    counts = (usage["prompt_tokens"], usage["completion_tokens"])
    return {"inputTokens": counts[0], "outputTokens": counts[1], "totalTokens": sum(counts)}
