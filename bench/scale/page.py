"""Puts the tables of the last run into docs/scale.md: `python -m bench.scale.page`. Measures nothing."""

import json
from pathlib import Path
from typing import Any

from bench.report import PROJECT, RESULTS

PAGE = PROJECT / "docs" / "scale.md"
_BEGIN, _END = "<!-- tables: {name} -->", "<!-- end -->"


def rendered(page: str, report: dict[str, Any]) -> str:
    """Return the page with the report's tables between its marks, each of which names the titles that it begins with.

    Raises ValueError for a mark that no table goes to.
    """
    parts = page.split("<!-- tables: ")
    made = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition(" -->")
        found = [_table(table) for table in report["tables"] if table["title"].startswith(tuple(name.split("; ")))]
        if not found:
            raise ValueError(f"no table's title begins with {name!r}")
        made.append(f"{_BEGIN.format(name=name)}\n\n{'\n\n'.join(found)}\n\n{_END}{rest.partition(_END)[2]}")
    return "".join(made)


def _table(table: dict[str, Any]) -> str:
    columns = [column or " " for column in table["columns"]]
    lines = [f"**{table['title']}**", "", _row(columns), _row(["---", *["---:"] * (len(columns) - 1)])]
    lines += [_row(row) for row in table["rows"]]
    return "\n".join([*lines, *(f"\n{note}" for note in table["notes"])])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(f'[source]({cell})' if cell.startswith('https://') else cell for cell in cells)} |"


def main(page: Path = PAGE, report: Path = RESULTS / "scale.json") -> None:
    found = json.loads(report.read_text())
    page.write_text(rendered(page.read_text(), found))
    print(f"{page} holds the tables of {found['machine']['commit']}")


if __name__ == "__main__":
    main()
