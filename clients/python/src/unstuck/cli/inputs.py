"""Reads the parts of a request: fields, texts of files and pipes, a key. Input that no request can hold is a usage
error."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import typer

from unstuck.cli.session import UsageError


def field(given: str) -> tuple[str, Any]:
    """Read NAME=VALUE. `@file` is a file's text, valid JSON is JSON, anything else is a text."""
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise UsageError(f"--set takes NAME=VALUE, not {given!r}.")
    if name == "kind":
        raise UsageError("Set the kind with --kind, not with --set.")
    if value.startswith("@"):
        return name, text(value[1:])
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def check(body: dict[str, Any]) -> None:
    """Refuse values that JSON cannot hold: half a character, or infinity."""
    try:
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except ValueError as error:
        raise UsageError("A field cannot be sent: it holds an invalid character, NaN or infinity.") from error


def text(file: str) -> str:
    """Return a file's text, without a byte order mark."""
    try:
        found = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return found.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text.") from error


def is_text(given: str) -> bool:
    """Whether it was UTF-8: Python replaces invalid bytes with half characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in given)


def typed(asks: str, *, hidden: bool = False, default: str | None = None) -> str:
    """Return the text typed on the terminal. Raises UsageError if it is not valid text."""
    found: str = typer.prompt(asks, hide_input=hidden, default=default)
    if not is_text(found):
        raise UsageError("The input is not UTF-8 text. Nothing was sent.")
    return found


def key(wanted: bool) -> str | None:
    """Return the user's own key, from a source that neither the shell's history nor a process list shows."""
    if not wanted:
        return None
    return os.environ.get("UNSTUCK_USER_KEY") or typed("Your key (not shown)", hidden=True)
