"""Rescue on read: what somebody looks at does not wait for the sweeper."""

from shared.aws.logs import logger
from shared.aws.metrics import measure_rescues
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Generation
from shared.rescue import Rescuer
from shared.store.whole import Store


def healed(store: Store, rescuer: Rescuer, head: Generation) -> Generation:
    """Return a head that was just read as it is once it has been rescued, if it was stale."""
    if not rescuer.is_stale(head):
        return head
    try:
        rescued = rescuer.rescue(head)
    except StoreUnavailableError:
        return head  # the reader still gets what was read; the next poll, or the sweeper, tries again
    about = {"generation_id": head.generation_id, "outcome": str(rescued.outcome)}
    logger().info("rescued on read", extra=about)
    measure_rescues({rescued.outcome: 1}, [rescued.ended] if rescued.ended else [])
    return store.get(head.user_id, head.generation_id) or head
