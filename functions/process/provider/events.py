"""Reads the values of a body from raw bytes: server-sent events (WHATWG HTML, 9.2.6) or JSON, detected from the body.

Only framing: does not read the values.
"""

import re
from collections.abc import Iterator
from typing import Protocol

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_END_OF_LINE = re.compile(rb"[\r\n]")


class TooLongError(ValueError):
    """One event, or a JSON body, exceeds the limit."""


class Framing(Protocol):
    """Splits a body into the data of its events, however the bytes arrive."""

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Take more bytes and yield the completed events. Raises TooLongError."""
        ...

    def finish(self) -> Iterator[bytes]:
        """Yield what the body's end completes, if anything."""
        ...


class BodyFraming:
    """Server-sent events, or JSON if the first character is a bracket, whatever the headers say.

    `max_bytes` limits what is kept of a body: one event, or a whole JSON body.
    """

    def __init__(self, max_bytes: int) -> None:
        self._begin = bytearray()
        self._blank = 0
        self._max_bytes = max_bytes
        self._framing: _Events | _Json | None = None

    def feed(self, received: bytes) -> Iterator[bytes]:
        if self._framing is not None:
            yield from self._framing.feed(received)
            return
        self._begin += received
        self._blank += len(received)
        # The mark may arrive byte by byte, and servers send blank lines before a body to keep a connection open.
        begun = bytes(self._begin).removeprefix(_BOM)
        if _BOM.startswith(self._begin) or not begun.strip(_SPACE):
            if self._blank > self._max_bytes:
                raise TooLongError
            # The mark counts only at the very beginning. Blanks are passed on once there is more: only their last byte,
            # which shows whether a line begins here. Otherwise each new byte would scan all of them.
            if not _BOM.startswith(self._begin):
                self._begin = (
                    self._begin[-1:] if self._begin[-1:] in (bytearray(b" "), bytearray(b"\t")) else bytearray(b"\n")
                )
            return
        self._framing = _Json(self._max_bytes) if begun.lstrip(_SPACE)[:1] in (b"{", b"[") else _Events(self._max_bytes)
        self._begin.clear()
        yield from self._framing.feed(begun)

    def finish(self) -> Iterator[bytes]:
        if self._framing is not None:
            yield from self._framing.finish()


class _Json:
    """One or several JSON documents in a row, each possibly after `data:`. The caller separates them."""

    def __init__(self, max_bytes: int) -> None:
        self._body = bytearray()
        self._max_bytes = max_bytes

    def feed(self, received: bytes) -> Iterator[bytes]:
        self._body += received
        if len(self._body) > self._max_bytes:
            raise TooLongError
        yield from ()

    def finish(self) -> Iterator[bytes]:
        body, self._body = bytes(self._body), bytearray()
        if body.strip(_SPACE):
            yield body


class _Events:
    """The data of each event, joined by newlines. By the standard, an event without data is not an event."""

    def __init__(self, max_bytes: int) -> None:
        self._pending = bytearray()
        self._searched = 0
        self._after_cr = False
        self._data: list[bytes] = []
        self._size = 0
        self._max_bytes = max_bytes

    def feed(self, received: bytes) -> Iterator[bytes]:
        if self._after_cr and received:
            # CR and LF are one line end, even if they arrive separately.
            received, self._after_cr = received.removeprefix(b"\n"), False
        self._pending += received
        while (end := self._end_of_line()) >= 0:
            line = bytes(self._pending[:end])
            # Deleting from the front of a bytearray moves a pointer, not the bytes.
            del self._pending[: end + self._width_of_end(end)]
            self._searched = 0
            yield from self._take(line)
        # A line of megabytes in small pieces must not be searched from its start each time.
        self._searched = len(self._pending)
        if len(self._pending) + self._size > self._max_bytes:
            raise TooLongError

    def finish(self) -> Iterator[bytes]:
        """Also yield the last event if its closing blank line is missing."""
        line, self._pending = bytes(self._pending), bytearray()
        for end in (line, b""):
            yield from self._take(end)

    def _end_of_line(self) -> int:
        found = _END_OF_LINE.search(self._pending, self._searched)
        return found.start() if found else -1

    def _width_of_end(self, end: int) -> int:
        if self._pending[end : end + 1] == b"\r":
            self._after_cr = end + 1 == len(self._pending)
            return 2 if self._pending[end + 1 : end + 2] == b"\n" else 1
        return 1

    def _take(self, line: bytes) -> Iterator[bytes]:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value) + 1
        elif not line and self._data:
            event = b"\n".join(self._data)
            self._data.clear()
            self._size = 0
            if event.strip(_SPACE):
                yield event
