"""CHANGELOG.md keeps the form of Keep a Changelog: dated versions, each group once and in order, no line twice."""

import re
import tomllib
from itertools import pairwise

from tests.unit.test_docs import read

GROUPS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
CHANGELOG = read("CHANGELOG.md")
VERSIONS = dict(
    re.findall(
        r"^## (\[[\d.]+\] - \d{4}-\d\d-\d\d|\[Unreleased\])\n(.*?)(?=^## |\Z)", CHANGELOG, re.MULTILINE | re.DOTALL
    )
)


def test_each_version_has_a_date_but_the_unreleased_one_which_is_first() -> None:
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert headings == list(VERSIONS)
    assert headings[0] == "[Unreleased]"
    dates = [heading.rpartition(" ")[2] for heading in headings[1:]]
    assert dates == sorted(dates, reverse=True)


def test_each_version_has_each_group_once_and_in_order() -> None:
    for version, text in VERSIONS.items():
        groups = re.findall(r"^### (.*)$", text, re.MULTILINE)
        places = [GROUPS.index(group) for group in groups]
        assert all(one < other for one, other in pairwise(places)), (version, groups)


def test_no_entry_stands_twice() -> None:
    entries = re.findall(r"^- .*(?:\n  .*)*", CHANGELOG, re.MULTILINE)
    assert len(entries) > 50
    assert {entry for entry in entries if entries.count(entry) > 1} == set()


def test_the_newest_version_is_the_projects() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert [*VERSIONS][1].startswith(f"[{version}]"), f"pyproject.toml says {version}"
