"""The pages contain the tables of a run, and every quota that the simulation uses."""

from typing import Any

import pytest

from bench.page import rendered
from bench.report import PROJECT, Table
from bench.scale import quotas, tables


def report_of(*made: Table) -> dict[str, Any]:
    return {
        "machine": {"commit": "abc", "at": "2026-01-01T00:00:00+00:00", "processors": 2},
        "tables": [{"title": one.title, "columns": one.columns, "rows": one.rows, "notes": one.notes} for one in made],
    }


REPORT = report_of(Table("Sweeps", ("size", "calls"), [("10", "12")], ("A note.",)), Table("Plans", ("",), []))
BARE = "before\n<!-- tables: Sweeps -->\n<!-- end -->\nafter"


def test_a_mark_gets_the_tables_whose_titles_it_names() -> None:
    page = rendered(BARE, REPORT)
    assert "| size | calls |\n| --- | ---: |\n| 10 | 12 |\n\nA note." in page
    assert "Measured on 2026-01-01, at `abc`, with 2 processors." in page
    assert "Plans" not in page
    assert page.startswith("before\n")
    assert page.endswith("\nafter")


def test_rendering_again_changes_nothing() -> None:
    once = rendered(BARE, REPORT)
    assert rendered(once, REPORT) == once


def test_a_mark_that_no_table_goes_to_is_an_error() -> None:
    with pytest.raises(ValueError, match="Bills"):
        rendered("<!-- tables: Bills --><!-- end -->", REPORT)


def test_a_run_of_some_benches_leaves_the_tables_of_the_others() -> None:
    others = "<!-- tables: Bills -->\n\nold\n\n<!-- end -->\nbetween\n"
    assert rendered(others + BARE, REPORT, every=False) == others + rendered(BARE, REPORT)


def test_the_page_has_every_quota_as_the_simulation_has_it() -> None:
    page = (PROJECT / "docs" / "scale.md").read_text()
    begin = page.index("<!-- tables: AWS's quotas -->")
    mark = page[begin : page.index("<!-- end -->", begin) + len("<!-- end -->")]
    made = rendered(mark, report_of(tables.of_quotas()))
    assert made.partition("Measured on")[0] == mark.partition("Measured on")[0]
    assert len({one.what for one in quotas.ALL}) == len(quotas.ALL)
