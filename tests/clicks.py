"""How many clicks from the README the answers to five people's questions are: `python -m tests.clicks`.

Walks the links of the pages as a reader clicks them. A click leads to a page; to look further down a page is none.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import join, normpath
from urllib.parse import unquote

from docs.failures import failures
from tests.unit.test_docs import FENCED, LINK, anchors, read
from tests.unit.test_runbooks import alarms, page_of

ROOT = Path(__file__).resolve().parents[1]
START = "README.md"


def linked(page: str) -> Iterator[str]:
    """Yield the pages that a page links to, by their paths in the project."""
    for link in LINK.findall(FENCED.sub("", read(page))):
        name = unquote(link.partition("#")[0])
        if name and not re.match(r"[a-z]+:", name):
            target = normpath(join(str(Path(page).parent), name))
            if target.endswith(".md") and (ROOT / target).is_file():
                yield target


def clicks() -> Mapping[str, int]:
    """Return, for each page that can be reached from the README, the least number of clicks."""
    found, open_pages = {START: 0}, deque([START])
    while open_pages:
        page = open_pages.popleft()
        for target in linked(page):
            if target not in found:
                found[target] = found[page] + 1
                open_pages.append(target)
    return found


def answers() -> Iterator[tuple[str, str, str]]:
    """Yield each question, and the page and anchor that answer it; an empty anchor is a whole page."""
    yield "What is it?", START, ""
    yield "How does it work?", "docs/architecture.md", ""
    yield "How do I deploy with Supabase?", "docs/auth.md", "supabase"
    for code in failures():
        yield f"My generation failed with {code}.", "docs/errors.md", code
    for alarm in sorted(alarms()):
        yield f"{alarm} rings.", f"docs/runbooks/{page_of(alarm)}", ""
    yield "How do I add a kind?", "docs/adding-a-kind.md", ""
    for thing in things_to_add():
        yield f"How do I add a {thing}?", "CONTRIBUTING.md", "to-add-something"


def things_to_add() -> list[str]:
    """Return what the table of CONTRIBUTING.md has a row for."""
    table = read("CONTRIBUTING.md").partition("\n## To add something\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (?!to add a |---)([a-z][^|]*?) \|", table, re.MULTILINE)


def has_anchor(page: str, anchor: str) -> bool:
    """Whether a page has a heading, or an element, of this name."""
    text = read(page)
    return not anchor or anchor in anchors(text) or f'id="{anchor}"' in text


def main() -> None:
    """Print one line for each number of clicks and page, with how many questions it answers."""
    known = clicks()
    counted: dict[tuple[int, str], list[str]] = {}
    for question, page, _ in answers():
        counted.setdefault((known[page], page), []).append(question)
    for (number, page), questions in sorted(counted.items()):
        more = f" and {len(questions) - 1} more" if len(questions) > 1 else ""
        print(f"{number}  {page:40} {questions[0]}{more}")


if __name__ == "__main__":
    main()
