"""The timeline: unusual events of a generation. Best effort: an event may be missing, but none is wrong. Nothing
decides by it."""

from datetime import datetime
from decimal import Decimal
from functools import partial

from shared.domain.errors import StoreRefusedError, StoreUnavailableError
from shared.domain.generation import SCHEMA_VERSION, Event, Generation, GenerationKey
from shared.store import items
from shared.store.call_values import call_value, decode_call
from shared.store.damage import if_readable
from shared.store.ground import Ground
from shared.store.marshalling import Item, expiry, from_epoch, marshal, unmarshal
from shared.store.values import text_of, text_or_none


class Timeline:
    """The normal path writes no events, because the head's times show it."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._settings = ground.table, ground.settings

    def note(self, head: Generation, event: Event) -> bool:
        """Log an event after its write. Best effort: returns False if it could not be written.

        `head` is the head after that write. Its version orders the events.
        """
        return self._put(head, f"{head.version:010d}", event)

    def note_call(self, head: Generation, event: Event) -> bool:
        """Log the outcome of a call of a generation that continues, or that another writer ended. Best effort as well.

        `head` is the head after the call's begin_call. Several calls may share its version, so its count of calls names
        them.
        """
        return self._put(head, f"{head.version:010d}#{head.calls}", event)

    def _put(self, head: Generation, name: str, event: Event) -> bool:
        expires_at = items.parts_expiry(head, self._settings)
        try:
            self._table.put(_encode(head.key, name, event, expires_at))
        except (StoreUnavailableError, StoreRefusedError):
            return False
        return True

    def get_events(self, key: GenerationKey) -> list[Event]:
        """Return the readable events, oldest first."""
        found = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=marshal({":pk": key.owner, ":prefix": f"E#{key.generation_id}#"}),
        )
        events = (if_readable(partial(decode_event, item)) for item in found)
        return [event for event in events if event is not None]


def _encode(key: GenerationKey, name: str, event: Event, expires_at: datetime) -> Item:
    delay = event.delay_seconds
    return marshal(
        {
            "pk": key.owner,
            "sk": f"E#{key.generation_id}#{name}",
            "name": event.name,
            "at": event.at,
            "attempt": event.attempt,
            "code": event.code,
            "delay_seconds": None if delay is None else Decimal(str(round(delay, 3))),
            "call": call_value(event.call),
            "schema_version": SCHEMA_VERSION,
            "expires_at": expiry(expires_at),
        }
    )


def decode_event(item: Item) -> Event:
    values = unmarshal(item)
    delay = values.get("delay_seconds")
    return Event(
        name=text_of(values, "name"),
        at=from_epoch(values["at"]),
        attempt=int(values["attempt"]),
        code=text_or_none(values, "code"),
        delay_seconds=None if delay is None else float(delay),
        call=decode_call(values.get("call", {})),
    )
