"""Builds a release: `make release VERSION=x.y.z [DRY=1]`. Publishes nothing: pushing the tag does that.

Writes the clients, the page, the built functions and the bills of materials to dist/release with checksums, if every
file has the same version.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from local import artifacts

PROJECT = Path(__file__).resolve().parent.parent
RELEASE = PROJECT / "dist" / "release"
NOTES = PROJECT / "dist" / "release-notes.md"
_VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")


class NotReleasableError(RuntimeError):
    """A file has another version, something is not committed, or a build fails. The message says what to do."""


def versions(project: Path) -> dict[str, str]:
    """Return each file's version, by the file's name."""
    typescript = project / "clients" / "typescript"
    lock = _json(typescript / "package-lock.json")
    return {
        "pyproject.toml": _toml(project / "pyproject.toml")["project"]["version"],
        "clients/python/pyproject.toml": _toml(project / "clients/python/pyproject.toml")["project"]["version"],
        "clients/typescript/package.json": _json(typescript / "package.json")["version"],
        "clients/typescript/package-lock.json": " and ".join(
            sorted({lock["version"], lock["packages"][""]["version"]})
        ),
        "web/package-lock.json": _json(project / "web/package-lock.json")["packages"]["../clients/typescript"][
            "version"
        ],
    }


def notes(project: Path, version: str) -> str:
    """Return the version's section of CHANGELOG.md. NotReleasableError without one that has a date and a text."""
    text = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    found = re.search(rf"{heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise NotReleasableError(
            f"CHANGELOG.md has no dated section for {version}. Write what changed under: ## [{version}] - YYYY-MM-DD"
        )
    return found[1].strip()


def check(project: Path, version: str) -> None:
    """Raise NotReleasableError unless `version` is one, every file says it, and the changelog has it."""
    if not _VERSION.fullmatch(version):
        raise NotReleasableError(f"{version!r} is not a version. Write three numbers, such as VERSION=0.2.0")
    wrong = [f"{name} says {said}" for name, said in versions(project).items() if said != version]
    if wrong:
        raise NotReleasableError(f"Not every file says {version}: {', '.join(wrong)}. Change them, and commit.")
    notes(project, version)


def build(project: Path, version: str, into: Path) -> list[Path]:
    """Build everything into an empty folder, with SHA256SUMS of all files, and return them."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    # Archives contain times: the same commit gives the same wheel and tarballs.
    committed = _git(project, "log", "-1", "--format=%ct")
    os.environ["SOURCE_DATE_EPOCH"] = committed
    os.environ["PATH"] = f"{project / '.venv-node' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    _clients(project, version, into)
    try:
        artifacts.page(project, into, version, int(committed))
        artifacts.deployment(project, into, version, int(committed))
        list(artifacts.bills(project, into, version))
    except artifacts.IncompleteError as error:
        raise NotReleasableError(str(error)) from error
    files = sorted(into.iterdir())
    sums = into / "SHA256SUMS"
    sums.write_text("".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files))
    return [*files, sums]


def _clients(project: Path, version: str, into: Path) -> None:
    """Pack the TypeScript client, and build the Python client's wheel and sources."""
    environment = dict(os.environ)
    typescript = project / "clients" / "typescript"
    _run(["npm", "pack", "--silent", "--pack-destination", str(into)], typescript, environment)
    sources = into / "sources"  # a build leaves folders beside its result
    shutil.copytree(
        project / "clients" / "python", sources, ignore=shutil.ignore_patterns("*.egg-info", "build", "dist")
    )
    for made in ("sdist", "wheel"):
        code = f"import sys; from setuptools.build_meta import build_{made} as build; build(sys.argv[1])"
        _run([sys.executable, "-c", code, str(into)], sources, environment)
    shutil.rmtree(sources)
    expected = {f"unstuck-client-{version}.tgz", f"unstuck_client-{version}.tar.gz"}
    expected.add(f"unstuck_client-{version}-py3-none-any.whl")
    if (built := {file.name for file in into.iterdir()}) != expected:
        raise NotReleasableError(f"Built {sorted(built)}, not {sorted(expected)}.")


def tag(project: Path, version: str) -> str:
    """Make the annotated tag of a committed tree, whose message is the version's notes, and return its name."""
    name = f"v{version}"
    message = f"{name}\n\n{notes(project, version)}\n"
    _run(["git", "tag", "--annotate", "--cleanup=verbatim", "--file=-", name], project, dict(os.environ), message)
    return name


def ready(project: Path, version: str) -> None:
    """Raise NotReleasableError if something is not committed, or the tag already exists."""
    if changed := _git(project, "status", "--porcelain"):
        raise NotReleasableError(f"There are uncommitted changes. Commit or stash them first:\n{changed}")
    if _git(project, "tag", "--list", f"v{version}"):
        raise NotReleasableError(f"The tag v{version} already exists. Choose the next version.")


def main(argv: list[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.release", description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--dry", action="store_true", help="check and build, and make no tag")
    given = parser.parse_args(argv)
    try:
        check(PROJECT, given.version)
        if not given.dry:
            ready(PROJECT, given.version)
        for file in build(PROJECT, given.version, RELEASE):
            print(file.relative_to(PROJECT))
        NOTES.write_text(f"{notes(PROJECT, given.version)}\n", encoding="utf-8")
        if given.dry:
            print(f"{given.version} can be released. Nothing was tagged (DRY=1).")
        else:
            print(f"Tagged {tag(PROJECT, given.version)}. To release it: git push origin v{given.version}")
    except NotReleasableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(command: list[str], folder: Path, environment: dict[str, str], given: str | None = None) -> str:
    ended = subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise NotReleasableError(f"{command[0]} failed in {folder}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def _git(project: Path, *arguments: str) -> str:
    return _run(["git", *arguments], project, dict(os.environ)).strip()


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _toml(file: Path) -> Any:
    return tomllib.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
