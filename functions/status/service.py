"""Answers what a generation's owner may see of it, and rescues on the way what has gone stale."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.api import Answer, ProblemError, Request, etag, matches
from shared.errors import StoreUnavailableError
from shared.generation import Generation, Usage
from shared.lifecycle import Status
from shared.rescue import Outcome, Rescuer
from shared.store import Store
from shared.telemetry import logger

_POLL_SECONDS = 2
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class StatusService:
    """Reads are strongly consistent: who has seen a version never sees an older one."""

    store: Store
    rescuer: Rescuer

    def get(self, request: Request) -> Answer:
        """Answer one generation, 304 when the caller has it already, 404 when it is not the caller's."""
        owner, generation_id = request.owner, request.path("generation_id")
        # What is no id of ours cannot be there; asking for it is answered as an absent one is.
        head = self.store.get(owner, generation_id) if _ID.fullmatch(generation_id) else None
        if head is None:
            raise ProblemError("not_found")
        head = self._healed(head)
        headers = {"etag": etag(head)}
        if not head.terminal:
            headers["retry-after"] = str(_POLL_SECONDS)
        if matches(request.header("if-none-match"), headers["etag"]):
            return Answer(304, None, headers)
        return Answer(200, view(head) | self._output(head), headers)

    def _healed(self, head: Generation) -> Generation:
        if not self.rescuer.is_stale(head):
            return head
        try:
            outcome = self.rescuer.rescue(head)
        except StoreUnavailableError:
            return head  # the reader still gets what was read; the next poll, or the sweeper, tries again
        logger().info("rescued on read", extra={"generation_id": head.generation_id, "outcome": str(outcome)})
        if outcome is Outcome.NOTHING:
            return head
        return self.store.get(head.user_id, head.generation_id) or head

    def _output(self, head: Generation) -> dict[str, Any]:
        if head.status is not Status.SUCCEEDED or head.output_step is None:
            return {}
        step = self.store.get_step(head.user_id, head.generation_id, head.output_step)
        return {"output": step.result} if step else {}


def view(head: Generation) -> dict[str, Any]:
    """Return the head as its owner sees it: nothing of fences, holders and queues. Absent is what is not yet."""
    shown: dict[str, Any] = {
        "generation_id": head.generation_id,
        "kind": head.kind,
        "status": str(head.status),
        "version": head.version,
        "progress": head.progress,
        "stage": head.stage,
        "attempt": head.attempt,
        "created_at": _iso(head.created_at),
        "started_at": _iso(head.started_at),
        "heartbeat_at": _iso(head.heartbeat_at),
        "not_before": _iso(head.not_before),
        "finished_at": _iso(head.finished_at),
        "deadline_at": _iso(head.deadline_at),
        "client_id": head.client_id,
        "session_id": head.session_id,
        "usage": _usage(head.usage),
    }
    if head.error is not None:
        shown["error"] = {"code": head.error.code, "message": head.error.message}
    return {name: value for name, value in shown.items() if value is not None}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": float(usage.cost_usd),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
