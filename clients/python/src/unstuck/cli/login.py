"""`login` and `logout` store and delete an address and a token. `token` gets a token of a local stack."""

import os
from dataclasses import replace
from typing import Annotated

import httpx
import typer

from unstuck import wire
from unstuck.cli.inputs import typed
from unstuck.cli.session import AsJson, UsageError, begin, keep, place


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(login)
    app.command()(logout)
    app.command()(token)


def login(context: typer.Context, as_json: AsJson = False) -> None:
    """Check and store the address and your token. Later commands use them.

    Asks for a value that --url, --token and the environment do not give.
    """
    session = begin(context, as_json)
    url = session.url or typed("Address of the API")
    given = session.token or typed("Your token (not shown)", hidden=True)
    with replace(session, url=url, token=given).client() as client:
        client.usage()
    kept = keep(url, given.strip())
    if as_json:
        return session.answer({"url": url, "kept": str(kept)})
    session.out.print(f"Stored in {kept}, which only you can read.", soft_wrap=True)
    if os.environ.get("UNSTUCK_URL") or os.environ.get("UNSTUCK_TOKEN"):
        session.err.print("UNSTUCK_URL and UNSTUCK_TOKEN take precedence while they are set.", soft_wrap=True)
    return None


def token(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="The user: the token's `sub`.")],
    issuer: Annotated[
        str, typer.Option(envvar="UNSTUCK_ISSUER", help="The local issuer's address, as `make run` prints it.")
    ] = "",
    hours: Annotated[float, typer.Option(min=0, max=24 * 30, help="How long it is valid, in seconds.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Get a token for any user from the local stack (`make run`)."""
    session = begin(context, as_json)
    if not issuer:
        raise UsageError("The issuer's address is missing. Set UNSTUCK_ISSUER to the address that `make run` prints.")
    try:
        asked = {"sub": user, "ttl": str(round(hours * 3600))}
        # The issuer is on this machine, so no proxy is used.
        answer = httpx.post(f"{wire.address(issuer)}/token", data=asked, timeout=10, trust_env=False)
        found = str(answer.raise_for_status().json()["access_token"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        message = (
            f"No token from {issuer}. Check that the stack runs, and that this is the address that `make run` prints."
        )
        raise UsageError(message) from error
    if as_json:
        return session.answer({"user": user, "token": found})
    return session.out.print(found, soft_wrap=True)


def logout(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete the stored address and token."""
    session = begin(context, as_json)
    place().unlink(missing_ok=True)
    if as_json:
        return session.answer({"kept": None})
    return session.out.print("The stored address and token are deleted.")
