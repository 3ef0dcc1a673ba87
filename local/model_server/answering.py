"""Carries out a plan on one connection, and tells the ledger when and how it ended.

The ledger records an end before the client sees it: a client that has read the answer finds the finished call there.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from local.model_server import wording
from local.model_server.conversation import Conversation, price
from local.model_server.drawing import IMAGE_TOKENS
from local.model_server.ledger import Call, Ledger
from local.model_server.plan import Plan
from local.model_server.serving import ClientClosedError, JsonHandler
from local.model_server.wording import encoded

PIECE_CHARACTERS = 24
LEAST_PIECES = 20


@dataclass(slots=True)
class Answering:
    """One answer in progress, by `model`, which may be a fallback. `run` returns once the client has it, or has
    gone."""

    wire: JsonHandler
    ledger: Ledger
    call: Call
    model: str
    plan: Plan
    conversation: Conversation
    hurried: set[str]
    """The generations whose content comes without pauses from now on."""
    _sent_bytes: int = field(default=0, init=False)
    stream_type: ClassVar[str] = "text/event-stream"

    def run(self) -> None:
        try:
            self._carry_out()
        except (ClientClosedError, ConnectionError):
            stopping = getattr(self.wire.server, "stopping", False)
            self._finish("server_stopped" if stopping else "client_closed", paid=self._sent_bytes > 0)
            self.wire.close_connection = True

    def _carry_out(self) -> None:
        plan = self.plan
        if plan.silent:
            self._wait_quietly(math.inf)
        self._wait_quietly(plan.late_seconds)
        if plan.status != 200:
            self._finish("refused", status=plan.status)
            self._refuse({} if plan.retry_after is None else {"Retry-After": plan.retry_after})
        elif plan.error_code and plan.error_at is None:
            self._finish("error", status=200)
            self.wire.reply(200, self._error(plan.error_code), self._id_header())
        elif self._streams:
            self._stream()
        else:
            self._whole()

    def _refuse(self, headers: dict[str, str]) -> None:
        self.wire.reply(self.plan.status, self._error(self.plan.status), headers)

    def _last_word(self) -> bytes:
        return wording.DONE

    def _stream(self) -> None:
        plan = self.plan
        self.wire.send_response(200)
        self.wire.send_header("Content-Type", self.stream_type)
        self.wire.send_header("Cache-Control", "no-cache")
        self.wire.send_header("Transfer-Encoding", "chunked")
        for name, value in self._id_header().items():
            self.wire.send_header(name, value)
        self.wire.end_headers()
        if "bom" in plan.forms:
            self._send(wording.BYTE_ORDER_MARK)
        else:  # otherwise a comment would carry the mark instead of the first event
            self._comment()
        self._comment_for(plan.wait_seconds)
        self._send_content()
        if plan.cut_at is not None:
            self._cut(self._event(self._chunk({"role": "assistant", "content": plan.content[-40:]})))
        elif plan.error_at is not None:
            self._finish("error", status=200, paid=self._sent_bytes > 0, finish_reason="error")
            failed = self._chunk({"content": ""}, "error") | self._error(plan.error_code)
            self._end_stream(self._event(failed))
        elif plan.broken:
            self._finish("answered", status=200, paid=True)
            half = self._event(self._chunk({"role": "assistant", "content": plan.content[-40:]}))
            self._end_stream(half[: len(half) // 2] + b"\n\n")
        else:
            self._finish_stream()

    def _finish_stream(self) -> None:
        plan = self.plan
        last = {"role": "assistant", "content": ""}
        refused = {} if plan.refusal is None else {"refusal": plan.refusal}
        called = {} if plan.tool is None else {"tool_calls": [{"index": 0} | wording.tool_call(plan.tool)]}
        events = [self._event(self._chunk(last | refused | called, plan.finish_reason))]
        if plan.with_usage:
            bill = self._chunk(last) | {"usage": wording.usage(self.call, plan, self._completion_tokens())}
            events.append(self._event(bill | ({"choices": []} if "bare_usage" in plan.forms else {})))
        if "no_done" not in plan.forms:
            events.append(self._last_word())
        self._finish("answered", status=200, paid=True, finish_reason=plan.finish_reason)
        self._end_stream(*events)

    def _whole(self) -> None:
        plan = self.plan
        self._wait_quietly(plan.wait_seconds + plan.spread_seconds)
        content = plan.content * plan.repeat
        self._sent_bytes = len(encoded(content)) + 4 * IMAGE_TOKENS * len(plan.images)
        if plan.error_at is not None:
            self._finish("error", status=200, paid=True, finish_reason="error")
            self.wire.reply(200, self._error(plan.error_code), self._id_header())
            return
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": plan.refusal}
        if plan.tool is not None:
            message["tool_calls"] = [wording.tool_call(plan.tool)]
        if plan.images:
            message["images"] = wording.images(plan.images)
        body = self._envelope("chat.completion", {"message": message}, plan.finish_reason)
        body["system_fingerprint"] = None
        if plan.with_usage:
            body["usage"] = wording.usage(self.call, plan, self._completion_tokens())
        payload = wording.document(body, plan)
        if plan.cut_at is not None:
            self.wire.send_response(200)
            self.wire.send_header("Content-Type", "application/json")
            self.wire.send_header("Content-Length", str(len(payload)))
            self.wire.end_headers()
            self._cut(payload)
        else:
            self._finish("answered", status=200, paid=True, finish_reason=plan.finish_reason)
            self.wire.reply(200, payload, self._id_header())

    def _send_content(self) -> None:
        pieces = list(self._pieces())
        for piece in pieces:
            self._send(self._event(self._chunk({"role": "assistant", "content": piece})))
            self._sent_bytes += len(encoded(piece))
            self.wire.pause(0 if self.call.generation in self.hurried else self.plan.spread_seconds / len(pieces))
        if self.plan.images:
            images = wording.images(self.plan.images)
            self._send(self._event(self._chunk({"role": "assistant", "content": "", "images": images})))
            self._sent_bytes += 4 * IMAGE_TOKENS * len(images)

    def _pieces(self) -> Iterator[str]:
        plan = self.plan
        if plan.repeat > 1:
            yield from (plan.content for _ in range(plan.repeat))
            return
        stops = [stop for stop in (plan.cut_at, plan.error_at) if stop is not None]
        end = round(len(plan.content) * min([1.0, *stops]))
        size = max(1, min(PIECE_CHARACTERS, end // LEAST_PIECES))
        for start in range(0, end, size):
            yield plan.content[start : min(start + size, end)]

    def _comment_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.wire.pause(min(left, self.plan.comment_every_seconds))
            self._comment()

    def _comment(self) -> None:
        if "quiet" not in self.plan.forms:
            self._send(wording.COMMENT)

    def _wait_quietly(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.wire.pause(min(left, 3600))

    def _cut(self, payload: bytes) -> None:
        self._finish("cut", status=200, paid=self._sent_bytes > 0)
        half = payload[: len(payload) // 2]
        if self._streams:
            self._send(half)
        else:
            self.wire.wfile.write(half)
        self.wire.close_connection = True

    def _send(self, events: bytes) -> None:
        payload = wording.framed(events, self.plan)
        self.wire.wfile.write(b"%x\r\n%b\r\n" % (len(payload), payload))

    def _end_stream(self, *events: bytes) -> None:
        self._send(b"".join(events))
        self.wire.wfile.write(b"0\r\n\r\n")

    def _event(self, body: dict[str, Any]) -> bytes:
        return wording.event(body, self.plan)

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return self._envelope("chat.completion.chunk", {"delta": delta}, finish_reason)

    def _envelope(self, kind: str, said: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
        return wording.envelope(self.call, self.plan, self.model, kind, said, finish_reason)

    @property
    def _streams(self) -> bool:
        return self.conversation.stream and "whole" not in self.plan.forms

    def _completion_tokens(self) -> int:
        return (self._sent_bytes + 3) // 4

    def _error(self, code: int) -> dict[str, Any]:
        return {"error": wording.error(code, self.plan, self.conversation)}

    def _id_header(self) -> dict[str, str]:
        return {"X-Generation-Id": self.call.id} if self.plan.with_id else {}

    def _finish(self, outcome: str, paid: bool = False, **changes: Any) -> None:
        tokens = self._completion_tokens() if paid else 0
        cost = price(self.call.prompt_tokens, tokens) if paid else 0.0
        if self.plan.byok:
            cost = round(cost * (1 + wording.BYOK_FEE), 10)
        bill = {"paid": paid, "completion_tokens": tokens, "cost": cost, "late_bill": self.plan.late_bill}
        self.ledger.finish(self.call.id, outcome=outcome, **bill, **changes)
