"""Rescue on read: a generation that somebody reads does not wait for the sweeper."""

from dataclasses import dataclass

from shared.aws.logs import logger
from shared.aws.metrics import Metric, measure, measure_rescues
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Generation
from shared.rescue import Rescuer
from shared.store.reads import Reader


@dataclass(frozen=True, slots=True)
class Healer:
    """Rescues stale generations that a reader finds. The read never fails because of it."""

    reads: Reader
    rescuer: Rescuer

    def heal(self, head: Generation) -> Generation | None:
        """Rescue a head that was just read and return its new state; None if it was not stale."""
        try:
            return self._heal(head)
        except StoreUnavailableError:
            return head  # the reader still gets what was read; the next poll or the sweeper retries
        except Exception:  # noqa: BLE001 - a missing permission or a damaged step must not affect the reader
            logger().exception("the rescue beside a read failed", extra={"generation_id": head.generation_id})
            measure({Metric.ERRORS: 1})
            return head

    def _heal(self, head: Generation) -> Generation | None:
        rescued = self.rescuer.rescue_if_stale(head)
        if rescued is None:
            return None
        about = {"generation_id": head.generation_id, "outcome": str(rescued.outcome)}
        logger().info("rescued on read", extra=about)
        measure_rescues({rescued.outcome: 1}, [rescued.ended] if rescued.ended else [])
        return self.reads.get(head.key) or head
