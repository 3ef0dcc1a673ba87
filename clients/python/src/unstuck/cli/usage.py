"""`usage`: shows usage and limits."""

from typing import Annotated

import typer

from unstuck.cli import show
from unstuck.cli.session import AsJson, begin


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(usage)


def usage(
    context: typer.Context,
    month: Annotated[str | None, typer.Option(help="A month such as 2026-01 (default: this month).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a month's usage, and your limits."""
    session = begin(context, as_json)
    with session.client() as client:
        found = client.usage(month=month)
    if as_json:
        return session.answer(found)
    return session.out.print(show.usage(found))
