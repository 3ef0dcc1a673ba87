"""The course of one call: connect, ask for leave, send once, read to the end, all within its deadline.

It decides nothing about retries beyond a connection that never started.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from functions.process.provider.answer import Answer
from functions.process.provider.events import EventReader
from functions.process.provider.figures import retry_after_of
from functions.process.provider.gate import Gate
from functions.process.provider.outcomes import (
    DEADLINE,
    OUTPUT_TOO_LARGE,
    PROTOCOL_BROKEN,
    STREAM_CUT,
    UNREACHABLE,
    Outcome,
    is_tls_failure,
    of_status,
    why_unreachable,
)
from functions.process.provider.request import Completion
from shared.domain.clock import Clock

QUICK_RETRIES = 2
QUICK_RETRY_SECONDS = 0.25
BILL_SECONDS = 5.0
"""How long a finished answer waits for the bill that follows it, and a refusal for its body."""

MOST_ERROR_BYTES = 65_536


class Call:
    """One request to `url` and what comes back. Used once."""

    def __init__(
        self,
        url: httpx.URL,
        *,
        body: bytes,
        answer: Answer,
        max_bytes: int,
        on_text: Callable[[int], None],
        on_bill_id: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._url = url
        self._body = body
        self._answer = answer
        self._max_bytes = max_bytes
        self._on_text = on_text
        self._on_bill_id = on_bill_id
        self._clock = clock
        self._bytes = 0

    async def run(self, client: httpx.AsyncClient, deadline: float, gate: Gate) -> Completion:
        """Return the whole answer; `client` is closed either way. Raises ProviderError, or what the gate raises."""
        # Errors are made after the except clauses, not in them: one of httpx holds the request, which holds the
        # key, and must not hang on ours as its context.
        try:
            async with client, gate, asyncio.timeout_at(deadline) as limit:
                await self._connect(client, gate, limit)
        except TimeoutError:
            if not limit.expired():
                raise
            self._stop(DEADLINE)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._stop(UNREACHABLE, why_unreachable(error))
        except httpx.HTTPError:
            self._stop(STREAM_CUT)
        return self._answer.completion()

    def _stop(self, outcome: Outcome, detail: str = "") -> None:
        # An answer that was whole before the connection broke is whole: only its bill is missing.
        if not self._answer.ended:
            self._answer.fail(outcome, detail)

    async def _connect(self, client: httpx.AsyncClient, gate: Gate, limit: asyncio.Timeout) -> None:
        retries = QUICK_RETRIES
        while True:
            try:
                await self._exchange(client, gate, limit)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # Nothing was sent, so this pays for nothing twice.
                if not retries or is_tls_failure(error):
                    raise
            else:
                return
            await asyncio.sleep(QUICK_RETRY_SECONDS * (0.5 + self._clock.random()))
            retries -= 1

    async def _exchange(self, client: httpx.AsyncClient, gate: Gate, limit: asyncio.Timeout) -> None:
        extensions = {"trace": gate.trace}
        async with client.stream("POST", self._url, content=self._body, extensions=extensions) as response:
            self._answer.name(response.headers.get("X-Generation-Id"))
            if response.is_success and "X-Generation-Id" in response.headers and self._answer.call_id:
                self._on_bill_id(self._answer.call_id)
            if not response.is_success:
                await self._refusal(response)
            elif response.headers.get("Content-Encoding", "identity") != "identity":
                self._answer.fail(PROTOCOL_BROKEN, "it was compressed unasked")
            elif response.headers.get("Content-Type", "").startswith("application/json"):
                # An error found before the first token, or a server that does not stream.
                await self._whole(response)
            else:
                await self._stream(response, limit)

    async def _refusal(self, response: httpx.Response) -> None:
        error = await _error_of(response)
        outcome, detail = of_status(response.status_code, error)
        headers = response.headers
        wait = retry_after_of(headers.get("Retry-After"), headers.get("Date"), error, self._clock.now())
        self._answer.fail(outcome, detail, wait)

    async def _whole(self, response: httpx.Response) -> None:
        body = bytearray()
        async for received in response.aiter_raw():
            if not self._fits(received):
                return
            body += received
        self._answer.take(bytes(body))
        self._report(0)

    async def _stream(self, response: httpx.Response, limit: asyncio.Timeout) -> None:
        events = EventReader()
        async for received in response.aiter_raw():
            if not self._fits(received):
                return
            self._take(events.feed(received), limit)
            if self._answer.done:
                return
        self._take(events.finish(), limit)

    def _take(self, events: Iterator[bytes], limit: asyncio.Timeout) -> None:
        characters, ended = self._answer.characters, self._answer.ended
        for data in events:
            self._answer.take(data)
        self._report(characters)
        if self._answer.ended and not ended:
            # A server that keeps the connection open after the last word must not turn it into a timeout.
            soon = asyncio.get_running_loop().time() + BILL_SECONDS
            limit.reschedule(min(soon, limit.when() or soon))

    def _report(self, characters: int) -> None:
        if self._answer.characters > characters:
            self._on_text(self._answer.characters)

    def _fits(self, received: bytes) -> bool:
        # Comments count as well: a server could send nothing else, fast, until the deadline.
        self._bytes += len(received)
        if self._bytes > self._max_bytes:
            self._answer.fail(OUTPUT_TOO_LARGE)
        return self._bytes <= self._max_bytes


async def _error_of(response: httpx.Response) -> Any:
    """Return the `error` of a refusal's body, or None where it has none or does not come in time."""
    body = bytearray()
    try:
        async with asyncio.timeout(BILL_SECONDS):
            async for received in response.aiter_raw():
                body += received
                if len(body) > MOST_ERROR_BYTES:
                    return None
        document = json.loads(body)
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
        return None
    return document.get("error") if isinstance(document, dict) else None
