"""The tables of cold starts. Measures nothing."""

from collections.abc import Sequence

from bench.cold_start.starts import Start
from bench.report import Spread, Table

Found = dict[str, list[list[Start]]]
"""By what was measured, the starts of each contestant, in the order of their turns."""


def of_before(before: list[Start], after: list[Start], figure: str) -> Spread:
    """Return the ratio of a figure in each turn."""
    return Spread.of(getattr(ours, figure) / getattr(old, figure) for old, ours in zip(before, after, strict=True))


def beside(found: Found, notes: Sequence[str]) -> Table:
    """The time from a process's start to its first answer, beside what it was, the floor and the usual stack."""
    columns = ("function", "before, ms", "ours", "floor", "usual", "usual, compiled", "of before", "of the usual")
    rows = []
    for name, starts in found.items():
        old, ours, _floor, usual, _compiled = starts
        ratios = [of_before(other, ours, "lambda_ms").text() for other in (old, usual)]
        rows.append((_named(name, ours), *(_spread(each, "lambda_ms") for each in starts), *ratios))
    return Table("To the first answer: CPU before the first event, and the time after it", columns, rows, notes)


def split(found: Found, notes: Sequence[str]) -> Table:
    """Before and ours, apart at the first event, with Lambda's billed time and the used memory."""
    columns: tuple[str, ...] = (
        "function",
        "INIT, CPU ms",
        "first event, CPU ms",
        "its ms",
        "all, ms",
        "of before",
        "GB-s",
        "peak MB",
    )
    columns += ("as it passed here, ms",)
    rows = []
    for name, starts in found.items():
        for whose, each in zip(("before", "ours"), starts, strict=False):
            ratio = of_before(starts[0], each, "lambda_ms").text()
            figures = [_spread(each, figure) for figure in ("init_cpu_ms", "first_cpu_ms", "first_ms", "lambda_ms")]
            used = (_spread(each, "lambda_gb_seconds", 3), _spread(each, "peak_mb"), _spread(each, "wall_ms"))
            rows.append((f"{_named(name, each)}, {whose}", *figures, ratio, *used))
    return Table("Apart at the first event", columns, rows, notes)


def pairs(title: str, columns: Sequence[str], found: Found) -> Table:
    """CPU without and with something, and what it saves."""
    rows = []
    for name, (without, with_it) in found.items():
        saved = Spread.of(one.cpu_ms - other.cpu_ms for one, other in zip(without, with_it, strict=True))
        rows.append((name, _spread(without, "cpu_ms"), _spread(with_it, "cpu_ms"), saved.text(0)))
    return Table(title, (*columns, "saves"), rows)


def _named(name: str, starts: list[Start]) -> str:
    return f"{name} ({starts[0].memory_mb:,} MB)"


def _spread(starts: list[Start], figure: str, digits: int = 0) -> str:
    return Spread.of(getattr(start, figure) for start in starts).text(digits)
