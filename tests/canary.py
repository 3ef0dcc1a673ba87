"""A secret to release and find again: unchanged, encoded, compressed, or inside another value. Knows nothing of where
to look."""

import base64
import re
import secrets
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import Binary

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")  # how zlib's output begins, by its level


@dataclass(frozen=True)
class Secret:
    """A text that nobody else has."""

    text: str = field(default_factory=lambda: f"canary-{secrets.token_hex(12)}")

    def is_in(self, value: Any) -> bool:
        """Whether it can be got from `value`: bytes, a text, or mappings and lists of them."""
        return any(self._is_in_bytes(part) for part in _parts(value))

    def _is_in_bytes(self, data: bytes) -> bool:
        return any(form in layer for layer in _layers(data) for form in self._forms())

    def _forms(self) -> Iterator[bytes]:
        raw = self.text.encode()
        yield raw
        yield raw.hex().encode()
        for shift in range(3):
            # In base64 a text looks different in each of three places; what its neighbours take part in is cut off.
            encoded = base64.b64encode(b"\0" * shift + raw)
            yield encoded[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield str(name).encode()
            yield from _parts(member)
    elif isinstance(value, list | tuple | set):
        for member in value:
            yield from _parts(member)
    elif isinstance(value, bytes | bytearray | Binary):
        yield bytes(value)  # type: ignore[arg-type]  # boto3's Binary has __bytes__
    else:
        yield str(value).encode()


def _layers(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield the data, and what it is when taken out of zlib or of base64."""
    yield data
    if depth == 2:
        return
    yield from _compressed(data, depth)
    for found in _BASE64.findall(data):
        letters = found.rstrip(b"=")
        whole = letters[: len(letters) - (len(letters) % 4 == 1)]  # one letter more than whole bytes is no base64
        yield from _compressed(base64.b64decode(whole.translate(_ONE_ALPHABET) + b"=="), depth)


def _compressed(data: bytes, depth: int) -> Iterator[bytes]:
    for found in _ZLIB.finditer(data):
        unpacked = _unpacked(data[found.start() :])
        if unpacked:
            yield from _layers(unpacked, depth + 1)


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return b""
