"""Bodies that are compressed without a request for it: decompresses gzip and deflate in bounded pieces, nothing
else."""

import zlib
from collections.abc import Iterator
from typing import Any

from functions.process.provider.events import TooLongError

_PIECE = 65_536
_GZIP = b"\x1f\x8b"
_GZIP_OR_ZLIB, _WITHOUT_A_HEADER = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS


class UnknownEncodingError(ValueError):
    """The body's compression is not supported, or its data is invalid."""


class Decoder:
    """Decompresses a `Content-Encoding`. Raises UnknownEncodingError if it is not supported.

    A gzip body may have several members (RFC 1952), as from a proxy that compresses each event by itself. Other bytes
    after a member are ignored. A deflate body may lack the header that RFC 9110 requires, because many servers omit it.
    """

    def __init__(self, encoding: str) -> None:
        names = [name.strip().lower() for name in encoding.split(",") if name.strip().lower() not in ("", "identity")]
        if names not in ([], ["gzip"], ["x-gzip"], ["deflate"]):
            raise UnknownEncodingError
        self._name = names[0] if names else None
        self._opener: Any = None
        self._pending, self._opened, self._is_over = b"", 0, False

    def decode(self, received: bytes, max_bytes: int) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces. Raises TooLongError beyond `max_bytes` in total."""
        if self._name is None:
            yield received
            return
        self._pending += received
        while self._may_open():
            piece = self._open()
            self._opened += len(piece)
            if self._opened > max_bytes:
                raise TooLongError
            if piece:
                yield piece
            elif not self._pending:
                return

    def _may_open(self) -> bool:
        """Whether a piece can be opened now. Begins the first member or the next one once its header is there."""
        if self._opener is not None and not self._opener.eof:
            return True
        if self._is_over or len(self._pending) < len(_GZIP):
            return False
        begins = self._pending[: len(_GZIP)]
        if self._opener is not None and begins != _GZIP:
            self._is_over, self._pending = True, b""
            return False
        headless = self._name == "deflate" and begins != _GZIP and not _is_zlib(begins)
        self._opener = zlib.decompressobj(_WITHOUT_A_HEADER if headless else _GZIP_OR_ZLIB)
        return True

    def _open(self) -> bytes:
        try:
            piece: bytes = self._opener.decompress(self._pending, _PIECE)
        except zlib.error:
            raise UnknownEncodingError from None
        self._pending = self._opener.unused_data if self._opener.eof else self._opener.unconsumed_tail
        return piece


def _is_zlib(begins: bytes) -> bool:
    return begins[0] & 0x0F == zlib.DEFLATED and int.from_bytes(begins) % 31 == 0
