"""Puts the contestants into folders, as Lambda would have them: compiled, or as plain `sam build` leaves them.

All get the same runtime, with every module compiled: boto3's client costs twice as much without. Lambda does not
document the state of its own. Compiling it here favours nobody.
"""

import compileall
import json
import py_compile
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.report import PROJECT, RESULTS
from local.lambda_runtime import runtime_with_client

_PEERS = Path(__file__).with_name("peers")
_SERVICES = ("dynamodb", "sqs", "ssm")


@dataclass(frozen=True, slots=True)
class Places:
    """`usual` has the packages of the usual stack beside the layer. `plain` modules have no byte code."""

    built: Path
    plain: Path
    runtime: Path
    pruned_runtime: Path
    peers: Path
    usual: Path
    plain_usual: Path
    crt: Path

    @property
    def layer(self) -> Path:
        return self.built / "SharedLayer" / "python"


def prepare(tree: Path) -> Places:
    """Make the folders again, except the installed packages."""
    home = RESULTS / "cold_start"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    usual = _installed(home)
    crt = home / "crt"
    crt.mkdir()
    for name in ("awscrt", "_awscrt.abi3.so"):
        shutil.move(usual / name, crt / name)
    links = runtime_with_client(home / "links")
    places = Places(
        tree,
        shutil.copytree(tree, home / "plain", ignore=shutil.ignore_patterns("__pycache__")),
        shutil.copytree(links, home / "runtime"),
        shutil.copytree(links, home / "pruned", ignore=_other_services),
        shutil.copytree(_PEERS, home / "peers"),
        usual,
        shutil.copytree(usual, home / "plain-usual"),
        crt,
    )
    for path in (places.runtime, places.pruned_runtime, places.peers, usual, crt):
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(path, quiet=2, force=True, invalidation_mode=unchecked)
    return places


def _installed(home: Path) -> Path:
    lock = PROJECT / "requirements" / "usual.lock"
    command = [str(PROJECT / ".venv" / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    python = str(PROJECT / ".venv" / "bin" / "python")
    subprocess.run([*command, "--python", python, "--target", str(home / "usual"), "-r", str(lock)], check=True)
    return home / "usual"


def _other_services(directory: str, names: list[str]) -> set[str]:
    if Path(directory).parts[-2:] != ("botocore", "data"):
        return set()
    return {name for name in names if "." not in name and name not in _SERVICES}


def versions() -> dict[str, str]:
    """Return the packages of the usual stack with their versions, as locked."""
    asked = [str(PROJECT / ".venv" / "bin" / "uv"), "pip", "list", "--format", "json"]
    listed = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    found = {each["name"]: each["version"] for each in json.loads(listed)}
    return {name: found[name] for name in ("aws-lambda-powertools", "boto3", "pydantic", "httpx")}
