"""Reads the text of `make run TEXT=file`, and refuses what the API would refuse, before anything starts.

The bounds come from the API's document.
"""

import json
import os
from pathlib import Path

from local.emulator import PROJECT

DOCUMENT = PROJECT / "functions" / "status" / "openapi.json"
LARGEST_BYTES = 1024 * 1024
"""The limit of a file: the longest text with plenty of white space around it. No device or log is read to its end."""


class TextRefusedError(ValueError):
    """The file is not a text that can become cards. The message says why, and what to do."""


def named(path: Path) -> str:
    """Return the path as a terminal can show it, quoted if it has other than printable characters."""
    shown = os.fsencode(path).decode(errors="backslashreplace")
    return shown if shown.isprintable() else repr(shown)


def read_text(path: Path) -> str:
    """Return the text of the file, without a byte order mark. Raises TextRefusedError."""
    name = named(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise TextRefusedError(f"{name} cannot be read: {error.strerror}. Pass a text file: TEXT=notes.txt") from error
    shortest, longest = _bounds()
    if len(content) > LARGEST_BYTES:
        raise TextRefusedError(f"{name} has more than 1 MiB. Use a text of at most {longest:,} characters.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8: byte {error.start + 1:,} is invalid. Save it as UTF-8 text."
        raise TextRefusedError(message) from error
    length = len(text.strip())
    if not shortest <= length <= longest:
        raise TextRefusedError(
            f"{name} has {length:,} characters, and a text needs {shortest:,} to {longest:,}, not counting "
            f"white space around it. {'Lengthen' if length < shortest else 'Shorten'} it."
        )
    return text


def _bounds() -> tuple[int, int]:
    schema = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]["CreateFlashcards"]
    text = schema["properties"]["source_text"]
    return int(text["minLength"]), int(text["maxLength"])
