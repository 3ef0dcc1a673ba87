"""The documentation as a site: no broken link, the anchors that the API leads to, and nothing from another host."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from shared.domain.codes.failures import FAILURES
from shared.domain.codes.problems import PROBLEMS

ROOT = Path(__file__).resolve().parents[2]


def build(project: Path, into: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(into)],
        cwd=project,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site")
    ended = build(ROOT, into)
    assert ended.returncode == 0, ended.stderr
    assert "WARNING" not in ended.stderr
    return into


def test_each_code_has_the_anchor_that_a_problem_of_a_deployment_with_error_docs_leads_to(site: Path) -> None:
    anchors = set(re.findall(r'id="([^"]+)"', (site / "errors" / "index.html").read_text(encoding="utf-8")))
    assert {*PROBLEMS, *FAILURES} - anchors == set()


def test_each_picture_and_file_that_a_page_names_is_in_the_site(site: Path) -> None:
    gone = set()
    for page in site.rglob("index.html"):
        for name in re.findall(r'\b(?:src|srcset|href)="([^"#?]+)', page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:|/", name) and not (page.parent / unquote(name)).exists():
                gone.add((page.relative_to(site).as_posix(), name))
    assert gone == set()


def test_the_site_loads_nothing_from_another_host(site: Path) -> None:
    loads = re.compile(r'<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|srcset|href)="(?:https?:)?//[^"]*"')
    found = {each for page in site.rglob("*.html") for each in loads.findall(page.read_text(encoding="utf-8"))}
    assert {each for each in found if 'rel="canonical"' not in each} == set()


def test_files_outside_of_the_documents_are_in_the_site_where_a_page_links_to_them(site: Path) -> None:
    page = (site / "auth" / "index.html").read_text(encoding="utf-8")
    assert 'href="../source/examples/proxy/unstuck-proxy.ts"' in page
    source = ROOT / "examples" / "proxy" / "unstuck-proxy.ts"
    assert (site / "source" / "examples" / "proxy" / source.name).read_bytes() == source.read_bytes()
    assert (site / "source" / "examples" / "proxy" / "astro" / "[...path].ts").is_file()


@pytest.mark.parametrize("links", [("gone.md", "errors.md#gone"), ("../examples",)])
def test_a_link_that_leads_nowhere_fails_the_build_with_its_name(tmp_path: Path, links: tuple[str, ...]) -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    for name in filter(None, tracked.stdout.split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as index:
        index.write("".join(f"\n[somewhere]({link})\n" for link in links))
    ended = build(tmp_path, tmp_path / "site")
    assert ended.returncode != 0
    for link in links:
        assert link.removeprefix("../") in ended.stderr
