"""Puts the tables of the last runs into the pages that show them: `python -m bench.page [BENCH ...]`."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from bench.report import PROJECT, RESULTS

PAGES = ("bench/RESULTS.md", "docs/performance.md", "docs/scale.md")
BENCHES = ("cold_start", "warm", "bill", "recovery", "throughput", "live", "scale")
"""Those whose tables the pages show, each table on the page that has its mark."""
_BEGIN, _END = "<!-- tables: {name} -->", "<!-- end -->"


def rendered(page: str, *reports: dict[str, Any], every: bool = True) -> str:
    """Return the page with the reports' tables between its marks. Each mark names the beginning of its tables' titles.

    Raises ValueError for a mark without a table; unless `every`, such a mark keeps what it has.
    """
    parts = page.split("<!-- tables: ")
    made, tables = [parts[0]], [(table, report) for report in reports for table in report["tables"]]
    for part in parts[1:]:
        name, _, rest = part.partition(" -->")
        titles = tuple(name.split("; "))
        found = [_table(table) for table, _ in tables if table["title"].startswith(titles)]
        found += sorted({_when(report) for table, report in tables if table["title"].startswith(titles)})
        if not found and not every:
            made.append(f"<!-- tables: {part}")
            continue
        if not found:
            raise ValueError(f"no table's title begins with {name!r}")
        made.append(f"{_BEGIN.format(name=name)}\n\n{'\n\n'.join(found)}\n\n{_END}{rest.partition(_END)[2]}")
    return "".join(made)


def _when(report: dict[str, Any]) -> str:
    machine = report["machine"]
    return f"Measured on {machine['at'][:10]}, at `{machine['commit']}`, with {machine['processors']} processors."


def _table(table: dict[str, Any]) -> str:
    columns = [column or " " for column in table["columns"]]
    lines = [f"**{table['title']}**", "", _row(columns), _row(["---", *["---:"] * (len(columns) - 1)])]
    lines += [_row(row) for row in table["rows"]]
    return "\n".join([*lines, *(f"\n{note}" for note in table["notes"])])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(f'[source]({cell})' if cell.startswith('https://') else cell for cell in cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", choices=[*BENCHES, []], help="those alone, if any")
    benches = parser.parse_args(arguments).benches or BENCHES
    reports = [json.loads((RESULTS / f"{bench}.json").read_text()) for bench in benches]
    for page in (PROJECT / name for name in PAGES):
        page.write_text(rendered(page.read_text(), *reports, every=benches == BENCHES))
    print("\n".join(f"{report['name']} at {report['machine']['commit']}" for report in reports))


if __name__ == "__main__":
    main()
