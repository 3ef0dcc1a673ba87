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


def encoded(message: Mapping[str, Any]) -> bytes:
    """Return a message as it is sent. Raises ValueError for a number that JSON does not have."""
    return json.dumps(message, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
