"""A generation as its owner sees it over HTTP, and the tag that names one state of it. Decides nothing."""

from datetime import datetime
from typing import Any

from shared.domain.clock import epoch_milliseconds
from shared.domain.generation import Generation, Usage
from shared.domain.states import Status


def etag(generation: Generation) -> str:
    """Return the head's tag: over the version, and the heartbeat, without which a quiet model call looks stuck."""
    beat = 0 if generation.heartbeat_at is None else epoch_milliseconds(generation.heartbeat_at)
    return f'"{generation.version}-{beat}"'


def matches(condition: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names `tag`, by the weak comparison of RFC 9110, section 13.1.2."""
    if condition is None:
        return False
    tags = (part.strip().removeprefix("W/") for part in condition.split(","))
    return condition.strip() == "*" or tag in tags


def status_shown(head: Generation) -> Status:
    """Return the status as the API's contract has it: what only a newer version can read has, to this one, not begun.

    The five words are a closed set to clients. The newer version answers with its own as soon as it is asked.
    """
    return head.status if head.status.known else Status.PENDING


def view(head: Generation) -> dict[str, Any]:
    """Return the head as its owner sees it: nothing of fences, holders and queues. Absent is what is not yet."""
    shown: dict[str, Any] = {
        "generation_id": head.generation_id,
        "kind": head.kind,
        "status": str(status_shown(head)),
        "version": head.version,
        "progress": head.progress,
        "steps_done": head.steps_done,
        "stage": head.stage,
        "attempt": head.attempt,
        "created_at": iso(head.created_at),
        "started_at": iso(head.started_at),
        "heartbeat_at": iso(head.heartbeat_at),
        "not_before": iso(head.not_before),
        "finished_at": iso(head.finished_at),
        "deadline_at": iso(head.deadline_at),
        "client_id": head.client_id,
        "session_id": head.session_id,
        "retry_of": head.retry_of,
        "retried_as": head.retried_as,
        "dismissed_at": iso(head.dismissed_at),
        "own_key": head.own_key or None,
        "usage": usage_view(head.usage),
    }
    if head.error is not None:
        shown["error"] = {"code": head.error.code, "message": head.error.message}
    return {name: value for name, value in shown.items() if value is not None}


def usage_view(usage: Usage) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": float(usage.cost_usd),
        "wasted_cost_usd": float(usage.wasted_cost_usd),
    }


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
