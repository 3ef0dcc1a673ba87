"""Everything that the documents refer to exists: commands, modules, pictures, tests, and files to change."""

import re
import tomllib

from tests.browser.shown import pictures_shown
from tests.unit.test_docs import FENCED, PAGES, ROOT, read
from unstuck.cli.app import app


def shown_commands() -> set[tuple[str, str]]:
    """The page and the first words of each command line in a block or in quotes, prompts and paths left away."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        quoted = [" ".join(each.split()) for each in re.findall(r"`([^`]+)`", FENCED.sub("", text))]
        for line in (*quoted, *"\n".join(FENCED.findall(text)).splitlines()):
            found.add((page.name, line.strip().removeprefix("id=$(").removeprefix(".venv/bin/")))
    return found


def test_each_command_of_the_command_line_that_a_page_shows_is_one() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    shown = {
        (page, match[1]) for page, line in shown_commands() if (match := re.match(r"unstuck ([a-z][a-z-]*)\b", line))
    }
    assert {"submit", "doctor", "bulk-retry"} <= {command for _, command in shown}
    assert {(page, command) for page, command in shown if command not in known} == set()


def test_each_module_that_a_page_runs_can_be_run() -> None:
    modules = {
        match[1]
        for _, line in shown_commands()
        if (match := re.match(r"python -m ((?:docs|tests|bench|local|operations)\b[a-z_.]*)(?![A-Z])", line))
    }
    assert "docs.render_lifecycle" in modules
    for name in modules:
        path = ROOT.joinpath(*name.split("."))
        entry = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
        assert entry.is_file(), name
        assert path.is_dir() or '__name__ == "__main__"' in entry.read_text(encoding="utf-8"), name


def test_each_picture_is_shown_by_a_page() -> None:
    pictures = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "images").iterdir()}
    assert pictures == set(pictures_shown())


def test_the_floors_that_contributors_read_are_those_of_the_import_rules() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["id"] == "wings"]
    below = read("CONTRIBUTING.md").partition("from the bottom:")[2].partition("\n\nAbove")[0]
    floors = [set(re.findall(r"`(\w+)`", line)) for line in below.strip().splitlines()]
    assert floors == [set(layer.split(" | ")) for layer in reversed(layers)]


def test_each_file_that_contributors_are_sent_to_is_there() -> None:
    table = read("CONTRIBUTING.md").partition("\n## To add something\n")[2].partition("\nRender:")[0]
    named = {name for name in re.findall(r"`([\w./<>-]+)`", table) if "/" in name}
    assert len(named) > 10
    for name in named:
        assert list(ROOT.glob(re.sub(r"<\w+>", "*", name))), name


SOURCED = re.compile(r"^- AWS: (?:(?!\n- ).)*\]\(https://docs\.aws\.amazon\.com/", re.MULTILINE | re.DOTALL)


def differences(page: str) -> dict[str, str]:
    """Each difference between AWS and what the tests run on, by its heading."""
    parts = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].partition("\n## ")[0] for part in parts}


def gaps(text: str) -> list[str]:
    """Return what a difference lacks: a source of AWS's, what is here instead, what covers it, a test that exists."""
    lacks = [] if SOURCED.search(text) else ["source"]
    lacks += [] if "\n- Here: " in text else ["here"]
    lacks += [] if re.search(r"^- (Test: `|Argument: )", text, re.MULTILINE) else ["test or argument"]
    for line in re.findall(r"^- Test: (.*)$", text, re.MULTILINE):
        named = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", line)
        there = named is not None and (ROOT / named[1]).is_file()
        if not (named and there and f"\ndef {named[2]}(" in read(named[1])):
            lacks.append(line)
    return lacks


def test_each_difference_from_aws_has_a_source_and_a_test_that_exists_or_an_argument() -> None:
    listed = differences(read("docs/aws.md"))
    assert {"Recursive loop detection", "Time to live", "Partial batches"} <= listed.keys()
    assert {name: lacks for name, text in listed.items() if (lacks := gaps(text))} == {}


def test_a_difference_that_names_no_source_or_a_test_that_is_gone_is_found() -> None:
    here = "tests/unit/test_docs_lead_somewhere.py"
    source = "- AWS: it is so ([source](https://docs.aws.amazon.com/x.html)).\n- Here: it is not.\n"
    assert gaps(f"{source}- Test: `{here}::test_each_picture_is_shown_by_a_page`\n") == []
    assert gaps(f"{source}- Argument: it does not matter.\n") == []
    for gone in (f"`{here}::test_each_picture`", f"`{here}::gaps`", "`tests/unit/test_gone.py::test_it`", "somewhere"):
        assert gaps(f"{source}- Test: {gone}\n") == ([gone] if gone != "somewhere" else ["test or argument", gone])
    assert gaps("- AWS: it is so.\n- Argument: none.\n") == ["source", "here"]


def test_each_guarantee_has_a_number_of_its_own_and_each_number_that_a_page_names_is_one() -> None:
    numbers = [int(number) for number in re.findall(r"^\*\*(\d+)\. ", read("docs/guarantees.md"), re.MULTILINE)]
    assert sorted(numbers) == list(range(1, 15))
    for page in PAGES:
        named = re.findall(r"[Gg]uarantees? (\d+)(?: and (\d+))?", page.read_text(encoding="utf-8"))
        assert {int(number) for pair in named for number in pair if number} <= set(numbers), page
