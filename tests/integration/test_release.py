"""A release, made in a copy of the project: what it builds and refuses."""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from local.artifacts import DEVELOPMENT, FUNCTIONS
from local.build import built_tree
from tests.node import MISSING, NPM, ROOT

VERSION = "4.5.6"
FILES = [
    "pyproject.toml",
    "clients/python/pyproject.toml",
    "clients/typescript/package.json",
    "clients/typescript/package-lock.json",
    "web/package-lock.json",
]
BUILT = {
    f"unstuck-client-{VERSION}.tgz",
    f"unstuck_client-{VERSION}.tar.gz",
    f"unstuck_client-{VERSION}-py3-none-any.whl",
    f"unstuck-page-{VERSION}.tar.gz",
    f"unstuck-sam-{VERSION}.tar.gz",
    *(f"unstuck-{name}-{VERSION}.cdx.json" for name in ("functions", "development", "page")),
}
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(NPM is None, reason=MISSING),
    pytest.mark.skipif(
        not (ROOT / "clients/typescript/node_modules/.installed").exists(), reason="see CONTRIBUTING.md"
    ),
]


def git(project: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours


def make(project: Path, version: str, *, dry: bool) -> subprocess.CompletedProcess[str]:
    """Run `make release` with the packages installed here: nothing is downloaded."""
    installed = [f"--old-file={name}" for name in ("setup", "build", "clients/typescript/node_modules/.installed")]
    command = ["make", "release", *installed, f"VERSION={version}", *(["DRY=1"] if dry else [])]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=200)  # noqa: S603 - ours


def edit(file: Path, old: str, new: str, count: int = 1) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}"
    file.write_text(text.replace(old, new, count), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copied(tmp_path / "project")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which a dry run has built everything; tests only look at it."""
    copy = copied(tmp_path_factory.mktemp("released") / "project")
    ended = make(copy, VERSION, dry=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return copy


def copied(copy: Path) -> Path:
    """A committed copy, whose files all have VERSION, with the packages installed here."""
    for name in git(
        ROOT,
        "ls-files",
        "Makefile",
        "local",
        "CHANGELOG.md",
        "LICENSE",
        "samconfig.toml",
        "deploy.example.toml",
        "clients",
        "web",
        ".gitignore",
        *FILES,
        *FUNCTIONS,
        *DEVELOPMENT,
    ).splitlines():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    for name in ("clients/typescript/node_modules", ".venv", ".venv-node"):
        (copy / name).symlink_to((ROOT / name).resolve(), target_is_directory=True)
    (copy / ".aws-sam").mkdir()
    (copy / ".aws-sam" / "build").symlink_to(built_tree(), target_is_directory=True)
    for name in FILES:
        said = re.search(r'^\s*"?version"?\s*[:=] "([^"]+)"', (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert said is not None
        where = '    "../clients/typescript": {' if name.startswith("web/") else ""
        text = (copy / name).read_text(encoding="utf-8")
        before, found, after = text.partition(where) if where else ("", "", text)
        assert found == where
        many = 2 if name == "clients/typescript/package-lock.json" else 1
        current = json.loads((ROOT / "clients/typescript/package.json").read_text(encoding="utf-8"))["version"]
        (copy / name).write_text(before + found + after.replace(f'"{current}"', f'"{VERSION}"', many), encoding="utf-8")
    edit(copy / "CHANGELOG.md", "## [Unreleased]\n", f"## [{VERSION}] - 2026-02-03\n\n- Kiwis.\n\n## [Unreleased]\n")
    git(copy, "init", "--quiet")
    (copy / ".git/info/exclude").write_text("node_modules\n.venv*\n", encoding="utf-8")
    git(copy, "config", "user.name", "a")
    git(copy, "config", "user.email", "a@example.org")
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "-m", "All of it")
    return copy


def test_a_dry_run_builds_everything_with_its_checksums_and_tags_nothing(released: Path) -> None:
    built = released / "dist" / "release"
    assert {file.name for file in built.iterdir()} == BUILT | {"SHA256SUMS"}
    sums = dict(line.split("  ")[::-1] for line in (built / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256((built / name).read_bytes()).hexdigest() for name in BUILT}
    with tarfile.open(built / f"unstuck-client-{VERSION}.tgz") as archive:
        packed = archive.getnames()
    assert {"package/dist/index.js", "package/dist/react/index.d.ts", "package/LICENSE"} <= set(packed)
    with zipfile.ZipFile(built / f"unstuck_client-{VERSION}-py3-none-any.whl") as wheel:
        assert {"unstuck/client.py", "unstuck/cli/app.py", "unstuck/py.typed"} <= set(wheel.namelist())
        assert wheel.testzip() is None
    assert (released / "dist" / "release-notes.md").read_text() == "- Kiwis.\n"
    assert git(released, "tag") == ""
    assert git(released, "status", "--porcelain") == ""


def test_the_built_functions_can_be_deployed_from_the_archive_alone(released: Path, tmp_path: Path) -> None:
    with tarfile.open(released / "dist" / "release" / f"unstuck-sam-{VERSION}.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    folder = tmp_path / "unpacked" / f"unstuck-sam-{VERSION}"
    # `sam build` writes these names as plain values, whatever the other tags.
    codes = re.findall(r"^\s+(?:CodeUri|ContentUri): (\S+)$", (folder / "template.yaml").read_text(), re.MULTILINE)
    assert len(codes) > 5
    for code in codes:
        assert any((folder / code).rglob("*.py")), code
    for name in ("samconfig.toml", "deploy.example.toml"):
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes()


def test_each_bill_names_what_its_locks_pin(released: Path) -> None:
    found: dict[str, set[str]] = {}
    for bill in (released / "dist" / "release").glob("*.cdx.json"):
        document = json.loads(bill.read_text(encoding="utf-8"))
        assert document["bomFormat"] == "CycloneDX"
        found[bill.name.split("-")[1]] = {f"{each['name']}=={each['version']}" for each in document["components"]}
    for name, locks in (("functions", FUNCTIONS), ("development", DEVELOPMENT)):
        pinned = {
            each for lock in locks for each in re.findall(r"^([\w.-]+==[^ ;\\]+)", (ROOT / lock).read_text(), re.M)
        }
        assert len(pinned) > 5
        assert {each.lower() for each in pinned} == {each.lower() for each in found[name]}
    assert {each.partition("==")[0] for each in found["page"]} >= {"react", "react-dom"}


def test_a_release_has_the_same_files_as_another_of_its_commit_and_makes_one_annotated_tag_with_its_notes(
    released: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(released, project, symlinks=True)
    ended = make(project, VERSION, dry=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    sums = [(each / "dist/release/SHA256SUMS").read_text().splitlines() for each in (released, project)]
    sources = f"unstuck_client-{VERSION}.tar.gz"  # setuptools writes the time into it
    assert [line for line in sums[0] if sources not in line] == [line for line in sums[1] if sources not in line]
    assert git(project, "cat-file", "-t", f"v{VERSION}").strip() == "tag"
    assert "- Kiwis." in git(project, "tag", "--list", "--format=%(contents)", f"v{VERSION}")
    again = make(project, VERSION, dry=False)
    assert again.returncode != 0
    assert "already exists" in again.stderr


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_says_another_version_is_named(project: Path, name: str) -> None:
    edit(project / name, VERSION, "4.5.7")
    ended = make(project, VERSION, dry=True)
    assert ended.returncode != 0
    assert f"{name} says " in ended.stderr
    assert "4.5.7" in ended.stderr
    assert not (project / "dist").exists()


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (f"## [{VERSION}] - unreleased\n\n- Kiwis.", "no dated section"),
        (f"## [{VERSION}] - 2026-02-03\n", "no dated section"),
        ("## [4.5.5] - 2026-02-03\n\n- Kiwis.", "no dated section"),
    ],
)
def test_a_version_that_the_changelog_does_not_have_is_refused(project: Path, new: str, says: str) -> None:
    edit(project / "CHANGELOG.md", f"## [{VERSION}] - 2026-02-03\n\n- Kiwis.", new)
    ended = make(project, VERSION, dry=True)
    assert ended.returncode != 0
    assert says in ended.stderr


@pytest.mark.parametrize(
    "version", ["", "v4.5.6", "4.5", "4.5.6-rc.1", "04.5.6", "4.5.6; touch pwned", "4.5.6'; touch pwned; '"]
)
def test_what_is_no_version_is_refused(project: Path, version: str) -> None:
    ended = make(project, version, dry=True)
    assert ended.returncode != 0
    assert "Write three numbers" in ended.stderr
    assert not (project / "pwned").exists()


def test_what_is_not_committed_is_not_tagged(project: Path) -> None:
    (project / "CHANGELOG.md").write_text((project / "CHANGELOG.md").read_text() + "\n", encoding="utf-8")
    ended = make(project, VERSION, dry=False)
    assert ended.returncode != 0
    assert "Commit or stash" in ended.stderr
    assert git(project, "tag") == ""
