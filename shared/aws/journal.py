"""The lines that operators join: one for each accepted create, one for each end, and of all other calls a share.

Owns their fields. They look as Powertools' logger writes them, without the place in the code and in a third of its
time: they come with every generation. Never given a text of a user's, a key or a token; an owner is a hash.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta

from shared.domain.clock import SystemClock
from shared.domain.generation import Asked, Generation
from shared.domain.pseudonym import pseudonym
from shared.domain.settings import owner_key

_QUIETER = frozenset({"ERROR", "CRITICAL", "FATAL"})
_QUIET = _QUIETER | {"WARNING", "WARN"}
_STEPS = 1_000_000
_clock = SystemClock()


def log_accepted(head: Generation, asked: Asked) -> None:
    """Write the line of a generation that has just been let in, by a create or a retry."""
    _write("accepted", **_about(head, asked), model=asked.model, retry_of=head.retry_of)


def log_ended(head: Generation, asked: Asked) -> None:
    """Write the line of a generation's end; `head` is as it ended. For whoever wrote that end, right after the write.

    `latency_seconds` are from the create to the end. Of an end that no worker wrote nothing is known of a call.
    """
    ended = head.finished_at or _clock.now()
    _write(
        "ended",
        **_about(head, asked),
        status=str(head.status),
        code=head.error.code if head.error else None,
        latency_seconds=round((ended - head.created_at) / timedelta(seconds=1), 3),
        attempts=head.attempt,
        calls=head.usage.calls,
        prompt_tokens=head.usage.prompt_tokens,
        completion_tokens=head.usage.completion_tokens,
        cost_usd=float(head.usage.cost_usd),
        model=head.call.model or asked.model,
        answered_by=head.call.answered_by,
        provider_call_id=head.call.provider_call_id,
    )


def log_answered(route: str, request_id: str, status: int, code: str | None, seconds: float) -> None:
    """Write the line of an HTTP call that was answered, if it is of the share that LOG_SAMPLE_RATE says."""
    if is_sampled(request_id):
        _write("answered", request_id=request_id, route=route, status=status, code=code, seconds=round(seconds, 3))


def warn_of_suffixes(patterns: Sequence[str]) -> None:
    """Write a warning that these patterns of AllowedModels take suffixes that cost more; nothing for none."""
    if patterns:
        message = (
            "AllowedModels takes suffixes that cost more, such as :online and :nitro; name the models to refuse them"
        )
        _line("WARNING", message, {"patterns": ", ".join(patterns)})


def is_sampled(request_id: str) -> bool:
    """Whether a call is of the share whose lines are written: the same for each of its lines, and for each function."""
    place = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:4]) % _STEPS
    return place < sample_rate() * _STEPS


def sample_rate() -> float:
    """Return the share of calls whose line is written, 0 to 1. Raises ValueError for what is no number."""
    return float(os.environ.get("LOG_SAMPLE_RATE", "") or 0)


def _about(head: Generation, asked: Asked) -> dict[str, str | None]:
    return {
        "generation_id": head.generation_id,
        "owner": pseudonym(head.user_id, owner_key()),
        "kind": head.kind,
        "request_id": asked.request_id,
    }


def _write(message: str, **fields: str | float | None) -> None:
    _line("INFO", message, fields)


def _line(level: str, message: str, fields: Mapping[str, str | float | None]) -> None:
    least = os.environ.get("POWERTOOLS_LOG_LEVEL", "").upper()
    if least in (_QUIETER if level == "WARNING" else _QUIET):
        return
    moment = _clock.now().isoformat(timespec="milliseconds")
    service = os.environ.get("POWERTOOLS_SERVICE_NAME", "unstuck")
    line = {"level": level, "message": message, "timestamp": moment, "service": service, **fields}
    told = {name: value for name, value in line.items() if value is not None}
    # In one piece: other threads of a batch write as well.
    sys.stdout.write(json.dumps(told, separators=(",", ":")) + "\n")
