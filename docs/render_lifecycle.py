"""Writes the rows of `shared/domain/rows` into the marked parts of docs/lifecycle.md and docs/architecture.md.

Run it as `.venv/bin/python -m docs.render_lifecycle [--check]`. Owns only the form of the tables and of the state
diagram; every word is the row's.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from docs.row_examples import sets_of
from shared.domain.row import Add, Row
from shared.domain.rows import ROWS
from shared.domain.states import TERMINAL, Status

BEGIN = "<!-- begin: rendered from shared/domain/rows by docs/render_lifecycle.py -->"
END = "<!-- end: rendered -->"


def rendered() -> str:
    """Return the statuses and the transitions as two Markdown tables."""
    statuses = _table(("status", "in by", "out by"), map(_status_row, Status))
    transitions = _table(("transition", "who", "from", "to", "condition", "sets", "why"), map(_transition_row, ROWS))
    marks = _table(("transition", "a write whose answer was lost knows itself, since"), map(_mark_row, ROWS))
    return f"### Statuses\n\n{statuses}\n\n### Transitions\n\n{transitions}\n\n### Marks\n\n{marks}\n"


def _status_row(status: Status) -> tuple[str, ...]:
    into = _names(row for row in ROWS if row.target is status)
    if status in TERMINAL:
        return f"`{status}`", into, "never changes"
    out = _names(row for row in ROWS if status in row.sources and row.target not in (None, status))
    return f"`{status}`", into, out


def _names(rows: Iterable[Row[Any]]) -> str:
    return ", ".join(f"`{row.name}`" for row in rows)


def _transition_row(row: Row[Any]) -> tuple[str, ...]:
    sources = ", ".join(status for status in Status if status in row.sources) or "nothing"
    if row.sources == frozenset(Status):
        sources = "any"
    if row.any_version:
        sources += ", or a newer version's while it is open"
    raised = {name: Add() for name, on in (("fence", row.raises_fence), ("version", row.raises_version)) if on}
    index = {"due_at": None} if row.leaves_index() else {}
    sets = ", ".join(
        f"`{name}`{_how(value)}" for name, value in (sets_of(row) | index | raised).items() if name != "op"
    )
    condition = ("; ".join(row.guards) + (" (transaction)" if row.transaction else "")).strip()
    return f"`{row.name}`", ", ".join(row.by), sources, row.target or "stays", condition, sets, row.why


def _mark_row(row: Row[Any]) -> tuple[str, ...]:
    return f"`{row.name}`", row.mark


def _how(value: object) -> str:
    if value is None:
        return " removed"
    return f" + {value.by}" if isinstance(value, Add) else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def diagram() -> str:
    """Return the statuses and the rows between them as Mermaid's state diagram; GitHub draws it."""
    moves: dict[tuple[str, str], list[str]] = {}
    for row in ROWS:
        if row.target is not None:
            sources: list[str] = [status for status in Status if status in row.sources]
            for source in sources or ["[*]"]:
                moves.setdefault((source, row.target), []).append(row.name)
    arrows = [f"    {source} --> {target}: {', '.join(names)}" for (source, target), names in moves.items()]
    ends = [f"    {status} --> [*]" for status in Status if status in TERMINAL]
    stay = _names(row for row in ROWS if row.target is None)
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR", *arrows, *ends, "```"]
    return "\n".join(lines) + f"\n\nThese rows leave the status as it is: {stay}.\n"


PAGES: Mapping[Path, Callable[[], str]] = {
    Path(__file__).with_name("lifecycle.md"): rendered,
    Path(__file__).with_name("architecture.md"): diagram,
}


def with_part(page: str, part: str) -> str:
    """Return `page` with the text between the marks replaced. Raises ValueError if a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page must hold both marks: {BEGIN} and {END}")
    return f"{before}{begin}\n\n{part}\n{end}{after}"


def main(arguments: list[str] | None = None, pages: Mapping[Path, Callable[[], str]] = PAGES) -> int:
    """Return 0 if each page is up to date in the end, 1 if `--check` finds one that is not."""
    parser = argparse.ArgumentParser(prog="python -m docs.render_lifecycle", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a page is out of date")
    check = parser.parse_args(arguments).check
    outdated = False
    for page, part in pages.items():
        text = page.read_text(encoding="utf-8")
        wanted = with_part(text, part())
        if check and wanted != text:
            print(f"{page} is out of date: run .venv/bin/python -m docs.render_lifecycle", file=sys.stderr)
            outdated = True
        if not check:
            page.write_text(wanted, encoding="utf-8")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
