"""The log lines that operators join: one for each accepted create, one for each end, and a sample of all other calls.

Owns their fields. The lines look like those of Powertools' logger, but without the place in the code. They take a third
of its time, because every generation writes them. Never logs users' texts, keys or tokens. An owner is a hash.
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
    """Write the line of a generation that a create or a retry has just started."""
    _write("accepted", **_about(head, asked), model=asked.model, retry_of=head.retry_of)


def log_ended(head: Generation, asked: Asked) -> None:
    """Write the line of a generation's end. Called right after the write that ended it; `head` is the head as it ended.

    `latency_seconds` runs from the create to the end. If no worker wrote the end, the line has no facts of a call.
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
    """Write the line of an HTTP call that was answered, if it is in the sample that LOG_SAMPLE_RATE sets."""
    if is_sampled(request_id):
        _write("answered", request_id=request_id, route=route, status=status, code=code, seconds=round(seconds, 3))


def warn_of_suffixes(patterns: Sequence[str]) -> None:
    """Warn that these patterns of AllowedModels match suffixes that cost more. Writes nothing if there are none."""
    if patterns:
        message = (
            "AllowedModels matches suffixes that cost more, such as :online and :nitro. Name the models in full to "
            "refuse them."
        )
        _line("WARNING", message, {"patterns": ", ".join(patterns)})


def is_sampled(request_id: str) -> bool:
    """Whether a call is in the sample. All lines and all functions of one call decide alike."""
    place = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:4]) % _STEPS
    return place < sample_rate() * _STEPS


def sample_rate() -> float:
    """Return the share of calls that are logged, 0 to 1. Raises ValueError if it is not a number."""
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
    # In one write: other threads of the batch write as well.
    sys.stdout.write(json.dumps(told, separators=(",", ":")) + "\n")
