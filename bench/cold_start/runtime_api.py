"""Lambda's runtime API for one process: it gives events one at a time and takes the answers. Measures nothing.

The emulator that the SAM CLI brings starts a process with the first event. Here the two are apart, as on Lambda.
"""

import contextlib
import json
import queue
import re
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_ANSWERED = re.compile(r"/2018-06-01/runtime/invocation/[^/]+/(response|error)")
_SECONDS = 60.0


class NotStartedError(RuntimeError):
    """The process ended, or failed, before it asked for an event; or it did not answer one in time."""


class RuntimeApi:
    """The API at `address`. Used by one thread of the bench, and by one process that asks."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: queue.Queue[str] = queue.Queue()
        self.given: queue.Queue[bytes | None] = queue.Queue()
        self.answered: queue.Queue[bytes] = queue.Queue()

    def wait_for_next(self, seconds: float = _SECONDS) -> None:
        """Wait until the process asks for an event: what it does before is INIT. Raises NotStartedError."""
        found = _taken(self.asked, seconds)
        if found:
            raise NotStartedError(found)

    def invoke(self, event: Mapping[str, Any], seconds: float = _SECONDS) -> Any:
        """Give it an event and return the answer; what it raised is the answer's `errorMessage`."""
        self.given.put(json.dumps(event).encode())
        return json.loads(_taken(self.answered, seconds) or b"null")


def _taken[Taken](source: "queue.Queue[Taken]", seconds: float) -> Taken:
    try:
        return source.get(timeout=seconds)
    except queue.Empty:
        raise NotStartedError(f"the handler's process was silent for {seconds:.0f} s") from None


@contextlib.contextmanager
def runtime_api() -> Iterator[RuntimeApi]:
    """Serve it on a free port of loopback for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            api.asked.put("")
            event = api.given.get()
            if event is None:
                self.close_connection = True
                return
            self._answer(
                200,
                event,
                {
                    "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                    "Lambda-Runtime-Deadline-Ms": str(time.time_ns() // 1_000_000 + 60_000),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:bench",
                },
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if _ANSWERED.fullmatch(self.path):
                api.answered.put(body)
            else:
                api.asked.put(body.decode(errors="replace") or "the handler could not be loaded")
            self._answer(202, b'{"status":"OK"}', {})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-type": "application/json", "content-length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Log nothing about a process that was ended in the middle of a request."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        api = RuntimeApi(f"127.0.0.1:{server.server_port}")
        serving = Thread(target=server.serve_forever, args=(0.05,), name="runtime-api")
        serving.start()
        try:
            yield api
        finally:
            api.given.put(None)
            server.shutdown()
            serving.join()
