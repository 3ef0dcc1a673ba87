"""What is sent over a WebSocket: each message is a whole state, so one that is lost, late or doubled does no harm."""

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
"""Of one message: API Gateway's frames are of 32 KB, and each 32 KB are billed as a message."""


def generation_frame(head: Generation, now: datetime, settings: Settings) -> bytes:
    """Return the message that tells of a head, without its output; below MOST_BYTES for the largest head there is."""
    does = moving(head, now, settings)
    told: dict[str, Any] = {"type": "generation", "etag": etag(head, does)}
    if does is not None:
        told["look_after_seconds"] = round(heals_after_seconds(head, now, settings), 1)
    return encoded({**told, "generation": view(head, does)})


def partial_frame(head: Generation, step: str, number: int, output: Mapping[str, Any]) -> bytes | None:
    """Return the message that shows what a step's answer holds so far; None for what no cut makes short enough.

    `number` rises within an attempt's step. Of what is too long, the begin of its longest list or text is left out, and
    `offset` says how many items or characters that is.
    """
    told = {"type": "partial", "generation_id": head.generation_id, "attempt": head.attempt, "step": step}
    message = encoded({**told, "number": number, "output": output})
    if len(message) <= MOST_BYTES:
        return message
    longest = max(output, key=lambda name: len(encoded({name: output[name]})))
    whole = output[longest]
    if not isinstance(whole, list | str):
        return None
    low, high = 0, len(whole)  # the least that must be left out lies above low
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
    """Return a message as it is sent. Raises ValueError for a number that JSON does not have."""
    return json.dumps(message, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
