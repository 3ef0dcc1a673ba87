"""`login` and `logout` keep an address and a token, so that they need not be named; `token` gets a local one."""

import os
from dataclasses import replace
from typing import Annotated

import httpx
import typer

from unstuck import wire
from unstuck.cli.inputs import typed
from unstuck.cli.session import AsJson, UsageError, begin, keep, place


def add_to(app: typer.Typer) -> None:
    """Make the commands some of `app`'s."""
    app.command()(login)
    app.command()(logout)
    app.command()(token)


def login(context: typer.Context, as_json: AsJson = False) -> None:
    """Keep the address and your token for the commands that follow, once the service has taken them.

    Asks for what --url, --token and the environment do not say.
    """
    session = begin(context, as_json)
    url = session.url or typed("Address of the API")
    given = session.token or typed("Your token (not shown)", hidden=True)
    with replace(session, url=url, token=given).client() as client:
        client.usage()
    kept = keep(url, given.strip())
    if as_json:
        return session.answer({"url": url, "kept": str(kept)})
    session.out.print(f"Kept in {kept}, which you alone can read.", soft_wrap=True)
    if os.environ.get("UNSTUCK_URL") or os.environ.get("UNSTUCK_TOKEN"):
        session.err.print("UNSTUCK_URL and UNSTUCK_TOKEN go before it as long as they are set.", soft_wrap=True)
    return None


def token(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose: the token's `sub`.")],
    issuer: Annotated[
        str, typer.Option(envvar="UNSTUCK_ISSUER", help="The local issuer's address, as `make run` prints it.")
    ] = "",
    hours: Annotated[float, typer.Option(min=0, max=24 * 30, help="For how long it is valid.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Get a token for any user from the issuer of a stack that runs on this machine (`make run`)."""
    session = begin(context, as_json)
    if not issuer:
        raise UsageError("Where is the issuer? Set UNSTUCK_ISSUER to the address that `make run` prints.")
    try:
        asked = {"sub": user, "ttl": str(round(hours * 3600))}
        # The issuer is on this machine, where no proxy leads.
        answer = httpx.post(f"{wire.address(issuer)}/token", data=asked, timeout=10, trust_env=False)
        found = str(answer.raise_for_status().json()["access_token"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        message = f"No token came from {issuer}. Is it the address that `make run` prints, and does the stack run?"
        raise UsageError(message) from error
    if as_json:
        return session.answer({"user": user, "token": found})
    return session.out.print(found, soft_wrap=True)


def logout(context: typer.Context, as_json: AsJson = False) -> None:
    """Forget what `login` keeps."""
    session = begin(context, as_json)
    place().unlink(missing_ok=True)
    if as_json:
        return session.answer({"kept": None})
    return session.out.print("Nothing is kept any more.")
