"""Closes the live connections of an owner who erases everything, so that no message about deleted data is sent."""

from dataclasses import dataclass

from shared.aws.logs import logger
from shared.aws.sockets import Sockets
from shared.domain.errors import ConnectionGoneError, NotPostedError
from shared.store.connections import Connections


@dataclass(frozen=True, slots=True)
class HangUp:
    """Raises the store's errors. A deleted connection gets no more messages, even if its socket stays open."""

    connections: Connections
    sockets: Sockets

    def __call__(self, owner: str) -> None:
        for connection in self.connections.noted(owner):
            self.connections.close(owner, connection.connection_id)
            try:
                self.sockets.close(connection.connection_id)
            except ConnectionGoneError:
                continue
            except NotPostedError as error:
                logger().warning("a connection could not be closed", extra={"error": str(error)})
