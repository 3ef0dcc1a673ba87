"""The model server's client: its address, its trust, the size limit of an answer, and one call at a time.

Only this package uses httpx. It keeps no key.
"""

import codecs
import ssl
import threading
from collections.abc import Callable, Iterable

import anyio
import httpx

from functions.process.provider.answer import AnswerReader
from functions.process.provider.bill import final_bill
from functions.process.provider.call import Call
from functions.process.provider.cancellation import Cancellation, run_until_cancelled
from functions.process.provider.dialects import dialect_for
from functions.process.provider.dialects.contract import Wired
from functions.process.provider.failures import KEY_REFUSED
from functions.process.provider.gate import Gate
from functions.process.provider.record import CallRecord
from functions.process.provider.request import Completion, ModelRequest, usable_key
from functions.process.provider.terms import KnownTerms, weaker
from shared.domain.clock import Clock, SystemClock
from shared.domain.errors import ProviderError
from shared.domain.generation import Usage
from shared.domain.model_prices import ModelPrice, price_for

MAX_BYTES = 16 * 1024 * 1024
"""The maximum of one answer on the wire: a stream has some 400 bytes around each token."""

CONNECT_SECONDS = 10.0
MOST_REFUSALS = 6
"""Tries of one call: each omits a field or asks for a weaker form, and costs nothing."""


class Provider:
    """A model server at `base_url` (up to and without `/chat/completions`). Safe to share between threads.

    `protocol` is the server's protocol (see `dialects.NAMES`); auto infers it from the host's name. `prices` are for
    models whose server reports no cost. The client remembers the fields that a server refused.

    Raises ValueError for an unknown protocol, and for a base URL that is not http or https, or has no host. A base URL
    with a name and password is refused too, because the HTTP library would send them instead of the key.
    """

    def __init__(
        self,
        base_url: str,
        *,
        protocol: str = "auto",
        connect_timeout_seconds: float = CONNECT_SECONDS,
        max_bytes: int = MAX_BYTES,
        prices: Iterable[ModelPrice] = (),
        clock: Clock | None = None,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ValueError("the provider's base URL must be http(s)://host/path, with no name and password")
        self._dialect = dialect_for(base_url, url.host, protocol)
        self._plain = url.scheme == "http"
        self._timeout = httpx.Timeout(None, connect=connect_timeout_seconds)
        self._max_bytes = max_bytes
        self._prices = tuple(prices)
        self._clock = clock or SystemClock()
        self._known = KnownTerms()
        self._tls: ssl.SSLContext | None = None
        self._tls_lock = threading.Lock()

    @property
    def takes_key(self) -> bool:
        """Whether a call needs a key. If not, it is signed with the function's own rights."""
        return self._dialect.takes_key

    def warm_up(self) -> None:
        """Load what the first call would load: certificates, HTTP library, event loop, codec. Sends nothing.

        Worth calling at the start of a function, where the CPU is not yet throttled.
        """

        async def load() -> None:
            async with self._client():
                await anyio.sleep(0)

        run_until_cancelled(load, Cancellation())
        codecs.lookup("utf-8-sig")  # by which answers are read

    def complete(
        self,
        request: ModelRequest,
        *,
        api_key: str,
        deadline: float,
        may_send: Callable[[], None],
        cancellation: Cancellation,
        on_text: Callable[[int], None],
        on_bill_id: Callable[[str], None] = lambda _bill_id: None,
        on_words: Callable[[str], None] | None = None,
        record: CallRecord | None = None,
    ) -> Completion:
        """Make the call in this thread and return its complete answer, or raise why there is none.

        `deadline` is a time of `time.monotonic()` at which the call ends, whatever still arrives. `may_send` is called
        once the connection is open, right before the request's first byte. If it raises, nothing was sent and its error
        passes through. It may block, and counts towards the deadline. `on_text` gets the number of characters of
        content each time it grows, and `on_words` the new text; neither may block. `on_bill_id` gets the id for `bill`,
        as soon as the server sends one. The model runs at most once: if the server refuses a field, the request is sent
        again without it, after another `may_send`. `record` collects the facts of the call, however it ends.

        Raises ProviderError (see `failures`) with the reported usage, or CallCanceledError within moments of
        `cancellation.cancel()`.
        """
        record = record or CallRecord()
        key = usable_key(api_key) if self._dialect.takes_key else ""
        if key is None:
            raise KEY_REFUSED.raised("it is empty or has characters that a header cannot hold", unpaid=True)
        terms = known = self._known.of(request.model)
        for tries_left in reversed(range(MOST_REFUSALS + 1)):
            wired = self._dialect.call(request, terms, key)
            record.begin()
            call = self._call(request, wired, record, on_text, on_bill_id, on_words)
            try:
                completion = self._run(call, deadline, may_send, cancellation)
            except ProviderError:
                easier = weaker(terms, wired.fields, call.refused) if call.refused else None
                if easier is None or not tries_left:
                    raise
                terms = easier
            else:
                if terms != known:
                    self._known.learn(request.model, terms)
                return completion
        raise AssertionError("the last try returns or raises")

    def bill(self, bill_id: str, *, api_key: str, deadline: float) -> Usage | None:
        """Return the cost of a call that ended before it reported it. Returns None if the server does not report it by
        `deadline`, a time of `time.monotonic()`. A server has it a moment after the call's end, so this asks a few
        times.
        """
        key = usable_key(api_key)
        request = self._dialect.bill_request(bill_id, key) if key else None
        if request is None:
            return None
        url, headers = request

        async def run() -> Usage | None:
            return await final_bill(self._client(), url, headers, deadline, self._dialect.bill)

        return run_until_cancelled(run, Cancellation())

    def _call(
        self,
        request: ModelRequest,
        wired: Wired,
        record: CallRecord,
        on_text: Callable[[int], None],
        on_bill_id: Callable[[str], None],
        on_words: Callable[[str], None] | None,
    ) -> Call:
        price = price_for(self._prices, request.model)
        answer = AnswerReader(request.model, with_picture=request.draws, price=price, record=record)
        return Call(
            self._dialect,
            wired,
            answer=answer,
            draws=request.draws,
            max_bytes=self._max_bytes,
            on_text=on_text,
            on_words=on_words,
            on_bill_id=on_bill_id,
            clock=self._clock,
        )

    def _run(self, call: Call, deadline: float, may_send: Callable[[], None], cancellation: Cancellation) -> Completion:
        async def run() -> Completion:
            return await call.run(self._client(), deadline, Gate(may_send, cancellation, deadline))

        return run_until_cancelled(run, cancellation)

    def _client(self) -> httpx.AsyncClient:
        # Connections belong to one call's loop. No proxy or .netrc of the environment may see or replace the key.
        transport = httpx.AsyncHTTPTransport(verify=self._trust())
        return httpx.AsyncClient(transport=transport, timeout=self._timeout, trust_env=False)

    def _trust(self) -> ssl.SSLContext:
        # One for all calls: reading the certificates takes some 50 ms of CPU, which each of ten threads would pay.
        with self._tls_lock:
            if self._tls is None:
                # For plain http, a context that trusts nobody costs nothing and can never accept a TLS server.
                self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if self._plain else httpx.create_ssl_context()
            return self._tls
