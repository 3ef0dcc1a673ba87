"""Owns the carrying out of a plan on one connection, and the moment at which the ledger learns how it ended.

The ledger knows of an end before the client can: who has read the answer finds the finished call there.
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local.model_server.behaviours import Plan
from local.model_server.conversation import Conversation, price
from local.model_server.ledger import Call, Ledger
from local.model_server.serving import ClientClosedError, JsonHandler

PIECE_CHARACTERS = 24
LEAST_PIECES = 20
BYOK_FEE = 0.05
ERROR_TYPES = {400: "invalid_request", 402: "payment_required", 429: "rate_limit_exceeded"}
COMMENT = b": OPENROUTER PROCESSING\n\n"


@dataclass(slots=True)
class Answering:
    """One answer under way. `run` returns when the client has it, or has gone."""

    wire: JsonHandler
    ledger: Ledger
    call: Call
    plan: Plan
    conversation: Conversation
    _sent_bytes: int = field(default=0, init=False)

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
        elif plan.status != 200:
            self._finish("refused", status=plan.status)
            headers = {} if plan.retry_after is None else {"Retry-After": plan.retry_after}
            self.wire.reply(plan.status, {"error": self._error(plan.status)}, headers)
        elif plan.error_code and plan.error_at is None:
            self._finish("error", status=200)
            self.wire.reply(200, {"error": self._error(plan.error_code)}, self._id_header())
        elif self.conversation.stream:
            self._stream()
        else:
            self._whole()

    def _stream(self) -> None:
        plan = self.plan
        self.wire.send_response(200)
        self.wire.send_header("Content-Type", "text/event-stream")
        self.wire.send_header("Cache-Control", "no-cache")
        self.wire.send_header("Transfer-Encoding", "chunked")
        for name, value in self._id_header().items():
            self.wire.send_header(name, value)
        self.wire.end_headers()
        self._send(COMMENT)
        self._comment_for(plan.wait_seconds)
        self._send_content()
        if plan.cut_at is not None:
            self._cut(self._event(self._chunk({"role": "assistant", "content": plan.content[-40:]})))
        elif plan.error_at is not None:
            self._finish("error", status=200, paid=self._sent_bytes > 0, finish_reason="error")
            failed = self._chunk({"content": ""}, "error") | {"error": self._error(plan.error_code)}
            self._end_stream(self._event(failed))
        else:
            self._finish_stream()

    def _finish_stream(self) -> None:
        plan = self.plan
        last = {"role": "assistant", "content": ""}
        refused = {} if plan.refusal is None else {"refusal": plan.refusal}
        events = [self._event(self._chunk(last | refused, plan.finish_reason))]
        if plan.with_usage:
            events.append(self._event(self._chunk(last) | {"usage": self._usage()}))
        self._finish("answered", status=200, paid=True, finish_reason=plan.finish_reason)
        self._end_stream(*events, b"data: [DONE]\n\n")

    def _whole(self) -> None:
        plan = self.plan
        self._wait_quietly(plan.wait_seconds + plan.spread_seconds)
        content = plan.content * plan.repeat
        self._sent_bytes = len(_encode(content))
        if plan.error_at is not None:
            self._finish("error", status=200, paid=True, finish_reason="error")
            self.wire.reply(200, {"error": self._error(plan.error_code)}, self._id_header())
            return
        message = {"role": "assistant", "content": content, "refusal": plan.refusal}
        body = self._envelope("chat.completion", {"message": message}, plan.finish_reason)
        body["system_fingerprint"] = None
        if plan.with_usage:
            body["usage"] = self._usage()
        payload = _encode(json.dumps(body, ensure_ascii=False))
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
            self._sent_bytes += len(_encode(piece))
            self.wire.pause(self.plan.spread_seconds / len(pieces))

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
            self._send(COMMENT)

    def _wait_quietly(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.wire.pause(min(left, 3600))

    def _cut(self, payload: bytes) -> None:
        self._finish("cut", status=200, paid=self._sent_bytes > 0)
        half = payload[: len(payload) // 2]
        if self.conversation.stream:
            self._send(half)
        else:
            self.wire.wfile.write(half)
        self.wire.close_connection = True

    def _send(self, payload: bytes) -> None:
        self.wire.wfile.write(b"%x\r\n%b\r\n" % (len(payload), payload))

    def _end_stream(self, *events: bytes) -> None:
        self._send(b"".join(events))
        self.wire.wfile.write(b"0\r\n\r\n")

    def _event(self, body: dict[str, Any]) -> bytes:
        return b"data: " + _encode(json.dumps(body, ensure_ascii=False)) + b"\n\n"

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return self._envelope("chat.completion.chunk", {"delta": delta}, finish_reason)

    def _envelope(self, kind: str, said: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
        return {
            **({"id": self.call.id} if self.plan.with_id else {}),
            "provider": "Local",
            "model": self.conversation.model,
            "object": kind,
            "created": int(self.call.received_at),
            "choices": [
                {
                    "index": 0,
                    **said,
                    "finish_reason": finish_reason,
                    "native_finish_reason": finish_reason,
                    "logprobs": None,
                }
            ],
        }

    def _usage(self) -> dict[str, Any]:
        prompt, completion = self.call.prompt_tokens, self._completion_tokens()
        upstream = price(prompt, completion)
        usage: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }
        if self.plan.with_cost:
            usage["cost"] = round(upstream * BYOK_FEE, 10) if self.plan.byok else upstream
            usage["is_byok"] = self.plan.byok
            usage["cost_details"] = {
                "upstream_inference_cost": upstream,
                "upstream_inference_prompt_cost": price(prompt, 0),
                "upstream_inference_completions_cost": price(0, completion),
            }
        return usage

    def _completion_tokens(self) -> int:
        return (self._sent_bytes + 3) // 4

    def _error(self, code: int) -> dict[str, Any]:
        # OpenRouter hands on what the upstream provider said, and that may repeat the prompt.
        echo = self.conversation.source_text[:100]
        return {
            "code": code,
            "message": self.plan.message,
            "metadata": {
                "provider_name": "Local",
                "error_type": ERROR_TYPES.get(code, "provider_unavailable"),
                "raw": f"upstream could not handle: {echo}",
            },
        }

    def _id_header(self) -> dict[str, str]:
        return {"X-Generation-Id": self.call.id} if self.plan.with_id else {}

    def _finish(self, outcome: str, paid: bool = False, **changes: Any) -> None:
        tokens = self._completion_tokens() if paid else 0
        cost = price(self.call.prompt_tokens, tokens) if paid else 0.0
        if self.plan.byok:
            cost = round(cost * (1 + BYOK_FEE), 10)
        self.ledger.finish(self.call.id, outcome=outcome, paid=paid, completion_tokens=tokens, cost=cost, **changes)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
