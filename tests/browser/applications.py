"""Applications that use the packed TypeScript client as a stranger would: installed from the tarball, then served."""

import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.node import ROOT, npm


@dataclass
class Application:
    """A place that is served; `folder` is what it serves from now on."""

    origin: str
    folder: Path = Path("/nonexistent")


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, place: list[Application], *given: Any) -> None:
        super().__init__(*given, directory=str(place[0].folder))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[Application]:
    """Serve an application's folder on a free port of 127.0.0.1 for the length of the block."""
    place: list[Application] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, place))
    place.append(Application(f"http://127.0.0.1:{server.server_port}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield place[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def packed(place: Path) -> Path:
    """Pack the client as `make client` does, and return the tarball."""
    place.mkdir(parents=True)
    npm("clients/typescript", "pack", "--silent", "--pack-destination", str(place))
    [tarball] = place.glob("unstuck-client-*.tgz")
    return tarball


def with_client(example: str | None, tarball: Path, place: Path) -> Path:
    """Copy an example to a place outside of the clone, and install the tarball there as its user would."""
    if example is None:
        place.mkdir()
        (place / "package.json").write_text('{"private": true}', encoding="utf-8")
    else:
        # Hard links: packages are hundreds of megabytes, and none is written to.
        shutil.copytree(ROOT / "examples" / example, place, symlinks=True, copy_function=os.link)
    npm(str(place), "install", "--no-save", "--prefer-offline", "--loglevel", "error", str(tarball))
    return place


def contents(tarball: Path) -> dict[str, bytes]:
    """Return the files of a packed package, by their path in it."""
    with tarfile.open(tarball) as packed_files:
        files = {member.name: packed_files.extractfile(member) for member in packed_files.getmembers()}
        return {name.removeprefix("package/"): file.read() for name, file in files.items() if file is not None}
