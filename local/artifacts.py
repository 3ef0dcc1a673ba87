"""Builds a release's artifacts other than the clients: the page, the built functions, and bills of materials.

Owns their names and contents. The same files and the same time give the same archives, byte for byte.
"""

import base64
import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

BUILT = Path(".aws-sam") / "build"  # where `make build` leaves the functions, their layer and the template
# The locks of each bill: those that run on AWS, and those of the tests, the tools and the local stack.
FUNCTIONS = ("shared/requirements.txt", "functions/process/requirements.txt", "functions/authorizer/requirements.txt")
DEVELOPMENT = ("requirements/dev.lock", "requirements/ministack.lock")
_HASHES = {"sha512": HashAlgorithm.SHA_512, "sha1": HashAlgorithm.SHA_1}
_PINNED = re.compile(r"^\w.*(?:\n .*)*", re.MULTILINE)  # a pin, with its hashes on the lines below


class IncompleteError(RuntimeError):
    """A part of the release is missing. The message says which command makes it."""


def page(project: Path, into: Path, version: str, seconds: int) -> Path:
    """Pack the built page for any web server or bucket, as unstuck-page-VERSION.tar.gz."""
    return _packed(
        into / f"unstuck-page-{version}.tar.gz", f"unstuck-page-{version}", seconds, _in(project / "web/dist")
    )


def deployment(project: Path, into: Path, version: str, seconds: int) -> Path:
    """Pack the result of `make build` and the files of a deploy: `sam deploy` in the unpacked folder needs no build."""
    if not (project / BUILT / "template.yaml").is_file():
        raise IncompleteError(f"{BUILT} has no template.yaml. Run make build first.")
    files = {
        **_in(project / BUILT),
        **{name: project / name for name in ("samconfig.toml", "deploy.example.toml", "LICENSE")},
    }
    return _packed(into / f"unstuck-sam-{version}.tar.gz", f"unstuck-sam-{version}", seconds, files)


def bills(project: Path, into: Path, version: str) -> Iterator[Path]:
    """Write a CycloneDX document for each set of locks: the functions', the development's, the page's."""
    for name, locks in (("functions", FUNCTIONS), ("development", DEVELOPMENT)):
        pinned = {
            match[0] for lock in locks for match in _PINNED.finditer((project / lock).read_text(encoding="utf-8"))
        }
        command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--of", "JSON", "-"]
        yield _bill(into / f"unstuck-{name}-{version}.cdx.json", _output(command, project, "\n".join(sorted(pinned))))
    lock = json.loads((project / "web/package-lock.json").read_text(encoding="utf-8"))
    yield _bill(into / f"unstuck-page-{version}.cdx.json", _of_npm(lock))


def _of_npm(lock: dict[str, Any]) -> str:
    """Return the production packages of an npm lock as CycloneDX; `npm sbom` refuses a lock with a linked folder."""
    components = []
    for place, package in lock["packages"].items():
        _, _, name = place.rpartition("node_modules/")
        if "node_modules/" in place and not any(
            package.get(flag) for flag in ("dev", "link", "optional", "devOptional")
        ):
            group, _, short = name.rpartition("/")
            algorithm, _, digest = package["integrity"].partition("-")
            checksum = HashType(alg=_HASHES[algorithm], content=base64.b64decode(digest).hex())
            purl = PackageURL("npm", group or None, short, package["version"])
            components.append(
                Component(name=name, version=package["version"], purl=purl, bom_ref=purl.to_string(), hashes=[checksum])
            )
    return JsonV1Dot6(Bom(components=components)).output_as_string()


def _bill(file: Path, text: str) -> Path:
    """Remove from a document what differs between runs: its random number and its time."""
    document: dict[str, Any] = json.loads(text)
    document.pop("serialNumber", None)
    document["metadata"].pop("timestamp", None)
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return file


def _in(folder: Path) -> dict[str, Path]:
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


def _packed(archive: Path, folder: str, seconds: int, files: dict[str, Path]) -> Path:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime, entry.mode = file.stat().st_size, seconds, 0o644
            with file.open("rb") as content:
                tar.addfile(entry, content)
    archive.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return archive


def _output(command: list[str], folder: Path, given: str = "") -> str:
    ended = subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise IncompleteError(f"{' '.join(command[:3])} failed in {folder}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout
