"""The gate of one call's connection: permission to send at the last moment, and a reliable close.

Both use events that httpcore documents for its `trace` extension.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, Self

from functions.process.provider.cancellation import Cancellation
from functions.process.provider.failures import DEADLINE


class Closable(Protocol):
    async def aclose(self) -> None: ...


class Gate:
    """Calls `may_send` when the connection is open, right before the request's first byte.

    If it asked before connecting, a slow name server or handshake would delay the sending after the permission.
    """

    def __init__(self, may_send: Callable[[], None], cancellation: Cancellation, deadline: float) -> None:
        self._may_send = may_send
        self._cancellation = cancellation
        self._deadline = deadline
        self._connections: list[Closable] = []
        self.open = False
        """Whether sending was permitted. From then on, the request may have been sent."""

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take one event of httpcore. Raises what `may_send` raises; then nothing is sent."""
        if event.endswith(".connect_tcp.complete"):
            self._connections.append(info["return_value"])
        elif event.endswith(".send_request_headers.started"):
            self._may_send()
            # It may have blocked for seconds, while the loop saw neither the clock nor a cancellation.
            if self._cancellation.cancelled:
                raise asyncio.CancelledError
            if asyncio.get_running_loop().time() >= self._deadline:
                raise DEADLINE.raised("nothing was sent", unpaid=True)
            self.open = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # httpcore drops a connection whose TLS handshake is canceled, so it would stay open until garbage collection.
        for connection in self._connections:
            await connection.aclose()
