"""One run of the command line: which service, as whom, how to answer. Keeps what `login` was given, no more."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console

from unstuck import wire
from unstuck.cli.text import in_json, plain
from unstuck.client import Client
from unstuck.following import Polling
from unstuck.operations import path_of

WIDE = 400
"""Columns where nobody looks at a terminal: what reads a pipe wants whole lines."""


class UsageError(typer.BadParameter):
    """The command cannot be carried out as it was given; shown with its usage."""

    def format_message(self) -> str:
        """Return what is wrong, without a word before it."""
        return str(self.message)


class UnprintableError(UsageError):
    """An answer that the stream cannot hold. What the command was to do is done; nothing of its answer is written."""

    def __init__(self, error: UnicodeEncodeError) -> None:
        """Name the first character that does not fit, in ASCII."""
        missing = ascii(error.object[error.start])
        super().__init__(
            f"The command is done, but its answer holds {missing}, which an output in {error.encoding} cannot hold. "
            "Nothing of the answer was printed. Set PYTHONUTF8=1 to print UTF-8, or use --json, which is ASCII."
        )


def id_of(given: str) -> str:
    """Return an id as it was given. UsageError where it is none, and would name another address."""
    try:
        path_of(given)
    except ValueError as error:
        raise UsageError(f"{given!r} is no id of a generation. Yours are: unstuck list") from error
    return given


Id = Annotated[str, typer.Argument(metavar="ID", callback=id_of)]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@dataclass
class Session:
    """What the options before the command said."""

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    json: bool = False
    connect: Callable[[str, str], Client] = lambda url, token: Client(url, token, changes=Polling(at_most_seconds=1.0))

    @property
    def out(self) -> "_Plain":
        """Where answers go."""
        return _console(stderr=False)

    @property
    def err(self) -> "_Plain":
        """Where everything else goes, so that answers can be piped."""
        return _console(stderr=True)

    @property
    def watched(self) -> bool:
        """Whether somebody looks at a terminal; then lines may change in place."""
        return not self.json and self.out.is_terminal

    def client(self, *, without_token: bool = False) -> Client:
        """Return a client for the service that was named. UsageError says what is missing.

        `without_token` is for what anybody may ask: then none is missing, and none is sent.
        """
        kept = {} if self.url and self.token else load()
        url = self.url or kept.get("url")
        token = "nobody" if without_token else self.token or kept.get("token")
        if not url:
            raise UsageError("No address. Set UNSTUCK_URL to the API's, or run: unstuck login")
        if not token:
            raise UsageError("No token. Set UNSTUCK_TOKEN to yours, or run: unstuck login")
        try:
            wire.address(url)
            wire.usable(token)
        except ValueError as error:
            raise UsageError(f"{error}.") from error
        return self.connect(url, token)

    def answer(self, found: BaseModel | dict[str, Any] | list[BaseModel], *, indent: int | None = 2) -> None:
        """Write JSON, as it is."""
        typer.echo(in_json(found, indent=indent))


def begin(context: typer.Context, as_json: bool) -> Session:
    """Return the session of a command."""
    session: Session = context.find_object(Session) or Session()
    session.json = as_json
    return session


def place() -> Path:
    """Return where `login` keeps what it was given."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "unstuck" / "login.json"


def load() -> dict[str, str]:
    """Return what `login` kept; nothing when there is none."""
    try:
        found = json.loads(place().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{place()} cannot be read; run: unstuck login") from error
    return {name: found[name] for name in ("url", "token") if isinstance(found.get(name), str)}


def keep(url: str, token: str) -> Path:
    """Keep them for the commands that follow, readable by this user alone."""
    kept = place()
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = kept.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": url, "token": token}, file)
    fresh.replace(kept)
    return kept


def _console(*, stderr: bool) -> "_Plain":
    stream = sys.stderr if stderr else sys.stdout
    # rich takes 80 columns where there is no terminal, and COLUMNS where somebody has set it.
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDE
    return _Plain(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


class _Plain(Console):
    """Writes what comes from a service, a model or a user so that it does nothing to a terminal."""

    def print(self, *objects: Any, **named: Any) -> None:
        """Print all of it, with the controls of every text replaced; UnprintableError, and nothing, where it cannot."""
        cleaned = [plain(each) if isinstance(each, str) else each for each in objects]
        if not self.stderr:  # which takes everything, and may hold a line that is drawn in place
            self.check(*cleaned, **named)
        super().print(*cleaned, **named)

    def check(self, *objects: Any, **named: Any) -> None:
        """Raise UnprintableError where the stream's encoding lacks a character of these."""
        encoding, errors = getattr(self.file, "encoding", None), getattr(self.file, "errors", None)
        if encoding is None:  # a stream of text, which takes everything
            return
        with self.capture() as rendered:
            super().print(*objects, **named)
        try:
            rendered.get().encode(encoding, errors or "strict")
        except UnicodeEncodeError as error:
            raise UnprintableError(error) from error
