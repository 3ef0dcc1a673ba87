"""`login` and `logout`: keep an address and a token, so that they need not be named each time."""

import os
from dataclasses import replace

import typer

from unstuck.cli.session import AsJson, begin, keep, place


def add_to(app: typer.Typer) -> None:
    """Make the commands some of `app`'s."""
    app.command()(login)
    app.command()(logout)


def login(context: typer.Context, as_json: AsJson = False) -> None:
    """Keep the address and your token for the commands that follow, once the service has taken them.

    Asks for what --url, --token and the environment do not say.
    """
    session = begin(context, as_json)
    url = session.url or typer.prompt("Address of the API")
    token = session.token or typer.prompt("Your token (not shown)", hide_input=True)
    with replace(session, url=url, token=token).client() as client:
        client.usage()
    kept = keep(url, token.strip())
    if as_json:
        return session.answer({"url": url, "kept": str(kept)})
    session.out.print(f"Kept in {kept}, which you alone can read.", soft_wrap=True)
    if os.environ.get("UNSTUCK_URL") or os.environ.get("UNSTUCK_TOKEN"):
        session.err.print("UNSTUCK_URL and UNSTUCK_TOKEN go before it as long as they are set.", soft_wrap=True)
    return None


def logout(context: typer.Context, as_json: AsJson = False) -> None:
    """Forget what `login` keeps."""
    session = begin(context, as_json)
    place().unlink(missing_ok=True)
    if as_json:
        return session.answer({"kept": None})
    return session.out.print("Nothing is kept any more.")
