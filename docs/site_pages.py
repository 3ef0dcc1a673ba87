"""The settings of the site that mkdocs.yml cannot express: pages and files outside of docs/, and whole folders.

mkdocs calls these functions by their names. Nothing here changes how GitHub shows the same files.
"""

import posixpath
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parent.parent
# Pages that must be where GitHub looks for them, and their names on the site.
PAGES = {name: name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")}
PAGES |= {"README.md": "first-steps.md", "bench/RESULTS.md": "bench-results.md"}
SOURCES = "source"  # the site's folder for other files to which a page links
_LINK = re.compile(r"(\]\(|\b(?:href|src|srcset)=\")(?![a-z]+:|#)([^)\s\"#]+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replace each folder in the navigation, such as `runbooks/`, by its pages; README.md is first."""
    config.nav = [_expanded(entry) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root folder, and each file outside of docs/ to which a page links."""
    for name, title in PAGES.items():
        files.append(File.generated(config, title, content=(ROOT / name).read_text(encoding="utf-8")))
    for page in files.documentation_pages():
        for name in sorted(_outside(page.src_uri, page.content_string)):
            if files.get_file_from_path(f"{SOURCES}/{name}") is None:
                files.append(File.generated(config, f"{SOURCES}/{name}", content=_content(name, page.src_uri)))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Redirect the links that leave docs/ to what `on_files` has added, and the links of HTML to the site's addresses.

    mkdocs turns a link of Markdown into an address of the site, and leaves HTML as it is.
    """
    source = page.file.src_uri

    def led(match: re.Match[str]) -> str:
        name = _place(source, match[2])
        if match[1] != "](":
            file = files.get_file_from_path(name or _beside(source, match[2]))
            return match[0] if file is None else match[1] + get_relative_url(file.url, page.url)
        return match[0] if name is None else match[1] + quote(posixpath.relpath(name, posixpath.dirname(source) or "."))

    return _LINK.sub(led, markdown)


def _expanded(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {title: _expanded(under) for title, under in entry.items()}
    if isinstance(entry, list):
        return [_expanded(each) for each in entry]
    if not entry.endswith("/"):
        return entry
    found = sorted((ROOT / "docs" / entry).glob("*.md"), key=lambda file: (file.name != "README.md", file.name))
    return [f"{entry}{file.name}" for file in found]


def _place(source: str, link: str) -> str | None:
    """Return the place on the site of a link's target, for links out of docs/ and from outside into it."""
    for outside, name in PAGES.items():
        if name == source:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(outside), unquote(link)))
            return target.removeprefix("docs/") if target.startswith("docs/") else _named(target)
    target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), unquote(link)))
    return None if target.startswith("docs/") else _named(target)


def _beside(source: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(link)))


def _named(target: str) -> str:
    return PAGES.get(target, f"{SOURCES}/{target}")


def _outside(source: str, markdown: str) -> set[str]:
    places = {_place(source, match[2]) for match in _LINK.finditer(markdown)}
    return {place.removeprefix(f"{SOURCES}/") for place in places if place and place.startswith(f"{SOURCES}/")}


def _content(name: str, page: str) -> bytes:
    file = ROOT / name
    if not file.is_file():
        raise PluginError(f"{page} links to {name}, which is no file. Link to a file; a site has no folders to show.")
    return file.read_bytes()
