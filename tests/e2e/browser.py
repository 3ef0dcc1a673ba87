"""A real browser for one page: serves it on loopback, opens it in headless Chromium, returns what its script found."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)
_PATIENCE_SECONDS = 120


class Page(ThreadingHTTPServer):
    """Serves one page at any path, and takes what the page's script posts to it."""

    daemon_threads = True

    def __init__(self, script: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.html = f"<!doctype html><meta charset=utf-8><script type=module>{script}</script>".encode()
        self.found: Any = None
        self.told = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.server.html)))
        self.end_headers()
        self.wfile.write(self.server.html)

    def do_POST(self) -> None:
        self.server.found = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.told.set()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep quiet: a test's output is its own."""


@contextmanager
def serving(script: str) -> Iterator[Page]:
    """Serve a page whose script ends with `await fetch('/', {method: 'POST', body: JSON.stringify(found)})`."""
    with Page(script) as page:
        thread = threading.Thread(target=page.serve_forever)
        thread.start()
        try:
            yield page
        finally:
            page.shutdown()
            thread.join()


def opened(page: Page, profile: Path, *flags: str) -> Any:
    """Open the page in a browser with a new profile, and return what its script found."""
    assert CHROMIUM, "no Chromium: install Debian's package `chromium`"
    url = f"http://127.0.0.1:{page.port}/"
    with (profile.parent / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(  # noqa: S603 - our own arguments
            [CHROMIUM, *_FLAGS, *flags, f"--user-data-dir={profile}", "--remote-debugging-port=0", url],
            stdout=log,
            stderr=log,
        )
        try:
            assert page.told.wait(_PATIENCE_SECONDS), (profile.parent / "chromium.log").read_text(errors="replace")
        finally:
            browser.terminate()
            browser.wait()
    return page.found
