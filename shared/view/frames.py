"""The messages of a WebSocket. Each message is a complete state, so a lost, late or duplicate message does no harm."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.domain.generation import Generation
from shared.domain.moving import moving
from shared.domain.pacing import heals_after_seconds
from shared.domain.settings import Settings
from shared.view.view import etag, view

MOST_BYTES = 30_000
"""Bytes of one message: API Gateway's frames have 32 KB, and it bills each 32 KB as a message."""


def generation_frame(head: Generation, now: datetime, settings: Settings) -> bytes:
    """Return the message of a head, without its output. Even the largest head stays below MOST_BYTES."""
    does = moving(head, now, settings)
    told: dict[str, Any] = {"type": "generation", "etag": etag(head, does)}
    if does is not None:
        told["look_after_seconds"] = round(heals_after_seconds(head, now, settings), 1)
    return encoded({**told, "generation": view(head, does)})


def partial_frame(head: Generation, step: str, number: int, output: Mapping[str, Any]) -> bytes | None:
    """Return the message of a step's answer so far; None if no cut makes it short enough.

    `number` rises within an attempt's step. If the answer is too long, the start of its longest list or text is cut.
    `offset` says how many items or characters are missing.
    """
    told = {"type": "partial", "generation_id": head.generation_id, "attempt": head.attempt, "step": step}
    message = encoded({**told, "number": number, "output": output})
    if len(message) <= MOST_BYTES:
        return message
    longest = max(output, key=lambda name: len(encoded({name: output[name]})))
    whole = output[longest]
    if not isinstance(whole, list | str):
        return None
    low, high = 0, len(whole)  # the smallest sufficient cut is above low
    while high - low > 1:
        middle = (low + high) // 2
        cut = _without(told, number, output, longest, middle)
        low, high = (low, middle) if len(cut) <= MOST_BYTES else (middle, high)
    message = _without(told, number, output, longest, high)
    return message if len(message) <= MOST_BYTES else None


def _without(told: Mapping[str, Any], number: int, output: Mapping[str, Any], name: str, count: int) -> bytes:
    shown = {**output, name: output[name][count:]}
    return encoded({**told, "number": number, "output": shown, "offset": {name: count}})


def encoded(message: Mapping[str, Any]) -> bytes:
    """Return a message as it is sent. Raises ValueError for a number that JSON cannot hold."""
    return json.dumps(message, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
