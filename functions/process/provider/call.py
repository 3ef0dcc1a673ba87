"""One call: connect, ask the gate, send once, read to the end, all within its deadline.

It retries only a connection that never started.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import httpx

from functions.process.provider.answer import AnswerReader
from functions.process.provider.decoding import Decoder, UnknownEncodingError
from functions.process.provider.dialects.contract import Dialect, Wired
from functions.process.provider.events import TooLongError
from functions.process.provider.failures import (
    BAD_REQUEST,
    DEADLINE,
    OUTPUT_TOO_LARGE,
    PROTOCOL_BROKEN,
    STREAM_CUT,
    UNREACHABLE,
    CallFailure,
    is_tls_failure,
    of_refusal,
    why_unreachable,
)
from functions.process.provider.frames import let_go
from functions.process.provider.gate import Gate
from functions.process.provider.report import Report
from functions.process.provider.request import Completion
from functions.process.provider.retry_after import retry_after_of
from shared.domain.clock import Clock

QUICK_RETRIES = 2
QUICK_RETRY_SECONDS = 0.25
QUIET_SECONDS = 5.0
"""How long a complete answer waits for its cost, and a refusal for its body."""

STUMP_QUIET_SECONDS = 30.0
"""How long to wait if the model reports its end but the answer looks incomplete."""

MOST_ERROR_BYTES = 65_536
MOST_TEXT_BYTES = 4 * 1024 * 1024
"""The maximum of one event, or of a whole JSON answer, with a text: JSON may take six bytes for a character."""


class Call:
    """One request and its response. Used once. `refused` is the report of a refusal about the request."""

    def __init__(
        self,
        dialect: Dialect,
        wired: Wired,
        *,
        answer: AnswerReader,
        draws: bool,
        max_bytes: int,
        on_text: Callable[[int], None],
        on_words: Callable[[str], None] | None,
        on_bill_id: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._dialect, self._wired, self._answer = dialect, wired, answer
        self._framing = dialect.framing(max_bytes if draws else min(max_bytes, MOST_TEXT_BYTES))
        self._max_bytes = max_bytes
        self._on_text, self._on_words = on_text, on_words
        self._pieces_told = 0
        self._on_bill_id = on_bill_id
        self._clock = clock
        self._bytes = 0
        self.refused: Report | None = None

    async def run(self, client: httpx.AsyncClient, deadline: float, gate: Gate) -> Completion:
        """Return the complete answer. Closes `client` in any case. Raises ProviderError, or what the gate raises."""
        # Errors are created after the except clauses, not in them. httpx's error holds the request with the key, and
        # must not become the context of ours.
        try:
            async with client, gate, asyncio.timeout_at(deadline) as limit:
                await self._connect(client, gate)
        except TimeoutError as error:
            if not limit.expired():
                raise
            self._stop(DEADLINE, refused=not gate.open)
            let_go(error)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._stop(UNREACHABLE, why_unreachable(error), refused=True)
            let_go(error)
        except httpx.RemoteProtocolError as error:
            # The server does not speak HTTP, or the response was cut off.
            self._stop(PROTOCOL_BROKEN if "illegal" in str(error).lower() else STREAM_CUT)
            let_go(error)
        except httpx.HTTPError as error:
            self._stop(STREAM_CUT)
            let_go(error)
        return self._answer.completion()

    def _stop(self, failure: CallFailure, detail: str = "", *, refused: bool = False) -> None:
        # An answer that was complete before the connection broke is valid: only its cost is missing.
        if not self._answer.settled():
            self._answer.fail(failure, detail, refused=refused)

    async def _connect(self, client: httpx.AsyncClient, gate: Gate) -> None:
        retries = QUICK_RETRIES
        while True:
            try:
                await self._exchange(client, gate)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # Nothing was sent, so nothing is paid twice.
                if not retries or is_tls_failure(error):
                    raise
                let_go(error)
            else:
                return
            await asyncio.sleep(QUICK_RETRY_SECONDS * (0.5 + self._clock.random()))
            retries -= 1

    async def _exchange(self, client: httpx.AsyncClient, gate: Gate) -> None:
        extensions = {"trace": gate.trace}
        url, body, headers = self._wired.url, self._wired.body, dict(self._wired.headers)
        async with client.stream("POST", url, content=body, headers=headers, extensions=extensions) as response:
            try:
                await self._hear(response)
            finally:
                await response.aclose()
                response.stream = httpx.ByteStream(b"")  # httpx's error refers to the response

    async def _hear(self, response: httpx.Response) -> None:
        self._answer.record.status = response.status_code
        self._note_bill_id(response)
        if not response.is_success:
            await self._refusal(response)
            return
        try:
            await self._read(response.aiter_raw(), Decoder(response.headers.get("Content-Encoding", "")))
        except UnknownEncodingError:
            self._answer.fail(PROTOCOL_BROKEN, "it was compressed unasked")
        except TooLongError:
            self._answer.fail(OUTPUT_TOO_LARGE)

    def _note_bill_id(self, response: httpx.Response) -> None:
        name = self._dialect.bill_id_header
        for header in (name, "X-Generation-Id", "x-amzn-RequestId", "request-id"):
            self._answer.name(response.headers.get(header) if header else None)
        if response.is_success and name is not None and name in response.headers and self._answer.record.call_id:
            self._on_bill_id(self._answer.record.call_id)

    async def _refusal(self, response: httpx.Response) -> None:
        report = self._dialect.refusal(await _body_of(response), response.headers)
        headers = {name.lower(): value for name, value in response.headers.items()}
        wait = retry_after_of(headers, report.body, report.text, self._clock.now())
        again = headers.get("x-should-retry") == "true"
        failure, detail = of_refusal(response.status_code, report, told_wait=wait is not None, try_again=again)
        if failure is BAD_REQUEST:
            self.refused = report
        self._answer.fail(failure, detail, wait, refused=True, report=report)

    async def _read(self, chunks: AsyncIterator[bytes], decoder: Decoder) -> None:
        """Read until the wire's final event, the body's end, or a finish followed by silence."""
        loop = asyncio.get_running_loop()
        arrival: asyncio.Task[bytes | None] | None = None
        moved, progress, look_after = loop.time(), -1, QUIET_SECONDS
        try:
            while True:
                if self._answer.progress != progress:
                    moved, progress, look_after = loop.time(), self._answer.progress, QUIET_SECONDS
                arrival = arrival or loop.create_task(_next(chunks))
                left = max(0.0, moved + look_after - loop.time()) if self._answer.finished else None
                await asyncio.wait({arrival}, timeout=left)
                if self._answer.finished and loop.time() - moved >= look_after:
                    if look_after == STUMP_QUIET_SECONDS or self._answer.settled():
                        return
                    look_after = STUMP_QUIET_SECONDS
                if not arrival.done():
                    continue
                received, arrival = arrival.result(), None
                if received is None:
                    self._take(self._framing.finish(), last=True)
                    return
                if not self._receive(received, decoder):
                    return
        finally:
            if arrival is not None:
                await _end(arrival)

    def _receive(self, received: bytes, decoder: Decoder) -> bool:
        """Take bytes as they arrive. Returns whether there may be more to read."""
        # Comments count as well: a server could send nothing else until the deadline.
        self._bytes += len(received)
        for part in decoder.decode(received, self._max_bytes):
            self._take(self._framing.feed(part), last=False)
        if self._bytes > self._max_bytes:
            raise TooLongError
        return not self._answer.done

    def _take(self, events: Iterator[bytes], *, last: bool) -> None:
        characters = self._answer.characters
        for event in events:
            self._dialect.read(self._answer, event, last=last)
        if self._answer.characters > characters:
            self._on_text(self._answer.characters)
            self._tell_words()

    def _tell_words(self) -> None:
        if self._on_words is not None:
            pieces = self._answer.words_after(self._pieces_told)
            self._pieces_told += len(pieces)
            self._on_words("".join(pieces))


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)


async def _end(arrival: asyncio.Task[bytes | None]) -> None:
    """Close it completely, whatever happens."""
    arrival.cancel()
    await asyncio.gather(arrival, return_exceptions=True)


async def _body_of(response: httpx.Response) -> bytes:
    """Return a refusal's body, as far as it arrives in time, up to the size that a sentence needs."""
    body = bytearray()
    decoder = Decoder(response.headers.get("Content-Encoding", ""))
    try:
        async with asyncio.timeout(QUIET_SECONDS):
            async for received in response.aiter_raw():
                for part in decoder.decode(received, MOST_ERROR_BYTES):
                    body += part
                if len(body) > MOST_ERROR_BYTES:
                    break
    except (httpx.HTTPError, TimeoutError, UnknownEncodingError, TooLongError):
        pass
    return bytes(body[:MOST_ERROR_BYTES])
