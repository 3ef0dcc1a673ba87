"""Who is connected: an item for each open WebSocket of an owner, and the single-use tickets that open one.

In a table of its own, without a stream or backups. It knows no generation, and whoever may use it may read none.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.clock import Clock, epoch_milliseconds
from shared.store import items
from shared.store.table import ConditionFailedError, Table

TICKET_SECONDS = 30
LONGEST_SECONDS = 2 * 60 * 60
"""API Gateway closes every connection after two hours."""
MOST_CONNECTIONS = 8
"""Of one owner. A further tab polls."""
YOUNG_SECONDS = 30
"""API Gateway takes at most 29 seconds over a handshake, and until its end it calls a connection gone."""


class Connection(NamedTuple):
    """One open WebSocket, as far as is known: a `$disconnect` may get lost."""

    owner: str
    connection_id: str
    opened_at: datetime


class Pass(NamedTuple):
    """Whose connection a ticket opens, and until when that may last, in epoch seconds."""

    owner: str
    ends_at: int


class Connections:
    """Safe to use from several threads. Raises what Table raises."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table, self._clock = table, clock

    def issue(self, owner: str, token_ends_at: int) -> tuple[str, int]:
        """Return a ticket, good once and for 30 seconds, and the end of the connection that it opens.

        The end is the token's own, and two hours away at most. Only a hash of the ticket is stored: nobody who reads
        the table can connect.
        """
        ticket, now = f"{self._clock.token()}{self._clock.token()}", self._seconds()
        ends_at = min(token_ends_at, now + LONGEST_SECONDS)
        stored = {"owner": owner, "ends": ends_at, "expires_at": now + TICKET_SECONDS}
        self._table.put(_ticket_key(ticket) | items.marshal(stored))
        return ticket, ends_at

    def redeem(self, ticket: str) -> Pass | None:
        """Return what a ticket opens, the first time; None for one that is used, old or made up."""
        try:
            found = self._table.take(
                _ticket_key(ticket),
                ConditionExpression="expires_at > :now",
                ExpressionAttributeValues=items.marshal({":now": self._seconds()}),
            )
        except ConditionFailedError:
            return None
        values = items.unmarshal(found)
        return Pass(str(values["owner"]), int(values["ends"]))

    def is_full(self, owner: str) -> bool:
        """Whether the owner has as many connections as one may have."""
        return len(self.of(owner)) >= MOST_CONNECTIONS

    def open(self, opened: Pass, connection_id: str) -> bool:
        """Note a connection, before its handshake has ended; False, and nothing noted, where it is one too many.

        Counted after the write: of several that open at once, no more stay than may be.
        """
        times = {"opened_at": self._clock.now(), "expires_at": opened.ends_at}
        self._table.put(items.marshal({"pk": opened.owner, "sk": connection_id, **times}))
        if len(self.of(opened.owner)) <= MOST_CONNECTIONS:
            return True
        self.close(opened.owner, connection_id)
        return False

    def close(self, owner: str, connection_id: str) -> None:
        """Forget a connection; one that is forgotten already is no error."""
        self._table.delete(items.marshal({"pk": owner, "sk": connection_id}))

    def of(self, owner: str) -> list[Connection]:
        """Return the owner's connections, strongly consistent; those that are past their end do not count."""
        now = self._seconds()
        return [_connection(values) for values in self._items(owner) if int(values["expires_at"]) > now]

    def noted(self, owner: str) -> list[Connection]:
        """Return all that is noted of the owner, also what is past its end and not deleted yet."""
        return [_connection(values) for values in self._items(owner)]

    def is_young(self, connection: Connection) -> bool:
        """Whether its handshake may not have ended: API Gateway then calls it gone, and it is not."""
        return self._clock.now() <= connection.opened_at + timedelta(seconds=YOUNG_SECONDS)

    def _items(self, owner: str) -> list[items.Item]:
        found = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=items.marshal({":pk": owner}),
        )
        return [items.unmarshal(item) for item in found]

    def _seconds(self) -> int:
        return epoch_milliseconds(self._clock.now()) // 1000


def _connection(values: items.Item) -> Connection:
    return Connection(str(values["pk"]), str(values["sk"]), items.from_epoch(values["opened_at"]))


def _ticket_key(ticket: str) -> items.Item:
    # No owner has a control character in it, so this is nobody's partition.
    digest = hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
    return items.marshal({"pk": f"ticket\0{digest}", "sk": "ticket"})
