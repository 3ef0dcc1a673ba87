"""The timeline: what happened to a generation out of the ordinary. A log beside the truth, never the truth."""

from datetime import timedelta

from botocore.exceptions import ClientError

from shared.errors import StoreUnavailableError
from shared.generation import Event, Generation
from shared.store import items
from shared.store.reads import Reads


class TimelineWrites(Reads):
    """The normal path writes no events: the head's own times tell it."""

    __slots__ = ()

    def note(self, head: Generation, event: Event) -> bool:
        """Log an event after the write that it tells of; best effort, and False when it could not be written.

        `head` is as that write left it: its version orders the events.
        """
        expires_at = head.deadline_at + timedelta(days=self.settings.retention_days + 1)
        try:
            self.table.put(items.encode_event(head.user_id, head.generation_id, head.version, event, expires_at))
        except (StoreUnavailableError, ClientError):
            return False
        return True

    def get_events(self, user_id: str, generation_id: str) -> list[Event]:
        """Return the logged events, the oldest first."""
        found = self.table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=items.marshal({":pk": user_id, ":prefix": f"E#{generation_id}#"}),
        )
        return [items.decode_event(item) for item in found]
