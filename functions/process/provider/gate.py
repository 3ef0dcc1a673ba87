"""What one call's connection goes through: leave to send at the last moment, and a close that is sure.

Both hang on events that httpcore documents for its `trace` extension.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, Self

from functions.process.provider.cancellation import Cancellation
from functions.process.provider.failures import DEADLINE


class Closable(Protocol):
    async def aclose(self) -> None: ...


class Gate:
    """Asks `may_send` when the connection stands and the next thing is the request's first byte.

    Asking before connecting would let a slow name server or handshake stand between the leave and the sending.
    """

    def __init__(self, may_send: Callable[[], None], cancellation: Cancellation, deadline: float) -> None:
        self._may_send = may_send
        self._cancellation = cancellation
        self._deadline = deadline
        self._connections: list[Closable] = []
        self.open = False
        """Whether leave was given: from then on the request may have been sent."""

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take one event of httpcore. Raises what `may_send` raises: then nothing is sent."""
        if event.endswith(".connect_tcp.complete"):
            self._connections.append(info["return_value"])
        elif event.endswith(".send_request_headers.started"):
            self._may_send()
            # It may have blocked for seconds, and the loop saw neither the clock nor the cancellation meanwhile.
            if self._cancellation.cancelled:
                raise asyncio.CancelledError
            if asyncio.get_running_loop().time() >= self._deadline:
                raise DEADLINE.raised("nothing was sent", unpaid=True)
            self.open = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # httpcore forgets a connection whose TLS handshake is canceled: it would stay open until collected.
        for connection in self._connections:
            await connection.aclose()
