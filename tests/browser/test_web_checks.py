"""The page's and the TypeScript client's own checks, and that what is committed as `web/dist` is what the sources make.

Skipped only where there is no Node at all: `make test` and `.ci/run` bring one.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.node import MISSING, NPM, ROOT, npm

pytestmark = [pytest.mark.skipif(NPM is None, reason=MISSING), pytest.mark.timeout(600)]
DIST = ROOT / "web" / "dist"
FOLDERS = ("clients/typescript", "web")
# A megabyte on a slow line is ten seconds of nothing.
MOST_BYTES = 1_500_000


@pytest.fixture(scope="module", autouse=True)
def _built_client() -> None:
    """The page uses the built client."""
    npm("clients/typescript", "run", "build")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("script", ["check", "test"])
def test_the_check_finds_nothing(folder: str, script: str) -> None:
    npm(folder, "run", script)


def test_the_committed_page_is_what_the_sources_make(tmp_path: Path) -> None:
    build("web", tmp_path / "dist")
    assert files_in(DIST).keys() == files_in(tmp_path / "dist").keys(), (
        "run `npm run build` in web/ and commit web/dist"
    )
    different = [name for name, content in files_in(tmp_path / "dist").items() if files_in(DIST)[name] != content]
    assert different == [], "run `npm run build` in web/ and commit web/dist"


def test_the_page_is_made_the_same_wherever_the_project_lies(tmp_path: Path) -> None:
    for folder in (*FOLDERS, "examples"):
        shutil.copytree(
            ROOT / folder,
            tmp_path / "elsewhere" / folder,
            symlinks=True,
            ignore=lambda _directory, names: {"node_modules"} & set(names),
        )
    for folder in FOLDERS:
        (tmp_path / "elsewhere" / folder / "node_modules").symlink_to(ROOT / folder / "node_modules")
    build(str(tmp_path / "elsewhere" / "web"), tmp_path / "dist")
    assert files_in(tmp_path / "dist") == files_in(DIST)


def test_the_page_is_small_and_holds_no_map_of_its_sources() -> None:
    files = files_in(DIST)
    assert sum(map(len, files.values())) < MOST_BYTES
    assert not [name for name in files if name.endswith(".map")]
    assert not [name for name, content in files.items() if b"sourceMappingURL" in content]


def test_the_page_loads_nothing_from_anywhere_else() -> None:
    """The policy would refuse it; what is loaded at the start must not even be asked for."""
    page = files_in(DIST)["index.html"].decode()
    assert re.findall(r"""(?:src|href)=["'](?!\./|#|data:)[^"']+""", page) == []
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\ssrc=)", page), "the policy refuses a script inside the page"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_lock_names_no_registry_and_holds_every_package_to_a_hash(folder: str) -> None:
    for path, package in locked(folder).items():
        assert "://" not in package.get("resolved", ""), path
        if "node_modules/" in path and not package.get("link"):
            assert package.get("integrity", "").startswith("sha512-"), f"{path} is not held to a hash"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_lock_is_that_of_its_package(folder: str) -> None:
    package = json.loads((ROOT / folder / "package.json").read_text())
    lock = locked(folder)
    for group in ("dependencies", "devDependencies", "peerDependencies"):
        assert lock[""].get(group) == package.get(group), "run npm install and commit the lock"
    exact = {**package.get("dependencies", {}), **package.get("devDependencies", {})}
    for name, version in exact.items():
        if not version.startswith("file:"):
            assert lock[f"node_modules/{name}"]["version"] == version, "versions are exact"


def build(folder: str, into: Path) -> None:
    """Build as `npm run build` does after its check of the types, which are checked once above."""
    npm(folder, "exec", "--", "vite", "build", "--outDir", str(into), "--emptyOutDir")


def locked(folder: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / folder / "package-lock.json").read_text())["packages"])


def files_in(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}
