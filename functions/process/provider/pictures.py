"""Pictures out of a model's answer, read with distrust: data URLs of three types, whose bytes are what they say.

Nothing is ever fetched: a URL that leads elsewhere is no picture.
"""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

MOST_PICTURES = 4
MOST_IMAGE_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 64_000_000
"""A few bytes can claim any size, and whoever shows the picture would pay for it with memory."""

_DATA_URL = re.compile(r"data:(image/(?:png|jpeg|webp));base64,")
_LONGEST_DATA = (MOST_IMAGE_BYTES + 2) // 3 * 4
# The markers of a JPEG that begin a frame and hold its size; the others of the range are tables.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class NotAPictureError(ValueError):
    """It is not a picture that is taken."""


class PictureTooLargeError(ValueError):
    """It has more bytes or pixels than are taken."""


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """A picture whose header is sound. Its bytes are the model's and stay out of the repr."""

    content_type: str
    data: bytes = field(repr=False)
    width: int
    height: int


def picture_of(part: Any) -> DrawnPicture:
    """Read one of an answer's `images`. Raises NotAPictureError or PictureTooLargeError."""
    link = part.get("image_url") if isinstance(part, dict) else None
    url = link.get("url") if isinstance(link, dict) else None
    begin = _DATA_URL.match(url) if isinstance(url, str) else None
    if begin is None:
        raise NotAPictureError
    if len(begin.string) - begin.end() > _LONGEST_DATA:
        raise PictureTooLargeError
    try:
        data = base64.b64decode(begin.string[begin.end() :], validate=True)
    except ValueError:
        raise NotAPictureError from None
    width, height = _size_of(begin[1], data)
    if not (width and height):
        raise NotAPictureError
    if len(data) > MOST_IMAGE_BYTES or width * height > MOST_PIXELS:
        raise PictureTooLargeError
    return DrawnPicture(begin[1], data, width, height)


def _size_of(content_type: str, data: bytes) -> tuple[int, int]:
    """Return width and height; zeros where the bytes do not begin as a picture of this type does."""
    sizes = {"image/png": _png_size, "image/jpeg": _jpeg_size, "image/webp": _webp_size}
    return sizes[content_type](data)


def _png_size(data: bytes) -> tuple[int, int]:
    if not data.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"):
        return 0, 0
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _jpeg_size(data: bytes) -> tuple[int, int]:
    if not data.startswith(b"\xff\xd8\xff"):
        return 0, 0
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker in _JPEG_FRAMES:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 2 + length
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return 0, 0
    form, body = data[12:16], data[20:30]
    if form == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if form == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    return 0, 0
