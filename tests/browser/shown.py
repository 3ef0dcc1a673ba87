"""Which pictures of the page the documents show. They are the only ones that the repository keeps."""

import re
from collections.abc import Iterator

from tests.node import ROOT


def pictures_shown() -> Iterator[str]:
    """The path of each picture below docs/images that a Markdown page shows, from the root of the repository."""
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"(?:docs/)?images/[\w.-]+", page.read_text(encoding="utf-8")):
            yield f"docs/{link.removeprefix('docs/')}"
