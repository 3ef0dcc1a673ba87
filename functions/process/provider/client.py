"""The model server's client: where it is, whom it trusts, how long an answer may be, and one call at a time.

The only package that uses httpx. It keeps no key.
"""

import ssl
import threading
from collections.abc import Callable

import anyio
import httpx

from functions.process.provider.answer import Answer
from functions.process.provider.bill import final_bill
from functions.process.provider.call import Call
from functions.process.provider.cancellation import Cancellation, run_until_cancelled
from functions.process.provider.gate import Gate
from functions.process.provider.outcomes import KEY_REFUSED
from functions.process.provider.request import (
    Completion,
    ModelRequest,
    bill_headers,
    body_of,
    dialect_of,
    headers_of,
    usable_key,
)
from shared.domain.clock import Clock, SystemClock
from shared.domain.generation import Usage

MAX_BYTES = 16 * 1024 * 1024
"""Of one answer as it comes over the wire: a stream carries some 400 bytes around each token."""

CONNECT_SECONDS = 10.0


class Provider:
    """A model server at `base_url` (up to and without `/chat/completions`). Safe to share between threads.

    `protocol` is what the server speaks (see `request.PROTOCOLS`); auto goes by the host's name.

    Raises ValueError for a base URL that is not http or https, has no host, or holds a name and password, which
    the HTTP library would send in place of the key; and for an unknown protocol.
    """

    def __init__(
        self,
        base_url: str,
        *,
        protocol: str = "auto",
        connect_timeout_seconds: float = CONNECT_SECONDS,
        max_bytes: int = MAX_BYTES,
        clock: Clock | None = None,
    ) -> None:
        url = httpx.URL(base_url.rstrip("/") + "/chat/completions")
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ValueError("the provider's base URL must be http(s)://host/path, with no name and password")
        self._url = url
        self._bill_url = httpx.URL(base_url.rstrip("/") + "/generation")
        self._dialect = dialect_of(url.host, protocol)
        self._timeout = httpx.Timeout(None, connect=connect_timeout_seconds)
        self._max_bytes = max_bytes
        self._clock = clock or SystemClock()
        self._tls: ssl.SSLContext | None = None
        self._tls_lock = threading.Lock()

    def warm_up(self) -> None:
        """Load what the first call would load: certificates and the event loop's backend. Sends nothing.

        Worth calling at the start of a function, where the CPU is not yet throttled.
        """
        self._trust()

        async def load_backend() -> None:
            await anyio.sleep(0)

        run_until_cancelled(load_backend, Cancellation())

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
    ) -> Completion:
        """Make the call in this thread and return its whole answer, or raise why there is none.

        `deadline` is a time of `time.monotonic()` at which the call ends, whatever still arrives. `may_send` is
        called once the connection stands, right before the request's first byte: when it raises, nothing was sent
        and its error passes through. It may block, and it counts towards the deadline. `on_text` gets the number of
        characters of content each time it has grown; it must not block. `on_bill_id` gets the id under which `bill` can
        ask for what the call has cost, as soon as the server has told one. The request is sent at most once.

        Raises ProviderError (see `outcomes`), with the usage and call id as far as they were reported, or
        CallCanceledError within moments of `cancellation.cancel()`.
        """
        key = usable_key(api_key)
        if key is None:
            raise KEY_REFUSED.raised("it holds characters that no header may hold, or nothing")
        call = Call(
            self._url,
            body=body_of(request, self._dialect),
            answer=Answer(request.model, with_image=request.schema is None),
            max_bytes=self._max_bytes,
            on_text=on_text,
            on_bill_id=on_bill_id,
            clock=self._clock,
        )
        client = self._client(headers_of(request, key))

        async def run() -> Completion:
            return await call.run(client, deadline, Gate(may_send, cancellation, deadline))

        return run_until_cancelled(run, cancellation)

    def bill(self, bill_id: str, *, api_key: str, deadline: float) -> Usage | None:
        """Ask what a call has cost that ended before it told; None where the server does not say so by `deadline`, a
        time of `time.monotonic()`. A server has it a moment after the call's end, so it is asked a few times."""
        key = usable_key(api_key)
        if key is None:
            return None
        client = self._client(bill_headers(key))

        async def run() -> Usage | None:
            return await final_bill(client, self._bill_url, bill_id, deadline)

        return run_until_cancelled(run, Cancellation())

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        # Connections belong to the loop of one call. Neither a proxy nor a .netrc of the environment may see or
        # replace the key.
        transport = httpx.AsyncHTTPTransport(verify=self._trust())
        return httpx.AsyncClient(transport=transport, headers=headers, timeout=self._timeout, trust_env=False)

    def _trust(self) -> ssl.SSLContext:
        # One for all calls: reading the certificates takes some 50 ms of CPU, which ten threads would each pay.
        with self._tls_lock:
            if self._tls is None:
                # For plain http a context that trusts nobody costs nothing, and can never let a call through.
                plain = self._url.scheme == "http"
                self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else httpx.create_ssl_context()
            return self._tls
