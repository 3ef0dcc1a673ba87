"""Reads what a request is made of: fields, texts of files and pipes, a key. What no request can hold is wrong usage."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import typer

from unstuck.cli.session import UsageError


def field(given: str) -> tuple[str, Any]:
    """Read NAME=VALUE: `@file` is a file's text, what is JSON is that, all else is a text."""
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise UsageError(f"--set takes NAME=VALUE, not {given!r}.")
    if name == "kind":
        raise UsageError("The kind is named by --kind, not by --set.")
    if value.startswith("@"):
        return name, text(value[1:])
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def check(body: dict[str, Any]) -> None:
    """Refuse what no JSON can hold: half a character, or a number without end."""
    try:
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except ValueError as error:
        raise UsageError("A field holds what cannot be sent: a broken character, or a number that is none.") from error


def text(file: str) -> str:
    """Return a file's text, without the byte order mark that some editors put before it."""
    try:
        found = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return found.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text.") from error


def is_text(given: str) -> bool:
    """Whether it came as UTF-8: Python stands half characters in for what did not."""
    return not any("\ud800" <= letter <= "\udfff" for letter in given)


def typed(asks: str, *, hidden: bool = False, default: str | None = None) -> str:
    """Return what is typed on the terminal, a text. UsageError where it is none."""
    found: str = typer.prompt(asks, hide_input=hidden, default=default)
    if not is_text(found):
        raise UsageError("What was typed is not UTF-8 text. Nothing was sent.")
    return found


def key(wanted: bool) -> str | None:
    """Return the user's own key, from where neither the shell's history nor a list of processes shows it."""
    if not wanted:
        return None
    return os.environ.get("UNSTUCK_USER_KEY") or typed("Your key (not shown)", hidden=True)
