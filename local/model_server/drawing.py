"""Draws pictures without a library: PNGs of a landscape whose colours and shapes depend on the words.

It must not decide when to draw one.
"""

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterator

LONG_EDGE = 512
IMAGE_TOKENS = 1_290
"""A picture's tokens in a bill."""

Colour = tuple[int, int, int]


def draw(words: str, number: int = 0, aspect_ratio: str = "1:1") -> bytes:
    """Return the PNG that the model draws for these words in its call of this number, from 0."""
    width, height = size_of(aspect_ratio)
    seed = hashlib.sha256(f"{words}\n{number}".encode()).digest()
    pixels = b"".join(b"\x00" + row for row in _rows(seed, width, height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(pixels, 6)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def size_of(aspect_ratio: str) -> tuple[int, int]:
    """Return width and height in pixels."""
    across, _, down = aspect_ratio.partition(":")
    wide, high = int(across), int(down)
    longest = max(wide, high)
    return LONG_EDGE * wide // longest, LONG_EDGE * high // longest


def data_url(data: bytes, content_type: str = "image/png") -> str:
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _rows(seed: bytes, width: int, height: int) -> Iterator[bytes]:
    """Draw from the back to the front: the sky, the sun, three mountains, and the lake before them."""
    sky, dusk, sun, lake = (_colour(seed[at : at + 3]) for at in (0, 3, 6, 9))
    shore = height * 3 // 4
    middle, level, radius = width * seed[12] // 255, height // 4 + seed[13] // 4, height // 10
    peaks = [(width * seed[at] // 255, shore - height * (80 + seed[at + 1] // 2) // 500) for at in (14, 16, 18)]
    for y in range(height):
        if y >= shore:
            yield bytes(_between(lake, sky, y - shore, height - shore)) * width
            continue
        row = bytearray(bytes(_between(sky, dusk, y, shore)) * width)
        across = radius**2 - (y - level) ** 2
        if across > 0:
            _paint(row, middle - int(across**0.5), middle + int(across**0.5), sun)
        for place, (peak, top) in enumerate(peaks):
            if y >= top:
                _paint(row, peak - (y - top), peak + (y - top), _between(dusk, (20, 30, 40), place + 1, 4))
        yield bytes(row)


def _paint(row: bytearray, begin: int, end: int, colour: Colour) -> None:
    begin, end = max(0, begin), min(len(row) // 3, end)
    if end > begin:
        row[begin * 3 : end * 3] = bytes(colour) * (end - begin)


def _colour(three: bytes) -> Colour:
    red, green, blue = three
    return 60 + red * 3 // 4, 60 + green * 3 // 4, 60 + blue * 3 // 4


def _between(one: Colour, other: Colour, part: int, whole: int) -> Colour:
    red, green, blue = ((a * (whole - part) + b * part) // whole for a, b in zip(one, other, strict=True))
    return red, green, blue
