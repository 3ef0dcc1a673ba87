"""`preflight`, `smoke`, `doctor`, `find`, `redrive`, `bulk-retry`, `cost`, `try`: run the tools of a clone.

The tools and boto3 are not part of this package. All but `cost` and `try` need AWS rights.
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
    "preflight": "Check the AWS account for problems before a deploy. Changes nothing.",
    "smoke": "Test a deployment as a user would. Creates two generations.",
    "doctor": "Check a deployment's data for inconsistencies. Changes nothing.",
    "find": "Find the generation of a request by its request id. Changes nothing.",
    "redrive": "Requeue dead letters, after checking each one's generation.",
    "bulk-retry": "Retry many failed or canceled generations at once.",
    "cost": "Estimate the AWS cost of your workload.",
    "try": "Run a kind once, in this process, and show each model call.",
}
_MODULES = {"try": "trial.command"}
"""The module of a command that is not in `operations.command`."""
_NEEDS = (
    "For {whom}. Needs {needed}, and a clone of the project. COMMAND --help lists the options; docs/operating.md "
    "explains them."
)
_A_STACK = "AWS credentials, the stack's name (--stack NAME), no token"
_WITHOUT_A_STACK = frozenset({"cost", "try"})
_OTHER_NEEDS = {
    **dict.fromkeys(_WITHOUT_A_STACK, "no AWS, no token"),
    "smoke": "AWS credentials, the stack's name (--stack NAME), a user's token (UNSTUCK_TOKEN)",
}
_ACTS_ON_MANY = frozenset({"redrive", "bulk-retry"})


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`. Their options are defined in the clone."""
    for name, does in COMMANDS.items():
        app.command(
            name,
            help=f"{does}\n\n{_NEEDS.format(whom=_for_whom(name), needed=_needed(name))}",
            short_help=f"{does} For {_for_whom(name)}.",
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
        )(_handing_over(name))


def _for_whom(name: str) -> str:
    return "operators" if name not in _MODULES else "authors of kinds"


def _needed(name: str) -> str:
    return _OTHER_NEEDS.get(name, _A_STACK)


def _handing_over(name: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        with _project() as clone:
            if clone is None:
                _refuse(context, f"`unstuck {name}` needs a clone of the project, and this is not one.")
                return
            try:
                tool = importlib.import_module(_MODULES.get(name, "operations.command"))
            except ModuleNotFoundError as missing:
                _refuse(context, f"`unstuck {name}` needs {missing.name}, which is not installed here.")
                return
            if name in _ACTS_ON_MANY and isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(errors="backslashreplace")  # an owner's name must not stop the output halfway
            own = context.args if name in _MODULES else [name, *context.args]
            raise typer.Exit(tool.main(own))

    return command


def _refuse(context: typer.Context, why: str) -> None:
    """Show the help if requested; otherwise say what is missing."""
    if {"-h", "--help"} & set(context.args):
        typer.echo(context.get_help())
        typer.echo()
    stack = "" if context.info_name in _WITHOUT_A_STACK else " --stack NAME"
    message = f"{why}\nIn a clone, after `make setup`: .venv/bin/unstuck {context.info_name}{stack}"
    raise UsageError(message)


@contextmanager
def _project() -> Iterator[Path | None]:
    """Make the packages of a clone importable: the clone that this is installed from, or the current one."""
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
