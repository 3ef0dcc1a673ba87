"""The output of a bench: tables, goals, and the figures behind them as JSON.

Owns the form, so that the page of results is made from the files and never by hand.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / ".bench"


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some measurements, between the least and the greatest."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, samples: Iterable[float]) -> "Spread":
        """Raises ValueError without a sample."""
        found = sorted(samples)
        if not found:
            raise ValueError("nothing was measured")
        return cls(statistics.median(found), found[0], found[-1], len(found))

    def text(self, digits: int = 2) -> str:
        """`1.05 (1.02 to 1.11)`."""
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed. The first column is text, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """The goal and the measurement."""

    aim: str
    figure: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one bench. `figures` are the measurements behind the tables, for programs."""

    name: str
    title: str
    tables: Sequence[Table]
    figures: Mapping[str, Any]
    goals: Sequence[Goal] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and on what a report was made."""

    commit: str
    python: str = field(default_factory=platform.python_version)
    system: str = field(default_factory=lambda: f"{platform.system()} {platform.machine()}")
    processors: int = field(default_factory=lambda: os.cpu_count() or 1)
    load_before: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def commit() -> str:
    """Return the commit of the tree, with `-dirty` when the tree differs from it."""
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    found = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "a tree without git"


def run(
    measure: Callable[[], Report],
    description: str,
    arguments: Sequence[str] | None = None,
    parents: Sequence[argparse.ArgumentParser] = (),
) -> int:
    """Measure, print and keep: the whole command line of a bench, except its own options.

    `parents` are the parsers of its own options, and `arguments` are the rest. Returns 0 even if a goal was missed:
    that is a finding. A bench that could not measure raises.
    """
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=form, parents=list(parents))
    parser.add_argument("--json", type=Path, help="where to write the figures (default: .bench/NAME.json)")
    given = parser.parse_args(arguments)
    machine = Machine(commit())
    report = measure()
    show(report)
    kept = keep(report, machine, given.json)
    print(f"\nThe figures are in {kept}")
    return 0


def show(report: Report) -> None:
    """Print the tables, and what became of the goals."""
    # A log or a pipe has no width, and nobody reads a table that is folded there.
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(f"\n[bold]{report.title}[/bold]")
    for table in report.tables:
        shown = RichTable(title=table.title, title_justify="left", title_style="italic")
        for number, column in enumerate(table.columns):
            shown.add_column(column, justify="right" if number else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
        for note in table.notes:
            console.print(f"  {note}", style="dim", highlight=False)
    for goal in report.goals:
        mark = "[green]reached[/green]" if goal.reached else "[red]missed[/red] "
        console.print(f"  {mark}  {goal.aim}: {goal.figure}", highlight=False)


def keep(report: Report, machine: Machine, path: Path | None = None) -> Path:
    """Write the report as JSON, whole or not at all."""
    path = path or RESULTS / f"{report.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"machine": asdict(machine), **asdict(report)}, indent=1) + "\n")
    unfinished.rename(path)
    return path
