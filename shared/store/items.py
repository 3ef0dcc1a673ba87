"""The domain's values as items of the table: which attributes a head, an input and a step have. Decides nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.domain.clock import from_epoch_milliseconds
from shared.domain.generation import (
    SCHEMA_VERSION,
    Asked,
    ErrorInfo,
    Generation,
    GenerationInput,
    GenerationKey,
    StoredStep,
    Usage,
)
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.store.call_values import call_value, decode_call
from shared.store.keys import due_shard, input_key, step_key
from shared.store.marshalling import (
    Item,
    expiry,
    from_epoch,
    marshal,
    pack,
    unmarshal,
    unpack,
    unpack_within,
)
from shared.store.values import text_of, text_or_none

_LAST = datetime.max.replace(tzinfo=UTC)

TIMES = frozenset(
    {"created_at", "deadline_at", "due_at", "heartbeat_at", "not_before", "progress_at", "started_at", "finished_at"}
    | {"dismissed_at"}
)
_COUNTS = frozenset(
    {
        "version",
        "fence",
        "attempt",
        "fruitless_attempts",
        "releases",
        "dispatches",
        "progress",
        "calls",
        "step_calls",
        "steps_done",
    }
    | {"schema_version", "usual_seconds", "left_cents"}
)
_TEXTS = frozenset(
    {"kind", "holder", "stage", "call_step", "output_step", "client_id", "session_id", "op", "create_op"}
    | {"retry_of", "retried_as", "because"}
)
RENAMED = {"fruitless_attempts": "barren", "isolated": "alone", "dispatches": "sends"}
"""Schema 1's names of the head's attributes. Every write of the new name removes the old one and raises the head's
schema. A counter with both names is the sum of both."""

_FLAGS = ("isolated", "reviewed", "own_key", "asked_to_wait")


def encode_head(generation: Generation) -> Item:
    """Return the head's item. It has `due_shard` exactly when it has `due_at`, which keeps the index sparse.

    Counters at zero are omitted, because the head is billed by the kilobyte.
    """
    values: dict[str, Any] = {name: getattr(generation, name) for name in (*TIMES, *_TEXTS)}
    values |= {name: getattr(generation, name) or None for name in (*_COUNTS, *_FLAGS)}
    values |= {
        "pk": generation.user_id,
        "sk": f"G#{generation.generation_id}",
        "status": str(generation.status),
        "reserved_usd": generation.reserved_usd or None,
        "schema_version": generation.schema_version,
        "due_shard": due_shard(generation.generation_id) if generation.due_at else None,
        "expires_at": expiry(generation.expires_at),
        "error": generation.error and error_value(generation.error),
        "call": call_value(generation.call),
    }
    return marshal(values | {name: value or None for name, value in usage_values(generation.usage).items()})


def encode_fields(sets: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a head as attributes of its item. None means that the attribute is removed."""
    encoded: dict[str, Any] = {}
    for name, value in sets.items():
        if name == "usage":
            encoded |= usage_values(value)
        elif name == "error":
            encoded[name] = value and error_value(value)
        elif name == "call":
            encoded[name] = call_value(value)
        elif name == "expires_at":
            encoded[name] = expiry(value)
        else:
            encoded[name] = value
    return encoded


def parts_expiry(head: Generation, settings: Settings) -> datetime:
    """Return until when a generation's other items are kept: one day longer than its head can be."""
    return head.deadline_at + min(timedelta(days=settings.retention_days + 1), _LAST - head.deadline_at)


def error_value(error: ErrorInfo) -> dict[str, str]:
    return {"code": error.code, "message": error.message}


def usage_values(usage: Usage) -> dict[str, Any]:
    return {
        "paid_calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": usage.cost_usd,
        "wasted_cost_usd": usage.wasted_cost_usd or None,
    }


def charged(day: Item | None) -> Decimal:
    """Return what a usage item's day has cost the deployment, without what users' own keys paid."""
    values = {} if day is None else unmarshal(day)
    ours = Decimal(values.get("cost_usd", 0)) - Decimal(values.get("own_cost_usd", 0))
    return ours + Decimal(values.get("reserved_usd", 0))


def decode_usage(values: Item) -> Usage:
    return Usage(
        int(values.get("paid_calls", 0)),
        int(values.get("prompt_tokens", 0)),
        int(values.get("completion_tokens", 0)),
        Decimal(values.get("cost_usd", 0)),
        Decimal(values.get("wasted_cost_usd", 0)),
    )


def decode_head(item: Item) -> Generation:
    """Return the generation of a head's item. A missing attribute takes its default."""
    values = unmarshal(item)
    fields: dict[str, Any] = {name: from_epoch(values[name]) for name in TIMES if name in values}
    fields |= {name: int(values.get(name, 0)) + int(values.get(RENAMED.get(name, ""), 0)) for name in _COUNTS}
    fields |= {name: text_of(values, name) for name in _TEXTS if name in values}
    fields |= {name: bool(values.get(name) or values.get(RENAMED.get(name, ""))) for name in _FLAGS}
    if "error" in values:
        fields["error"] = ErrorInfo(**{name: text_of(values["error"], name) for name in ("code", "message")})
    if "call" in values:
        fields["call"] = decode_call(values["call"])
    if "expires_at" in values:
        fields["expires_at"] = from_epoch_milliseconds(int(values["expires_at"]) * 1000)
    return Generation(
        user_id=values["pk"],
        generation_id=values["sk"].removeprefix("G#"),
        status=Status(values["status"]),
        reserved_usd=Decimal(values.get("reserved_usd", 0)),
        usage=decode_usage(values),
        **fields,
    )


def encode_input(key: GenerationKey, value: GenerationInput, expires_at: datetime) -> Item:
    return input_key(key) | marshal(
        {
            "content": pack(value.content),
            "model": value.model,
            "prompt_version": value.prompt_version,
            "request_id": value.request_id,
            "schema_version": SCHEMA_VERSION,
            "expires_at": expiry(expires_at),
        }
    )


def decode_input(item: Item) -> GenerationInput:
    values = unmarshal(item)
    return GenerationInput(
        unpack(values["content"]),
        text_of(values, "model"),
        text_of(values, "prompt_version"),
        text_or_none(values, "request_id") or "",
    )


def decode_asked(item: Item) -> Asked:
    """Return the log facts of an input, whose content may be in an object."""
    values = unmarshal({name: item[name] for name in ("model", "request_id") if name in item})
    return Asked(text_or_none(values, "model"), text_or_none(values, "request_id") or None)


def encode_step(key: GenerationKey, step: StoredStep, expires_at: datetime) -> Item:
    return step_key(key, step.name) | marshal(
        {
            "position": step.position,
            "result": pack(step.result),
            "call_id": step.call_id,
            "duration_seconds": Decimal(str(round(step.duration_seconds, 3))),
            "stored_at": step.stored_at,
            "op": step.op,
            "shown": _shown(step.shown),
            "model": step.model,
            "answered_by": step.answered_by,
            "finish": step.finish,
            "released_usd": step.released_usd or None,
            "schema_version": SCHEMA_VERSION,
            "expires_at": expiry(expires_at),
        }
        | usage_values(step.usage)
    )


def _shown(usage: Usage) -> dict[str, Any] | None:
    # Few steps have any, and items are billed by the kilobyte.
    return {name: value for name, value in usage_values(usage).items() if value} or None


def decode_result(item: Item, most_bytes: int) -> dict[str, Any] | None:
    """Return only a step's result; None if it is larger than `most_bytes`, as every result in an object is."""
    packed = unmarshal(item).get("result")
    return None if packed is None else unpack_within(packed, most_bytes)


def decode_step(item: Item) -> StoredStep:
    values = unmarshal(item)
    return StoredStep(
        name=values["sk"].rpartition("#")[2],
        position=int(values["position"]),
        result=unpack(values["result"])
        if "result" in values
        else {},  # it is in an object that the caller did not request
        usage=decode_usage(values),
        call_id=text_or_none(values, "call_id"),
        duration_seconds=float(values["duration_seconds"]),
        stored_at=from_epoch(values["stored_at"]),
        op=text_of(values, "op"),
        shown=decode_usage(values.get("shown", {})),
        model=text_or_none(values, "model"),
        answered_by=text_or_none(values, "answered_by"),
        finish=text_or_none(values, "finish"),
        released_usd=Decimal(values.get("released_usd", 0)),
    )
