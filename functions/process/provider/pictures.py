"""Reads pictures from a model's answer, with distrust: only complete PNG, JPEG or WebP, judged by their bytes.

Never fetches anything: a remote URL is not a picture.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_PICTURES = 4
MOST_PICTURE_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 64_000_000
"""A few bytes can claim any size, and a viewer of the picture would need that memory."""

_LONGEST_DATA = (MOST_PICTURE_BYTES + 2) // 3 * 4 + 400_000  # line breaks included
# How the base64 of a picture begins: of \x89PNG, \xff\xd8\xff and RIFF.
_BEGINNINGS = ("iVBOR", "/9j/", "_9j_", "UklGR")
# The JPEG markers that begin a frame and have its size; the others in the range are tables.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_TABLES = frozenset({0xC4, 0xCC, 0xDB})
_JPEG_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})


class NotAPictureError(ValueError):
    """It is not a supported picture."""


class PictureTooLargeError(ValueError):
    """It has too many bytes or pixels."""


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """A complete picture. Its bytes are not in the repr."""

    content_type: str
    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(slots=True)
class _Sketch:
    draft: bool
    pieces: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)


class Sketches:
    """The pictures received so far. A part replaces an earlier one with the same index, or continues it if it does not
    begin a picture."""

    def __init__(self) -> None:
        self._of: dict[Any, _Sketch] = {}

    def add(self, part: Any, *, index: Any, draft: bool) -> None:
        """Take a picture or a piece of one. Raises NotAPictureError or PictureTooLargeError."""
        text = _link(part)
        begins = text[:5].lower() == "data:" or text.lstrip().startswith(_BEGINNINGS)
        key = index if isinstance(index, int | str) else None
        if not begins:
            key = key if key in self._of else next(reversed(self._of), None)
            if key is None:
                raise NotAPictureError
        else:
            key = f"unnumbered {len(self._of)}" if key is None else key
            self._of[key] = _Sketch(draft)
        self._of[key].add(text)
        if self._of[key].length > _LONGEST_DATA or len(self._of) > 2 * MOST_PICTURES:
            raise PictureTooLargeError

    def pictures(self) -> Iterator[DrawnPicture]:
        """Yield the final pictures, or drafts if there is nothing else. Raises as `picture_of`."""
        final = [sketch for sketch in self._of.values() if not sketch.draft] or list(self._of.values())
        if len(final) > MOST_PICTURES:
            raise PictureTooLargeError
        for sketch in final:
            yield picture_of("".join(sketch.pieces))

    def whole(self) -> bool:
        try:
            return bool(list(self.pictures()))
        except (NotAPictureError, PictureTooLargeError):
            return False


def _link(part: Any) -> str:
    """Return the data URL or base64 of one of an answer's pictures, under any field name."""
    if isinstance(part, str):
        return part
    if isinstance(part, dict):
        for name in (
            "image_url",
            "imageUrl",
            "url",
            "b64_json",
            "data",
            "image",
            "inline_data",
            "inlineData",
            "source",
            "bytes",
        ):
            if part.get(name):
                return _link(part[name])
    raise NotAPictureError


def picture_of(link: str) -> DrawnPicture:
    """Read a data URL with any parameters, or bare base64. Raises NotAPictureError or PictureTooLargeError."""
    begin, comma, rest = link.partition(",") if link[:5].lower() == "data:" else ("", "", link)
    if comma and not begin.lower().rstrip().endswith("base64"):
        raise NotAPictureError
    encoded = "".join(rest.split()).translate({ord("-"): "+", ord("_"): "/"})
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise NotAPictureError from None
    if len(data) > MOST_PICTURE_BYTES:
        raise PictureTooLargeError
    content_type, (width, height) = _read(data)
    if not (width and height):
        raise NotAPictureError
    if width * height > MOST_PIXELS:
        raise PictureTooLargeError
    return DrawnPicture(content_type, data, width, height)


def _read(data: bytes) -> tuple[str, tuple[int, int]]:
    """Return the type, width and height; zeros if the bytes are not one complete picture."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", _png_size(data)
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", _jpeg_size(data)
    return "image/webp", _webp_size(data)


def _png_size(data: bytes) -> tuple[int, int]:
    at, size, drawn = 8, (0, 0), 0
    if data[12:16] == b"IHDR" and data[8:12] == b"\x00\x00\x00\r":
        size = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        at += 12 + length
        drawn += length if kind == b"IDAT" else 0
        if kind == b"IEND":
            # Header and end are valid, but there is no image data.
            return size if at <= len(data) and drawn else (0, 0)
    return 0, 0


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at, size, marker, tables = 2, (0, 0), 0, False
    coded = 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == 0xD9:
            break
        if marker in _JPEG_FRAMES:
            size = int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
            coded = marker
        tables = tables or marker in _JPEG_TABLES
        at += 2 + length
        if marker == 0xDA:
            # The image data follows. It ends with the last marker, whatever comes after.
            return size if data.rfind(b"\xff\xd9", at) - at >= _least_scan(coded, size) else (0, 0)
    # Without a scan, nothing is drawn. A picture without tables either is a placeholder of a few bytes and is accepted:
    # it is not a cut-off picture.
    return size if not tables and data.endswith(b"\xff\xd9") else (0, 0)


def _least_scan(frame: int, size: tuple[int, int]) -> int:
    """Return the minimum size of a picture's scans: Huffman codes take at least a bit for each block."""
    width, height = size
    return max(1, -(-width // 8) * -(-height // 8) // 8) if frame in _JPEG_HUFFMAN else 1


def _webp_size(data: bytes) -> tuple[int, int]:
    end = int.from_bytes(data[4:8], "little") + 8
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or not 20 <= end <= len(data):
        return 0, 0
    return _webp_drawn(data, 12, end)


def _webp_drawn(data: bytes, at: int, end: int, *, nested: bool = False) -> tuple[int, int]:
    """Return the canvas of the chunks from `at` to `end`, or the size of their frame; zeros if nothing is drawn."""
    canvas, drawn = (0, 0), (0, 0)
    while at + 8 <= end:
        form, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body, at = data[at + 8 : at + 8 + length], at + 8 + length + length % 2
        if len(body) < length or at > end + length % 2:
            return 0, 0
        if form == b"VP8X" and length >= 10:
            canvas = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        elif drawn == (0, 0):
            animated = form == b"ANMF" and not nested
            drawn = _webp_drawn(body, 16, length, nested=True) if animated else _webp_frame(form, body)
    return drawn if canvas == (0, 0) or drawn == (0, 0) else canvas


def _webp_frame(form: bytes, body: bytes) -> tuple[int, int]:
    """Return the size of one frame; zeros if nothing follows its header."""
    if form == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        first = int.from_bytes(body[:3], "little") >> 5  # the bytes of the first partition
        if first and 10 + first < len(body):
            return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if form == b"VP8L" and body[:1] == b"\x2f" and len(body) > 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0
