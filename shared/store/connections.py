"""Live connections: an item for each open WebSocket of an owner, and the single-use tickets that open one.

They have their own table, without a stream or backups. A function with access to it cannot read generations there.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.clock import Clock, epoch_milliseconds
from shared.store.marshalling import Item, from_epoch, marshal, unmarshal
from shared.store.table import ConditionFailedError, Table

TICKET_SECONDS = 30
LONGEST_SECONDS = 2 * 60 * 60
"""API Gateway closes every connection after two hours."""
MOST_CONNECTIONS = 8
"""Connections of one owner. Further tabs poll."""
YOUNG_SECONDS = 30
"""A handshake takes API Gateway at most 29 seconds. Until it ends, API Gateway reports the connection as gone."""


class Connection(NamedTuple):
    """One WebSocket that is probably open: a `$disconnect` may get lost."""

    owner: str
    connection_id: str
    opened_at: datetime


class Pass(NamedTuple):
    """The owner whose connection a ticket opens, and the end of that connection in epoch seconds."""

    owner: str
    ends_at: int


class Connections:
    """Safe to use from several threads. Raises what Table raises."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table, self._clock = table, clock

    def issue(self, owner: str, token_ends_at: int) -> tuple[str, int]:
        """Return a ticket, valid once and for 30 seconds, and the end of the connection that it opens.

        The connection ends with the token, within two hours. Only a hash of the ticket is stored, so a reader of the
        table cannot connect.
        """
        ticket, now = f"{self._clock.token()}{self._clock.token()}", self._seconds()
        ends_at = min(token_ends_at, now + LONGEST_SECONDS)
        stored = {"owner": owner, "ends": ends_at, "expires_at": now + TICKET_SECONDS}
        self._table.put(_ticket_key(ticket) | marshal(stored))
        return ticket, ends_at

    def redeem(self, ticket: str) -> Pass | None:
        """Return the connection that a ticket opens, once; None if the ticket is used, expired or invalid."""
        try:
            found = self._table.take(
                _ticket_key(ticket),
                ConditionExpression="expires_at > :now",
                ExpressionAttributeValues=marshal({":now": self._seconds()}),
            )
        except ConditionFailedError:
            return None
        values = unmarshal(found)
        return Pass(str(values["owner"]), int(values["ends"]))

    def is_full(self, owner: str) -> bool:
        """Whether the owner has reached the limit of connections."""
        return len(self.of(owner)) >= MOST_CONNECTIONS

    def open(self, opened: Pass, connection_id: str) -> bool:
        """Store a connection before its handshake has ended. Returns False and stores nothing if the limit is reached.

        Counted after the write, so that several that open at once cannot exceed the limit.
        """
        times = {"opened_at": self._clock.now(), "expires_at": opened.ends_at}
        self._table.put(marshal({"pk": opened.owner, "sk": connection_id, **times}))
        if len(self.of(opened.owner)) <= MOST_CONNECTIONS:
            return True
        self.close(opened.owner, connection_id)
        return False

    def close(self, owner: str, connection_id: str) -> None:
        """Delete a connection. Deleting a missing one is not an error."""
        self._table.delete(marshal({"pk": owner, "sk": connection_id}))

    def of(self, owner: str) -> list[Connection]:
        """Return the owner's connections, strongly consistent, without those past their end."""
        now = self._seconds()
        return [_connection(values) for values in self._items(owner) if int(values["expires_at"]) > now]

    def noted(self, owner: str) -> list[Connection]:
        """Return all stored connections of the owner, including those past their end that are not deleted yet."""
        return [_connection(values) for values in self._items(owner)]

    def is_young(self, connection: Connection) -> bool:
        """Whether its handshake may still run. API Gateway then reports it as gone although it is not."""
        return self._clock.now() <= connection.opened_at + timedelta(seconds=YOUNG_SECONDS)

    def _items(self, owner: str) -> list[Item]:
        found = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=marshal({":pk": owner}),
        )
        return [unmarshal(item) for item in found]

    def _seconds(self) -> int:
        return epoch_milliseconds(self._clock.now()) // 1000


def _connection(values: Item) -> Connection:
    return Connection(str(values["pk"]), str(values["sk"]), from_epoch(values["opened_at"]))


def _ticket_key(ticket: str) -> Item:
    # No owner contains a control character, so this partition belongs to nobody.
    digest = hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
    return marshal({"pk": f"ticket\0{digest}", "sk": "ticket"})
