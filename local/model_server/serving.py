"""Owns the life of a small HTTP server on loopback: its port, its connections, its end with signals or its parent.

It must not know its contents. The token issuer uses it too.
"""

import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseServer, TCPServer
from types import FrameType
from typing import Any, Self
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})
PARENT_POLL_SECONDS = 0.5


class ClientClosedError(Exception):
    """The other side closed the connection, or the server is being stopped."""


class BodyTooLargeError(Exception):
    """The request's body is larger than the route accepts."""


class LoopbackServer(ThreadingHTTPServer):
    """An HTTP server on 127.0.0.1, with a thread per connection; `stop` ends every open connection at once.

    Port 0 takes a free port, which `port` returns. Use it as a context manager, or call `start` and `stop`.
    """

    # Threads, not asyncio: fifty waiting threads cost little, and each answer reads as one plain sequence.
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, handler: type["JsonHandler"], port: int = 0) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.stopping = False
        super().__init__(("127.0.0.1", port), handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def server_bind(self) -> None:
        # Not HTTPServer's own: that one asks the name service for this host's name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.port

    def start(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="loopback-server")
        self._thread.start()
        return self

    def stop(self) -> None:
        """End: accept no new connection, cut every open one, join every thread. May be called twice."""
        self.stopping = True
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        with self._lock:
            for connection in self._open:
                _shut(connection)
        self.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes away is normal; anything else is a fault of this server and shows its traceback.
        if not isinstance(sys.exception(), ConnectionError | ClientClosedError):
            super().handle_error(request, client_address)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was faster
        return


class JsonHandler(BaseHTTPRequestHandler):
    """One connection: JSON in and out, and `pause`, which notices at once that the client has gone.

    A subclass gives `routes`, a table from "METHOD /path" to its method. Requests for a host name other than loopback's
    are refused, so that a web page cannot reach the server by rebinding its own name.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "unstuck-local"
    sys_version = ""
    routes: dict[str, Callable[[Any], None]]
    max_body_bytes = 10 * 1024 * 1024

    def __init__(self, request: Any, client_address: Any, server: BaseServer) -> None:
        self.body = b""
        self.origin: str | None = None
        super().__init__(request, client_address, server)

    def do_GET(self) -> None:
        self.path_only, _, self.query = self.path.partition("?")
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in LOOPBACK_NAMES:
            self.refuse(HTTPStatus.MISDIRECTED_REQUEST, "This server answers to loopback names only")
            return
        origin = self.headers.get("Origin", "")
        self.origin = origin if urlsplit(origin).hostname in LOOPBACK_NAMES else None
        route = self.find_route()
        try:
            self.body = self._read_body()
        except BodyTooLargeError:
            self.close_connection = True
            self.refuse(HTTPStatus.CONTENT_TOO_LARGE, "The request body is too large")
            return
        if route is None:
            self.refuse(HTTPStatus.NOT_FOUND, f"No route {self.command} {self.path_only}")
        else:
            route(self)

    do_POST = do_DELETE = do_GET  # noqa: N815 (names that http.server looks up)

    def find_route(self) -> Callable[[Any], None] | None:
        """Return the method that answers `command` and `path_only`; a subclass may find more than its table has."""
        return self.routes.get(f"{self.command} {self.path_only}")

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > self.max_body_bytes:
            raise BodyTooLargeError
        return self.rfile.read(int(length))

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        if self.origin is not None:  # pages of the local stack may read the answer, no others
            self.send_header("Access-Control-Allow-Origin", self.origin)
            self.send_header("Vary", "Origin")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """http.server's own refusals have the format of all other errors."""
        self.close_connection = True
        self.refuse(code, message or explain or HTTPStatus(code).phrase)

    def refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        self.reply(status, {"error": {"code": status, "message": message}}, headers)

    def pause(self, seconds: float) -> None:
        """Wait `seconds` (0: just look). Raise ClientClosedError as soon as the connection is closed."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        if poll.poll(seconds * 1000):
            if self.connection.recv(1, socket.MSG_PEEK) == b"":
                raise ClientClosedError
            time.sleep(seconds)  # a pipelined request is waiting: it hides the close until it has been read

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the ledger has everything."""


def write_port_file(path: Path, port: int) -> None:
    """Write the port so that a reader sees either no file or the whole number."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(f"{port}\n")
    partial.replace(path)


def serve_until_told(server: LoopbackServer, port_file: Path | None) -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent process, then stop quietly.

    Polls the parent with getppid, which also works on macOS. prctl's signal exists only on Linux, and it already comes
    when the thread that started this process ends.
    """
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    parent = os.getppid()
    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    with server:
        if port_file is not None:
            write_port_file(port_file, server.port)
        while os.getppid() == parent and not told.wait(PARENT_POLL_SECONDS):
            pass
