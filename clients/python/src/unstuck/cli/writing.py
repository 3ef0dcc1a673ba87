"""Shows the text of a generation while the model writes: provisional, as plain text, as much as fits on the screen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from unstuck.cli.show import value
from unstuck.cli.text import plain
from unstuck.frames import PartialOutput
from unstuck.models import GenerationDetail

_TITLES = frozenset({"title", "heading", "goal"})
_KEPT_LINES = 4  # of the screen, for the lines above and below
_KEPT_COLUMNS = 3  # for the ^C that a terminal writes at the end of a line, which must not become the next one


def written(found: GenerationDetail, partial: PartialOutput | None) -> RenderableType | None:
    """Return the readable part so far; None before there is one, or once it is over."""
    if found.ended or partial is None or partial.attempt != found.attempt:
        return None
    parts = list(_parts(partial.output))
    return Group(Text(), _Tail(Group(*parts))) if parts else None


class _Tail:
    """The last lines of a text, as many as fit on the screen, so that it can grow in place."""

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(1, console.size.height - _KEPT_LINES)
        narrower = options.update(width=max(1, options.max_width - _KEPT_COLUMNS), height=None)
        for line in console.render_lines(self._whole, narrower, pad=False)[-room:]:
            while line and not line[-1].text.strip():
                line.pop()
            yield from line[:-1]
            yield from (Segment(each.text.rstrip(), each.style) for each in line[-1:])
            yield Segment.line()


def _parts(output: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Return the fields of a step's result, one below the other: a title, a text, items one row each."""
    for name, found in output.items():
        if isinstance(found, list):
            if found:
                yield _rows(found)
        elif isinstance(found, Mapping):
            yield from _parts(found)
        elif name in _TITLES:
            yield Text(plain(str(found)), "bold")
        elif isinstance(found, str):
            yield Text(plain(found))


def _rows(items: Sequence[Any]) -> Table:
    """Return a row for each item. Its columns keep their widths while it grows."""
    fields = [each if isinstance(each, Mapping) else {"": each} for each in items]
    names = list(dict.fromkeys(name for each in fields for name in each))
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=len(str(len(items))) if len(items) > 9 else 2, justify="right")
    for _ in names:
        table.add_column(ratio=1, overflow="fold")
    for number, each in enumerate(fields, 1):
        table.add_row(Text(str(number), "dim"), *(Text(value(each.get(name))) for name in names))
    return table
