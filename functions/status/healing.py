"""Rescue on read: what somebody looks at does not wait for the sweeper."""

from dataclasses import dataclass

from shared.aws.logs import logger
from shared.aws.metrics import Metric, measure, measure_rescues
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Generation
from shared.rescue import Rescuer
from shared.store.reads import Reader


@dataclass(frozen=True, slots=True)
class Healer:
    """Rescues what a reader finds stale. A reader is never refused for it."""

    reads: Reader
    rescuer: Rescuer

    def heal(self, head: Generation) -> Generation | None:
        """Return a head that was just read as it is once it has been rescued; None when it was not stale."""
        try:
            return self._heal(head)
        except StoreUnavailableError:
            return head  # the reader still gets what was read; the next poll, or the sweeper, tries again
        except Exception:  # noqa: BLE001 - a right that is missing, or a damaged step: none of it is the reader's
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
