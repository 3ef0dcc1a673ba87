"""A gate before DynamoDB, SQS or S3: a proxy that passes a function's requests, holds a named one, and loses chosen
answers.

With it, a test stops a function exactly between two of its writes, where killing by time would be a race.
"""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.e2e.owner import PATIENCE_SECONDS

type Match = Callable[[str, str], bool]
"""Called with the operation, such as `UpdateItem`, and the request's JSON text. For S3, with the method, such as `PUT`,
and the body."""
type Refusal = tuple[int, str]
"""The status and the error code that AWS would answer."""


@dataclass
class Held:
    """One request at the gate. It continues when `let_go` is called, or ends with the process that sent it."""

    match: Match
    once_done: bool
    arrived: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    passed: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Wait until the request is here; with `once_done`, until it has been carried out and not yet answered."""
        assert self.arrived.wait(PATIENCE_SECONDS), "the request never came"

    def let_go(self) -> None:
        """Let the request through and wait until it has been carried out."""
        self.go_on.set()
        assert self.passed.wait(PATIENCE_SECONDS), "the request was never carried out"


class Gate:
    """Listens on loopback and passes everything on to the emulator, unchanged and still signed."""

    def __init__(self, endpoint: str) -> None:
        self._rules: list[Held] = []
        self._lock = threading.Lock()
        self._lost: Match = _nothing
        self._refusal: Refusal | None = None
        handler = _handler(endpoint, self._held, self._is_lost, lambda: self._refusal)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="gate")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def hold(self, match: Match, *, once_done: bool = False) -> Held:
        """Hold the next request that matches, before it is carried out or, with `once_done`, right after."""
        held = Held(match, once_done)
        with self._lock:
            self._rules.append(held)
        return held

    @contextmanager
    def losing(self, lost: Match) -> Iterator[None]:
        """Carry out what `lost` says, and break the connection instead of answering, for the length of the block."""
        with self._lock:
            self._lost = lost
        try:
            yield
        finally:
            with self._lock:
                self._lost = _nothing

    @contextmanager
    def down(self, status: int = 503, code: str = "SlowDown") -> Iterator[None]:
        """Answer everything with an error of AWS's, and pass nothing on, for the length of the block."""
        self._refusal = status, code
        try:
            yield
        finally:
            self._refusal = None

    def _is_lost(self, operation: str, body: str) -> bool:
        with self._lock:
            return self._lost(operation, body)

    def _held(self, operation: str, body: str) -> Held | None:
        with self._lock:
            for held in self._rules:
                if held.match(operation, body):
                    self._rules.remove(held)
                    return held
        return None

    @contextmanager
    def open(self) -> Iterator["Gate"]:
        """Serve for the length of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


def _nothing(_operation: str, _body: str) -> bool:
    return False


def _handler(
    endpoint: str, held_by: Callable[[str, str], Held | None], is_lost: Match, refusal: Callable[[], Refusal | None]
) -> type[BaseHTTPRequestHandler]:
    address = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if (refused := refusal()) is not None:
                status, code = refused
                headers = [("Content-Type", "application/xml"), ("x-amzn-ErrorType", code)]
                self._answer(status, headers, f"<Error><Code>{code}</Code></Error>".encode())
                return
            text = body.decode(errors="replace")  # a picture is none
            operation = self.headers.get("X-Amz-Target", self.command).rpartition(".")[2]
            held = held_by(operation, text)
            if held is not None and not held.once_done:
                held.arrived.set()
                if not held.go_on.wait(PATIENCE_SECONDS):
                    return
            try:
                status, headers, answer = self._pass_on(body)
            except OSError:
                self.close_connection = True  # the emulator is being restarted
                return
            if held is not None and held.once_done:
                held.arrived.set()
                held.go_on.wait(PATIENCE_SECONDS)
            if held is not None:
                held.passed.set()
            if is_lost(operation, text):
                self.close_connection = True
                return
            self._answer(status, headers, answer)

        def _pass_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(address, timeout=30)
            try:
                # The host stays the signed one.
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                return response.status, response.getheaders(), response.read()
            finally:
                connection.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # who asked was killed meanwhile

        do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: what passes is the functions' business."""

    return Handler
