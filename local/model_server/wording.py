"""Owns the JSON of an answer, an error and a bill, and the framing of events: a plan's words on the wire.

It must not send anything, nor know how far the answer has come.
"""

import json
from collections.abc import Iterable
from typing import Any

from local.model_server.conversation import Conversation, price
from local.model_server.ledger import Call
from local.model_server.plan import Plan

BYOK_FEE = 0.05
ERROR_TYPES = {
    400: "invalid_request",
    401: "authentication",
    402: "payment_required",
    403: "permission_denied",
    404: "not_found",
    408: "timeout",
    413: "payload_too_large",
    422: "unprocessable",
    429: "rate_limit_exceeded",
    500: "server",
    504: "timeout",
    524: "timeout",
    529: "provider_overloaded",
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COMMENT = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def document(body: dict[str, Any], plan: Plan) -> bytes:
    """The whole of an answer that is not streamed."""
    mark = BYTE_ORDER_MARK if "bom" in plan.forms else b""
    return mark + encoded(json.dumps(_with_unknown(body, plan), ensure_ascii=False))


def event(body: dict[str, Any], plan: Plan) -> bytes:
    """One event of a stream."""
    fields = b"event: message\nid: 7\nretry: 1000\n" if "unknown" in plan.forms else b""
    return fields + b"data: " + encoded(json.dumps(_with_unknown(body, plan), ensure_ascii=False)) + b"\n\n"


def framed(events: bytes, plan: Plan) -> bytes:
    """The bytes for events or comments, with the line ends of the plan's form."""
    return events.replace(b"\n", b"\r\n") if "crlf" in plan.forms else events


def _with_unknown(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    return body | {"x_new": {"choices": [7]}, "obfuscation": "aB3"} if "unknown" in plan.forms else body


def envelope(
    call: Call, plan: Plan, model: str, kind: str, said: dict[str, Any], finish_reason: str | None
) -> dict[str, Any]:
    """A whole answer, or one chunk of a stream; `said` is its message or its delta."""
    return {
        **({"id": call.id} if plan.with_id else {}),
        "provider": "Local",
        "model": model,
        "object": kind,
        "created": int(call.received_at),
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


def images(urls: Iterable[str]) -> list[dict[str, Any]]:
    return [{"type": "image_url", "image_url": {"url": url}, "index": place} for place, url in enumerate(urls)]


def tool_call(name: str) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}


def usage(call: Call, plan: Plan, completion_tokens: int) -> dict[str, Any]:
    """The bill; costs are US dollars."""
    prompt = call.prompt_tokens
    upstream = price(prompt, completion_tokens)
    bill: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    if plan.with_cost:
        bill["cost"] = round(upstream * BYOK_FEE, 10) if plan.byok else upstream
        bill["is_byok"] = plan.byok
        bill["cost_details"] = {
            "upstream_inference_cost": upstream,
            "upstream_inference_prompt_cost": price(prompt, 0),
            "upstream_inference_completions_cost": price(0, completion_tokens),
        }
    return bill


def error(code: int, plan: Plan, conversation: Conversation) -> dict[str, Any]:
    """The `error` of a refusal or of an answer of status 200."""
    if plan.error_form == "openai":
        return {"message": plan.message, "type": plan.error_word, "param": None, "code": plan.error_word}
    # OpenRouter passes on the upstream provider's message, which may repeat the prompt.
    echo = conversation.source_text[:100]
    return {
        "code": code,
        "message": plan.message,
        "metadata": {
            "provider_name": "Local",
            "error_type": plan.error_word or ERROR_TYPES.get(code, "provider_unavailable"),
            "raw": f"upstream could not handle: {echo}",
        },
    }
