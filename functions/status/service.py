"""Answers what a generation's owner may see of it, and rescues on the way what has gone stale."""

from dataclasses import dataclass
from typing import Any

from shared.api import Answer, ProblemError, Request
from shared.errors import StoreUnavailableError
from shared.generation import Generation
from shared.lifecycle import Status
from shared.rescue import Rescuer
from shared.store import Store
from shared.telemetry import logger, measure_rescues
from shared.view import etag, matches, view

_POLL_SECONDS = 2


@dataclass(frozen=True, slots=True)
class StatusService:
    """Reads are strongly consistent: who has seen a version never sees an older one."""

    store: Store
    rescuer: Rescuer

    def get(self, request: Request) -> Answer:
        """Answer one generation, 304 when the caller has it already, 404 when it is not the caller's."""
        head = self.store.get(request.owner, request.generation_id)
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
        measure_rescues({outcome: 1})
        return self.store.get(head.user_id, head.generation_id) or head

    def _output(self, head: Generation) -> dict[str, Any]:
        if head.status is not Status.SUCCEEDED or head.output_step is None:
            return {}
        step = self.store.get_step(head.user_id, head.generation_id, head.output_step)
        return {"output": step.result} if step else {}
