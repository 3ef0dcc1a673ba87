"""Bodies that are compressed without a request for it: decompresses gzip and deflate in bounded pieces, nothing
else."""

import zlib
from collections.abc import Iterator

from functions.process.provider.events import TooLongError

_PIECE = 65_536
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class UnknownEncodingError(ValueError):
    """The body's compression is not supported, or its data is invalid."""


class Decoder:
    """Decompresses a `Content-Encoding`. Raises UnknownEncodingError if it is not supported."""

    def __init__(self, encoding: str) -> None:
        names = [name.strip().lower() for name in encoding.split(",") if name.strip().lower() not in ("", "identity")]
        if names not in ([], ["gzip"], ["x-gzip"], ["deflate"]):
            raise UnknownEncodingError
        self._opener = zlib.decompressobj(_GZIP_OR_ZLIB) if names else None
        self._opened = 0

    def decode(self, received: bytes, max_bytes: int) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces. Raises TooLongError beyond `max_bytes` in total."""
        if self._opener is None:
            yield received
            return
        pending = received
        while pending:
            try:
                piece = self._opener.decompress(pending, _PIECE)
            except zlib.error:
                raise UnknownEncodingError from None
            self._opened += len(piece)
            if self._opened > max_bytes:
                raise TooLongError
            pending = self._opener.unconsumed_tail
            if piece:
                yield piece
            elif not pending:
                return
