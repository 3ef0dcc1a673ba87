"""Bodies that come compressed though nobody asked: gzip and deflate, opened in bounded pieces, and nothing else."""

import zlib
from collections.abc import Iterator

from functions.process.provider.events import TooLongError

_PIECE = 65_536
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class UnknownEncodingError(ValueError):
    """The body is compressed in a way that is not taken, or is not what it says."""


class Decoder:
    """Opens what a `Content-Encoding` names. Raises UnknownEncodingError for one that it does not know."""

    def __init__(self, encoding: str) -> None:
        names = [name.strip().lower() for name in encoding.split(",") if name.strip().lower() not in ("", "identity")]
        if names not in ([], ["gzip"], ["x-gzip"], ["deflate"]):
            raise UnknownEncodingError
        self._opener = zlib.decompressobj(_GZIP_OR_ZLIB) if names else None
        self._opened = 0

    def decode(self, received: bytes, max_bytes: int) -> Iterator[bytes]:
        """Yield what the bytes hold, in pieces. Raises TooLongError beyond `max_bytes` in all."""
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
