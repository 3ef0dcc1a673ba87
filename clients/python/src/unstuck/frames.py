"""Models of the messages of a live connection; docs/live.md has the protocol."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from unstuck.models import Generation, GenerationDetail
from unstuck.outputs import Answered


class PartialOutput(Answered):
    """The readable part of the answer to one model call. Provisional: only the output at the end counts.

    `number` rises within an `attempt` and `step`. `offset` says how many characters or items are missing at the start
    of which field, if the whole was too long.
    """

    generation_id: str
    attempt: int
    step: str
    number: int
    output: dict[str, Any]
    offset: dict[str, int] | None = None


class Told(Answered):
    """A generation's state after a change, without its output. `look_after_seconds`: when a look would rescue it."""

    generation: GenerationDetail
    etag: str | None = None
    look_after_seconds: float | None = None


_TYPES: Mapping[str, type[Told | PartialOutput]] = {"generation": Told, "partial": PartialOutput}


def frame(text: str | bytes) -> Told | PartialOutput | None:
    """Read one message; None if this client does not know its type."""
    try:
        found = json.loads(text)
        model = _TYPES.get(found["type"])
        return None if model is None else model.model_validate(found)
    except (ValueError, TypeError, KeyError, ValidationError):
        return None


def order(found: Generation) -> tuple[int, datetime]:
    """Return a key that orders two states of a generation by age."""
    return found.version, found.heartbeat_at or datetime.min.replace(tzinfo=UTC)
