"""`preflight`, `smoke`, `doctor`, `find`, `redrive`, `bulk-retry`, `cost`, `try`: hand over to a clone's own tools.

They are no part of this package, and boto3 none of its dependencies. All but `cost` and `try` need AWS rights.
"""

import importlib
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from unstuck.cli.session import UsageError

COMMANDS = {
    "preflight": "Ask the AWS account what would fail in a deploy; changes nothing.",
    "smoke": "Go through a deployment as a user does; makes two generations.",
    "doctor": "Look for what must not be in a deployment; changes nothing.",
    "find": "Find the generation that a request created, by the request's id.",
    "redrive": "Send dead letters back, each after a look at its generation.",
    "bulk-retry": "Have what failed or was canceled tried again, many at once.",
    "cost": "Say what generations cost on AWS, by your own figures.",
    "try": "Run a kind once, in this process, and show each call.",
}
_MODULES = {"try": "trial.command"}
"""Where a command is, when it is not in `operations.command`."""
_NEEDS = (
    "For {whom}: takes {needed}, and runs from a clone of the "
    "project, whose docs/operating.md has all options. They are handed over as they are; COMMAND --help lists them."
)
_A_STACK = "AWS credentials, the stack's name (--stack NAME), no token"
_WITHOUT_A_STACK = frozenset({"cost", "try"})
_OTHER_NEEDS = {
    **dict.fromkeys(_WITHOUT_A_STACK, "no AWS, no token"),
    "smoke": "AWS credentials, the stack's name (--stack NAME), a user's token (UNSTUCK_TOKEN)",
}
_ACTS_ON_MANY = frozenset({"redrive", "bulk-retry"})


def add_to(app: typer.Typer) -> None:
    """Make the commands some of `app`'s; their options are not known here."""
    for name, does in COMMANDS.items():
        app.command(
            name,
            help=f"{does}\n\n{_NEEDS.format(whom=_for_whom(name), needed=_needed(name))}",
            short_help=f"{does} For {_for_whom(name)}.",
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
        )(_handing_over(name))


def _for_whom(name: str) -> str:
    return "operators" if name not in _MODULES else "who writes a kind"


def _needed(name: str) -> str:
    return _OTHER_NEEDS.get(name, _A_STACK)


def _handing_over(name: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        with _project() as clone:
            if clone is None:
                _refuse(context, f"`unstuck {name}` was started outside of a clone of the project.")
                return
            try:
                tool = importlib.import_module(_MODULES.get(name, "operations.command"))
            except ModuleNotFoundError as missing:
                _refuse(context, f"`unstuck {name}` needs {missing.name}, which is not installed here.")
                return
            if name in _ACTS_ON_MANY and isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(errors="backslashreplace")  # an owner's name must not end it halfway
            own = context.args if name in _MODULES else [name, *context.args]
            raise typer.Exit(tool.main(own))

    return command


def _refuse(context: typer.Context, why: str) -> None:
    """Show the help to who asked for it; say to others what is missing."""
    if {"-h", "--help"} & set(context.args):
        typer.echo(context.get_help())
        typer.echo()
    stack = "" if context.info_name in _WITHOUT_A_STACK else " --stack NAME"
    message = f"{why}\nIn a clone, after `make setup`: .venv/bin/unstuck {context.info_name}{stack}"
    raise UsageError(message)


@contextmanager
def _project() -> Iterator[Path | None]:
    """Make the clone's packages importable: that which this is installed from, or the one we are in."""
    places = [*Path(__file__).resolve().parents, Path.cwd(), *Path.cwd().parents]
    clone = next((place for place in places if (place / "operations" / "command.py").is_file()), None)
    if clone is None:
        yield None
        return
    sys.path.insert(0, str(clone))
    try:
        yield clone
    finally:
        sys.path.remove(str(clone))
