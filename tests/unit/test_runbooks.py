"""Every alarm has a runbook, and what the runbooks tell to look for is what the code says."""

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.test_docs import read
from tests.unit.test_template import TEMPLATE, _Loader

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = sorted(page for page in RUNBOOKS.glob("*.md") if page.name != "README.md")
CODES = re.compile(r"^\| <a id=\"(\w+)\">", re.MULTILINE)
ALARM = re.compile(r"`(\w+Alarm)`")
SAID = re.compile(r'message = "([^"]+)"|message in \[([^\]]+)\]')
CODE = re.compile(r"(?:`|--code )((?:provider|output|user_key|crash|deadline|call|cost|handover)_\w+)(?=[`\s])")


def alarms() -> set[str]:
    resources = yaml.load(TEMPLATE.read_text(), _Loader)["Resources"]  # noqa: S506 - a SafeLoader
    return {name for name, resource in resources.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}


def page_of(alarm: str) -> str:
    """Return the file of an alarm's runbook, as docs/runbooks/README.md lists it."""
    (line,) = [line for line in read("docs/runbooks/README.md").splitlines() if f"`{alarm}`" in line]
    (page,) = re.findall(r"\((\S+\.md)\)", line)
    return str(page)


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm() -> None:
    listed = read("docs/runbooks/README.md")
    assert set(ALARM.findall(listed)) == alarms()
    for line in listed.splitlines():
        if found := ALARM.findall(line):
            page = re.search(r"\((\S+\.md)\)", line)
            assert page, line
            assert set(re.findall(r"\w+Alarm", read(f"docs/runbooks/{page[1]}").splitlines()[0])) == set(found)
    assert {page.name for page in PAGES} == set(re.findall(r"\((\w[\w-]*\.md)\)", listed))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_names_codes_that_there_are_and_lines_that_are_logged(page: Path) -> None:
    text = page.read_text()
    assert set(CODE.findall(text)) <= set(CODES.findall(read("docs/errors.md")))
    sources = "".join(file.read_text() for folder in ("functions", "shared") for file in (ROOT / folder).rglob("*.py"))
    said = [one for whole, many in SAID.findall(text) for one in ([whole] if whole else re.findall(r'"([^"]+)"', many))]
    assert [message for message in said if f'"{message}"' not in sources] == []
