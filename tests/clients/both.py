"""Runs one scenario through both clients: what `Client` does at once, `AsyncClient` is awaited for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import httpx

from unstuck.async_client import AsyncClient
from unstuck.client import Client
from unstuck.exchange import Conditions

TOKEN: Any = "t-1"


class Caller(Protocol):
    """Calls a method by its name, on a client that lives for this call."""

    def __call__(self, method: str, *arguments: Any, token: Any = TOKEN, **named: Any) -> Any: ...


type Handler = Callable[[httpx.Request], httpx.Response]


def sync_caller(url: str, handler: Handler | None, conditions: Conditions | None = None) -> Caller:
    """Return a caller over `Client`; without a handler it uses the network."""

    def call(method: str, *arguments: Any, token: Any = TOKEN, **named: Any) -> Any:
        transport = httpx.MockTransport(handler) if handler else None
        pause: Any = {"sleep": lambda _seconds: None} if handler else {}
        with Client(url, token, conditions=conditions, transport=transport, **pause) as client:
            found = getattr(client, method)(*arguments, **named)
            return list(found) if hasattr(found, "__next__") else found

    return call


def async_caller(url: str, handler: Handler | None, conditions: Conditions | None = None) -> Caller:
    """Return a caller over `AsyncClient`."""

    async def at_once(_seconds: float) -> None:
        """No pause."""

    async def carried_out(method: str, arguments: Any, token: Any, named: Any) -> Any:
        transport = httpx.MockTransport(handler) if handler else None
        pause: Any = {"sleep": at_once} if handler else {}
        async with AsyncClient(url, token, conditions=conditions, transport=transport, **pause) as client:
            found: AsyncIterator[Any] | Awaitable[Any] = getattr(client, method)(*arguments, **named)
            return [each async for each in found] if isinstance(found, AsyncIterator) else await found

    def call(method: str, *arguments: Any, token: Any = TOKEN, **named: Any) -> Any:
        return asyncio.run(carried_out(method, arguments, token, named))

    return call


CALLERS = {"sync": sync_caller, "async": async_caller}
