"""Assembles the commands. The only place that turns errors into messages and exit codes."""

import io
import json
import sys
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from unstuck import wire
from unstuck.cli import exits, generations, inputs, login, operators, own_types, reviewing, usage, why
from unstuck.cli.session import Session, UnprintableError, UsageError
from unstuck.cli.text import plain
from unstuck.errors import ApiError, UnstuckError

_EPILOG = (
    "Exit codes: 0 done, 1 the generation failed or was canceled, 2 wrong usage, 3 not found, 4 refused (token, limit, "
    "conflict, bad input), 5 no service, 6 not ended within --timeout, 130 interrupted."
)


class Commands(TyperGroup):
    """Runs a command and reports its error."""

    def invoke(self, ctx: Any) -> Any:
        """Return the command's result. docs/cli.md lists the exit codes of errors."""
        session = ctx.ensure_object(Session)
        if not all(inputs.is_text(argument) for argument in sys.argv[1:]):
            raise UsageError("An argument is not UTF-8 text. Write the text to a file and pass --set NAME=@FILE.")
        try:
            return super().invoke(ctx)
        except UnstuckError as error:
            _tell(session, error)
            raise typer.Exit(exits.code_of(error)) from error
        except UnicodeEncodeError as error:  # of a prompt, or of an operator's command
            raise UnprintableError(error) from error
        except UnicodeDecodeError as error:
            raise UsageError(
                f"The input is not valid {error.encoding} text. Set PYTHONUTF8=1 to type UTF-8."
            ) from error
        except KeyboardInterrupt as error:
            session.err.print("Interrupted.")
            raise typer.Exit(exits.INTERRUPTED) from error


# A traceback in rich's form shows variables, and with them tokens.
app = typer.Typer(
    name="unstuck",
    cls=Commands,
    help="Start, follow and review AI generations that cannot get stuck.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(wire.__version__)
        raise typer.Exit


@app.callback()
def _before_each(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(envvar="UNSTUCK_URL", help="The API's address.", show_envvar=True)] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="UNSTUCK_TOKEN",
            help="Your token. Other users of this machine can see it here; prefer UNSTUCK_TOKEN or `unstuck login`.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback has done everything
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the client's version and exit.")
    ] = False,
) -> None:
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(
            errors="backslashreplace"
        )  # print the error even if the stream cannot hold all characters
    session = context.ensure_object(Session)
    session.url, session.token = url, token


def _tell(session: Session, error: UnstuckError) -> None:
    if session.json:
        typer.echo(json.dumps(exits.as_json(error), indent=2), err=True)
        return
    message = error.message[:1].upper() + error.message[1:]
    session.err.print(Text(plain(f"{message} ({error.code})"), "red"))
    for field in error.errors if isinstance(error, ApiError) else ():
        session.err.print(Text(plain(f"  {field.field}: {field.message}")))
    session.err.print(Text(plain(exits.to_do(error))))
    if error.request_id:
        session.err.print(Text(plain(f"If you report this, include the request id: {error.request_id}"), "dim"))


generations.add_to(app)
why.add_to(app)
reviewing.add_to(app)
usage.add_to(app)
own_types.add_to(app)
login.add_to(app)
operators.add_to(app)
