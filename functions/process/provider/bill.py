"""The final cost of a call that ended before it reported its cost. Asks the server by the call's id, within moments.

The dialect knows where to ask and how to read the response.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from functions.process.provider import exact
from shared.domain.generation import Usage

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 1.0
MOST_BYTES = 65_536

# No such id: not available yet. Otherwise too many calls, or a server error.
_LATER = frozenset({404, 408, 425, 429})


async def final_bill(
    client: httpx.AsyncClient,
    url: str,
    headers: Mapping[str, str],
    deadline: float,
    read: Callable[[Any], Usage | None],
) -> Usage | None:
    """Return a call's cost, or None if the server does not report it by `deadline`, a time of the loop's clock.

    Closes `client` in any case. Raises nothing that the server causes.
    """
    # httpx's errors hold the request, and with it the key, so they stop here.
    try:
        async with client, asyncio.timeout_at(deadline):
            document = await _ask_until_told(client, url, headers)
    except (TimeoutError, httpx.HTTPError):
        return None
    return read(document)


async def _ask_until_told(client: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> Any:
    wait = FIRST_WAIT_SECONDS
    while True:
        async with client.stream("GET", url, headers=dict(headers)) as response:
            if response.is_success:
                return _document(await _body(response))
            if response.status_code not in _LATER and response.status_code < 500:
                return None
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for received in response.aiter_raw():
        body += received
        if len(body) > MOST_BYTES:
            return b""
    return bytes(body)


def _document(body: bytes) -> Any:
    try:
        return exact.loads(body)
    except (ValueError, RecursionError):
        return None
