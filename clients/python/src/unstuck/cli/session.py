"""One run of the command line: the service, the user, the output. Stores only the values given to `login`."""

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
"""The width without a terminal: a program that reads a pipe needs whole lines."""


class UsageError(typer.BadParameter):
    """A usage error, shown with the command's usage."""

    def format_message(self) -> str:
        """Return the message without a prefix."""
        return str(self.message)


class UnprintableError(UsageError):
    """The output stream cannot hold the answer. The command is done; nothing of its answer is written."""

    def __init__(self, error: UnicodeEncodeError) -> None:
        """Name the first character that does not fit, in ASCII."""
        missing = ascii(error.object[error.start])
        super().__init__(
            f"The command is done, but its answer contains {missing}, which {error.encoding} output cannot hold. "
            "Nothing was printed. Set PYTHONUTF8=1 to print UTF-8, or use --json, which is ASCII."
        )


def id_of(given: str) -> str:
    """Return an id unchanged. Raises UsageError if it is not an id, because it could change the address."""
    try:
        path_of(given)
    except ValueError as error:
        raise UsageError(f"{given!r} is not a generation id. List yours: unstuck list") from error
    return given


Id = Annotated[str, typer.Argument(metavar="ID", callback=id_of)]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@dataclass
class Session:
    """The options before the command."""

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    json: bool = False
    connect: Callable[[str, str], Client] = lambda url, token: Client(url, token, changes=Polling(at_most_seconds=1.0))

    @property
    def out(self) -> "_Plain":
        """The stream for answers."""
        return _console(stderr=False)

    @property
    def err(self) -> "_Plain":
        """The stream for everything else, so that answers can be piped."""
        return _console(stderr=True)

    @property
    def watched(self) -> bool:
        """Whether output goes to a terminal, where lines may change in place."""
        return not self.json and self.out.is_terminal

    def client(self, *, without_token: bool = False) -> Client:
        """Return a client for the chosen service. Raises UsageError that says what is missing.

        `without_token` is for public calls: no token is needed or sent.
        """
        kept = {} if self.url and self.token else load()
        url = self.url or kept.get("url")
        token = "nobody" if without_token else self.token or kept.get("token")
        if not url:
            raise UsageError("The API's address is missing. Set UNSTUCK_URL, or run: unstuck login")
        if not token:
            raise UsageError("Your token is missing. Set UNSTUCK_TOKEN, or run: unstuck login")
        try:
            wire.address(url)
            wire.usable(token)
        except ValueError as error:
            raise UsageError(f"{error}.") from error
        return self.connect(url, token)

    def answer(self, found: BaseModel | dict[str, Any] | list[BaseModel], *, indent: int | None = 2) -> None:
        """Write JSON unchanged."""
        typer.echo(in_json(found, indent=indent))


def begin(context: typer.Context, as_json: bool) -> Session:
    """Return the session of a command."""
    session: Session = context.find_object(Session) or Session()
    session.json = as_json
    return session


def place() -> Path:
    """Return the path of the file that `login` writes."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "unstuck" / "login.json"


def load() -> dict[str, str]:
    """Return what `login` stored; empty if nothing."""
    try:
        found = json.loads(place().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{place()} cannot be read. Run: unstuck login") from error
    return {name: found[name] for name in ("url", "token") if isinstance(found.get(name), str)}


def keep(url: str, token: str) -> Path:
    """Store them for later commands, readable only by this user."""
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
    # Without a terminal, rich uses 80 columns, or COLUMNS if it is set.
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDE
    return _Plain(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


class _Plain(Console):
    """Writes texts of services, models and users so that they cannot control the terminal."""

    def print(self, *objects: Any, **named: Any) -> None:
        """Print everything, with control characters replaced. If the stream cannot hold it, print nothing and raise
        UnprintableError."""
        cleaned = [plain(each) if isinstance(each, str) else each for each in objects]
        if not self.stderr:  # it takes all characters, and may hold a line that is drawn in place
            self.check(*cleaned, **named)
        super().print(*cleaned, **named)

    def check(self, *objects: Any, **named: Any) -> None:
        """Raise UnprintableError if the stream's encoding lacks one of these characters."""
        encoding, errors = getattr(self.file, "encoding", None), getattr(self.file, "errors", None)
        if encoding is None:  # a text stream, which takes all characters
            return
        with self.capture() as rendered:
            super().print(*objects, **named)
        try:
            rendered.get().encode(encoding, errors or "strict")
        except UnicodeEncodeError as error:
            raise UnprintableError(error) from error
