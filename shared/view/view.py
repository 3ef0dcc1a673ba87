"""A generation as its owner sees it over HTTP, and the ETag of its state. Decides nothing."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.domain.call_facts import CallFacts
from shared.domain.clock import epoch_milliseconds
from shared.domain.generation import ErrorInfo, Generation, Usage
from shared.domain.moving import Moving
from shared.domain.states import Status

if TYPE_CHECKING:
    from shared.view import schemas  # only types: a cold start does not need them


def etag(generation: Generation, does: Moving | None = None) -> str:
    """Return the head's ETag. It covers the version, the heartbeat (otherwise a quiet model call would look stuck), and
    an open generation's state, which changes with time alone."""
    beat = 0 if generation.heartbeat_at is None else epoch_milliseconds(generation.heartbeat_at)
    state = "" if does is None else f"-{does.state}{'-stuck' if does.stuck else ''}"
    return f'"{generation.version}-{beat}{state}"'


def matches(condition: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names `tag`, by the weak comparison of RFC 9110, section 13.1.2."""
    if condition is None:
        return False
    tags = (part.strip().removeprefix("W/") for part in condition.split(","))
    return condition.strip() == "*" or tag in tags


def status_shown(head: Generation) -> Status:
    """Return the status for the API. A status that only a newer version knows shows as `pending`.

    Clients know a closed set of five statuses. The newer version returns the real one.
    """
    return head.status if head.status.known else Status.PENDING


def view(head: Generation, does: Moving | None = None) -> "schemas.Generation":
    """Return the head as its owner sees it, without fences, holders and queues. Fields that do not apply yet are
    omitted.

    `does` is an open generation's current activity.
    """
    shown: schemas.Generation = {
        "generation_id": head.generation_id,
        "kind": head.kind,
        "status": status_shown(head).value,
        "version": head.version,
        "progress": head.progress,
        "steps_done": head.steps_done,
        "attempt": head.attempt,
        "created_at": iso(head.created_at),
        "deadline_at": iso(head.deadline_at),
        "usage": usage_view(head.usage),
    }
    if head.stage is not None:
        shown["stage"] = head.stage
    if head.call.model is not None:
        shown["model"] = head.call.model
    if head.call.answered_by is not None:
        shown["answered_by"] = head.call.answered_by
    if head.error is not None:
        shown["error"] = failure_view(head.error, head.call)
    if head.own_key:
        shown["own_key"] = True
    if does is not None:
        shown["state"] = does.state.value
        shown["next_at"] = iso(does.next_at)
        shown["stuck"] = does.stuck
        if does.because is not None:
            shown["because"] = does.because
    _add_moments(shown, head)
    _add_relations(shown, head)
    return shown


def _add_moments(shown: "schemas.Generation", head: Generation) -> None:
    if head.started_at is not None:
        shown["started_at"] = iso(head.started_at)
    if head.heartbeat_at is not None:
        shown["heartbeat_at"] = iso(head.heartbeat_at)
    if head.not_before is not None:
        shown["not_before"] = iso(head.not_before)
    if head.finished_at is not None:
        shown["finished_at"] = iso(head.finished_at)
    if head.dismissed_at is not None:
        shown["dismissed_at"] = iso(head.dismissed_at)


def _add_relations(shown: "schemas.Generation", head: Generation) -> None:
    if head.client_id is not None:
        shown["client_id"] = head.client_id
    if head.session_id is not None:
        shown["session_id"] = head.session_id
    if head.retry_of is not None:
        shown["retry_of"] = head.retry_of
    if head.retried_as is not None:
        shown["retried_as"] = head.retried_as


def failure_view(error: ErrorInfo, call: CallFacts) -> "schemas.Failure":
    shown: Any = {"code": error.code, "message": error.message, **call.known()}
    failure: schemas.Failure = shown
    return failure


def usage_view(usage: Usage) -> "schemas.Usage":
    return {
        "calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": float(usage.cost_usd),
        "wasted_cost_usd": float(usage.wasted_cost_usd),
    }


def iso(moment: datetime) -> str:
    """Return a moment in the API's form: RFC 3339, in UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
