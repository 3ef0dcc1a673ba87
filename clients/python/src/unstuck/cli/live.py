"""Follows one generation on a terminal: a line and a text that change in place, or a new line for each change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from unstuck.cli import show
from unstuck.cli.session import Session
from unstuck.cli.text import cost, plain
from unstuck.cli.writing import written
from unstuck.client import Client
from unstuck.frames import PartialOutput
from unstuck.models import GenerationDetail

_WIDE, _WIDE_BAR, _NARROW_BAR = 110, 24, 12


def follow(
    session: Session, client: Client, generation_id: str, timeout_seconds: float | None, *, every: bool
) -> GenerationDetail:
    """Return the generation once it has ended in any way; show it until then. `every`: prints a JSON object for each
    change."""
    if session.watched:
        return _in_place(session, client, generation_id, timeout_seconds)
    told: tuple[object, ...] = ()
    for found in client.watch(generation_id, timeout_seconds=timeout_seconds):
        if session.json and every:
            session.answer(found, indent=None)
        elif not session.json and told != (told := _visible(found)):
            session.err.print(_line_of_words(found), soft_wrap=True)
    return found


def _in_place(session: Session, client: Client, generation_id: str, timeout_seconds: float | None) -> GenerationDetail:
    seen = _Seen()

    def show(partial: PartialOutput) -> None:
        seen.partial = partial
        live.refresh()

    # Redrawn four times a second: between two looks, only the heartbeat's age grows.
    with Live(console=session.err, get_renderable=seen.drawn, refresh_per_second=4) as live:
        try:
            for found in client.watch(generation_id, timeout_seconds=timeout_seconds, on_partial=show):
                seen.found = found
                live.refresh()
        finally:
            seen.partial = None  # provisional text does not stay on the screen
    return found


@dataclass
class _Seen:
    """The known state of a generation, and its text so far."""

    found: GenerationDetail | None = None
    partial: PartialOutput | None = None

    def drawn(self) -> RenderableType:
        if self.found is None:
            return Text("loading ...", "dim")
        line, text = _Line(self.found), written(self.found, self.partial)
        return line if text is None else Group(line, text)


class _Line:
    """The state of a generation on one line. A narrow screen has a shorter bar, then fewer facts from the right."""

    def __init__(self, found: GenerationDetail) -> None:
        self._found = found

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        state = show.status(self._found)
        words = [Text(plain(word), style) for word, style in _words(self._found)]
        bar = _WIDE_BAR if options.max_width >= _WIDE else _NARROW_BAR
        line = Table.grid(padding=(0, 2, 0, 0))
        room = options.max_width - bar - state.cell_len - 4
        shown = []
        for word in words:
            room -= word.cell_len + 2
            if room >= 0:
                shown.append(word)
        line.add_row(state, ProgressBar(total=100, completed=self._found.progress, width=bar), *shown)
        yield line


def _line_of_words(found: GenerationDetail) -> Text:
    now = datetime.now().astimezone().strftime("%H:%M:%S")
    return Text("  ".join([now, f"{found.status:<9}", *(plain(word) for word, _ in _words(found))]))


def _words(found: GenerationDetail) -> Iterator[tuple[str, str]]:
    yield f"{found.progress:3d} %", ""
    if about := found.error.code if found.error else found.stage:
        yield about, "red" if found.error else ""
    if found.stuck:
        yield "stuck", "yellow"
    heard = found.heartbeat_age_seconds(datetime.now(UTC))
    if heard is not None:
        yield f"heartbeat {heard:.0f} s ago", "yellow" if found.stuck else "dim"
    yield f"attempt {found.attempt}", "" if found.attempt > 1 else "dim"
    yield cost(found.usage.cost_usd), "dim"


def _visible(found: GenerationDetail) -> tuple[object, ...]:
    return found.status, found.progress, found.attempt, found.stage, found.stuck
