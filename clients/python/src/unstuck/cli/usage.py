"""`usage`: what was used, and what is left."""

from typing import Annotated

import typer

from unstuck.cli import show
from unstuck.cli.session import AsJson, begin


def add_to(app: typer.Typer) -> None:
    """Make the command one of `app`'s."""
    app.command()(usage)


def usage(
    context: typer.Context,
    month: Annotated[str | None, typer.Option(help="As 2026-01; this one if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a month's generations, tokens and cost, and what is left of your limits."""
    session = begin(context, as_json)
    with session.client() as client:
        found = client.usage(month=month)
    if as_json:
        return session.answer(found)
    return session.out.print(show.usage(found))
