"""`why`: explains what a generation is doing, why it is waiting, and when it moves. Uses only the service's facts.

Knows no settings of the deployment: the response says what is late and when the service acts.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Group
from rich.text import Text

from unstuck.cli import show
from unstuck.cli.exits import duration
from unstuck.cli.session import AsJson, Id, begin
from unstuck.cli.text import moment, plain
from unstuck.codes import FAILURES
from unstuck.models import Generation


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(why)


def why(context: typer.Context, generation_id: Id, as_json: AsJson = False) -> None:
    """Explain what a generation is doing. Also says why it waits, and when it moves."""
    session = begin(context, as_json)
    with session.client() as client:
        found = client.get(generation_id)
    reasons = list(explain(found, datetime.now(UTC)))
    if as_json:
        return session.answer(_facts(found) | {"why": reasons})
    return session.out.print(Group(*(Text(plain(reason)) for reason in reasons)), soft_wrap=True)


def explain(found: Generation, now: datetime) -> Iterator[str]:
    """Yield at most four sentences: the current activity and reason, when it changes, and when it ends."""
    if found.ended:
        yield from _ended(found)
        return
    yield from _open(found, now)
    yield f"It ends by {_when(found.deadline_at, now)}, or in the next sweep after that."


def _open(found: Generation, now: datetime) -> Iterator[str]:
    next_at = None if found.next_at is None else _when(found.next_at, now)
    match found.state:
        case None:
            yield f"It is {found.status}, at {found.progress} %. This service gives no further details."
            return
        case "queued":
            yield f"It waits for a worker{', which is late' if found.stuck else ''}.{_last(found)}"
            yield f"If no worker takes it by {next_at}, its message is sent again."
        case "working":
            yield f"A worker is at attempt {found.attempt}: {_doing(found)}.{_late(found, now)}{_last(found)}"
            yield f"If the worker sends no heartbeat by {next_at}, another worker takes over."
        case "waiting_to_retry":
            yield f"It waits for its next attempt.{_last(found)}"
            yield f"The next attempt starts at {next_at} or shortly after."
        case "waiting_for_provider":
            yield f"It waits because the provider asked for a pause.{_last(found)}"
            yield f"The next attempt starts at {next_at} or shortly after."
        case "lost":
            lost = "message" if found.status == "pending" else "worker"
            yield f"Its {lost} is lost.{_late(found, now)}{_last(found)}"
            yield f"Recovery was due by {next_at}. The next read or sweep recovers it."
        case state:
            yield f"It is {found.status}, in the state {state}, which this client does not know.{_last(found)}"
            yield f"That changes by {next_at}." if next_at else "The service does not say when that changes."


def _ended(found: Generation) -> Iterator[str]:
    at = f" at {moment(found.finished_at)}" if found.finished_at else ""
    took = f" after {duration((found.finished_at - found.created_at).total_seconds())}" if found.finished_at else ""
    attempts = f"in {found.attempt} attempt{'' if found.attempt == 1 else 's'}"
    if found.status == "failed" and found.error:
        known = FAILURES.get(found.error.code)
        call = "  ".join(show.call_facts(found.error))
        yield f"It failed{at}{took}, {attempts}, with {found.error.code}: {found.error.message}"
        if call:
            yield f"The last call of a model: {call}."
        if known and found.retried_as is None:
            yield known.fix
    elif found.status == "canceled":
        yield f"Its owner canceled it{at}{took}, at {found.progress} %."
    else:
        yield f"It {found.status if found.status == 'succeeded' else 'ended'}{at}{took}, {attempts}."
    if found.retried_as:
        yield f"It was retried as {found.retried_as}: unstuck why {found.retried_as}"


def _doing(found: Generation) -> str:
    return f"{found.stage}, at {found.progress} %" if found.stage else f"it is at {found.progress} %"


def _late(found: Generation, now: datetime) -> str:
    heard = found.heartbeat_age_seconds(now)
    if not found.stuck or heard is None:
        return ""
    return f" Its last heartbeat was {duration(heard)} ago, which is late."


def _last(found: Generation) -> str:
    if found.because is None:
        return ""
    known = FAILURES.get(found.because)
    return f" Its last attempt ended with {found.because}{f': {known.title}' if known else '.'}"


def _when(at: datetime, now: datetime) -> str:
    seconds = (at - now).total_seconds()
    return f"{moment(at)} ({f'in {duration(seconds)}' if seconds > 0 else f'{duration(-seconds)} ago'})"


def _facts(found: Generation) -> dict[str, Any]:
    """Return the service's facts behind the sentences."""
    names = {"generation_id", "status", "state", "because", "next_at", "stuck", "deadline_at", "error", "retried_as"}
    return found.model_dump(mode="json", include=names, exclude_none=True)
