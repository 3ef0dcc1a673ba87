"""Follows one generation before somebody's eyes: a line that changes in place, or a line a change where none looks."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from unstuck.cli import show
from unstuck.cli.session import Session
from unstuck.cli.text import cost, plain
from unstuck.client import Client
from unstuck.models import GenerationDetail


def follow(
    session: Session, client: Client, generation_id: str, timeout_seconds: float | None, *, every: bool
) -> GenerationDetail:
    """Return the generation once it has ended, however; show it until then. `every`: in JSON, an object a change."""
    changes = client.watch(generation_id, timeout_seconds=timeout_seconds)
    if session.watched:
        return _in_place(session, changes)
    told: tuple[object, ...] = ()
    for found in changes:
        if session.json and every:
            session.answer(found, indent=None)
        elif not session.json and told != (told := _visible(found)):
            session.err.print(_line_of_words(found), soft_wrap=True)
    return found


def _in_place(session: Session, changes: Iterator[GenerationDetail]) -> GenerationDetail:
    seen: list[GenerationDetail] = []
    # Drawn anew four times a second: between two looks it is the heartbeat's age that grows.
    with Live(
        console=session.err, get_renderable=lambda: _line(seen[-1] if seen else None), refresh_per_second=4
    ) as live:
        for found in changes:
            seen[:] = [found]
            live.refresh()
    return seen[0]


def _line(found: GenerationDetail | None) -> RenderableType:
    if found is None:
        return Text("looking ...", "dim")
    line = Table.grid(padding=(0, 2, 0, 0))
    bar = ProgressBar(total=100, completed=found.progress, width=24)
    line.add_row(show.status(found), bar, *(Text(plain(word), style) for word, style in _words(found)))
    return line


def _line_of_words(found: GenerationDetail) -> Text:
    now = datetime.now().astimezone().strftime("%H:%M:%S")
    return Text("  ".join([now, f"{found.status:<9}", *(plain(word) for word, _ in _words(found))]))


def _words(found: GenerationDetail) -> Iterator[tuple[str, str]]:
    yield f"{found.progress:3d} %", ""
    yield f"attempt {found.attempt}", ""
    heard = found.heartbeat_age_seconds(datetime.now(UTC))
    if heard is not None:
        yield f"heartbeat {heard:.0f} s ago", "yellow" if found.stuck else "dim"
    if found.stuck:
        yield "stuck", "yellow"
    yield cost(found.usage.cost_usd), "dim"
    if about := found.error.code if found.error else found.stage:
        yield about, "red" if found.error else "dim"


def _visible(found: GenerationDetail) -> tuple[object, ...]:
    return found.status, found.progress, found.attempt, found.stage, found.stuck
