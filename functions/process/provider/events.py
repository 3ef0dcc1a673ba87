"""Server-sent events out of raw bytes (WHATWG HTML, 9.2.6), as far as model servers use them.

Owns framing only: what an event says is not looked at.
"""

from collections.abc import Iterator

_BOM = b"\xef\xbb\xbf"


class EventReader:
    """Gives the data of each event as it becomes whole, however the bytes were cut. Comments give nothing."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._searched = 0
        self._begun = False
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Take more bytes and yield the data of the events that they complete."""
        self._pending += received
        while (end := self._pending.find(b"\n", self._searched)) >= 0:
            line = self._line(end)
            # Deleting from the front of a bytearray moves a pointer, not the bytes.
            del self._pending[: end + 1]
            self._searched = 0
            if line:
                self._take(line)
            elif self._data:
                yield self._event()
        # A line of megabytes that comes in small pieces must not be searched from its start each time.
        self._searched = len(self._pending)

    def finish(self) -> Iterator[bytes]:
        """Yield the last event where the stream ended without the blank line that should close it."""
        if self._pending:
            self._take(self._line(len(self._pending)))
            self._pending.clear()
        if self._data:
            yield self._event()

    def _line(self, end: int) -> bytes:
        line = bytes(self._pending[:end]).removesuffix(b"\r")
        if not self._begun:
            # One mark at the very beginning is the encoding's, and no part of the first field's name.
            self._begun, line = True, line.removeprefix(_BOM)
        return line

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))

    def _event(self) -> bytes:
        event = b"\n".join(self._data)
        self._data.clear()
        return event
