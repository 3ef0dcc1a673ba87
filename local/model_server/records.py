"""Owns the format of a finished call and of a model, with all fields that OpenRouter always sends."""

import time
from typing import Any

from local.model_server.conversation import COMPLETION_PRICE, PROMPT_PRICE, price
from local.model_server.ledger import Call

CONTEXT_TOKENS = 128_000
_NEVER_KNOWN = (
    *("app_id", "cache_discount", "http_referer", "moderation_latency", "native_tokens_completion_images"),
    *("num_fetches", "num_input_audio_prompt", "num_media_completion", "num_media_prompt", "num_search_results"),
    *("preset_id", "provider_responses", "router", "service_tier", "upstream_id", "user_agent"),
    *("web_search_engine", "workspace_id"),
)


def call_record(call: Call, finished_at: float) -> dict[str, Any]:
    """The answer of `GET /generation`; costs are US dollars, times milliseconds."""
    by_own_key = call.model == "local/byok"
    upstream = price(call.prompt_tokens, call.completion_tokens)
    milliseconds = round((finished_at - call.received_at) * 1000)
    return {
        **dict.fromkeys(_NEVER_KNOWN),
        "id": call.id,
        "api_type": "completions",
        "cancelled": call.outcome == "client_closed",
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(call.received_at)),
        "data_region": "global",
        "external_user": call.user,
        "finish_reason": call.finish_reason,
        "native_finish_reason": call.finish_reason,
        "generation_time": milliseconds,
        "latency": milliseconds,
        "is_byok": by_own_key,
        "model": call.model,
        "origin": "",
        "provider_name": "Local",
        "streamed": call.stream,
        "tokens_prompt": call.prompt_tokens,
        "tokens_completion": call.completion_tokens,
        "native_tokens_prompt": call.prompt_tokens,
        "native_tokens_completion": call.completion_tokens,
        "native_tokens_cached": 0,
        "native_tokens_reasoning": 0,
        "total_cost": call.cost,
        "usage": round(call.cost - upstream, 10) if by_own_key else call.cost,
        "upstream_inference_cost": upstream,
    }


def model_record(name: str, description: str) -> dict[str, Any]:
    """One model's entry in `GET /models`."""
    return {
        "id": name,
        "canonical_slug": name,
        "name": f"Local: {name.removeprefix('local/')}",
        "created": 0,
        "description": description,
        "context_length": CONTEXT_TOKENS,
        "architecture": {
            "modality": "text->text",
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": {"prompt": f"{PROMPT_PRICE:.8f}", "completion": f"{COMPLETION_PRICE:.8f}"},
        "top_provider": {
            "context_length": CONTEXT_TOKENS,
            "max_completion_tokens": None,
            "is_moderated": False,
        },
        "links": {"details": f"/api/v1/models/{name}/endpoints"},
        "default_parameters": None,
        "per_request_limits": None,
        "supported_parameters": ["max_tokens", "response_format", "structured_outputs"],
        "supported_voices": None,
    }
