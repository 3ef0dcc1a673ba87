"""Builds the template's functions and layer as `make build` does, once for each state of the sources.

Owns `.aws-sam/local`. Several stacks and processes may ask at once: one builds, and the others wait and share. A built
tree never changes.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import own_kinds
from local.compiled import compile_tree
from local.emulator import PROJECT
from local.processes import Child

BUILDS = PROJECT / ".aws-sam" / "local"
SOURCES = ("functions", "shared")
KEPT_BUILDS = 6
BUILD_TIMEOUT_SECONDS = 300
# Local by-products that must not cause a new build. A build must ignore the developer's profiles and settings.
_NOT_PASSED_ON = ("PYTHON", "AWS_", "SAM_")
IGNORED_DIRECTORIES = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def host_architecture() -> str:
    """This machine's processor, in Lambda's words."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def sam_environment(app_directory: Path) -> dict[str, str]:
    """The environment of every SAM CLI call: this Python first on the path, no telemetry, no check for a newer
    version."""
    app_directory.mkdir(parents=True, exist_ok=True)
    metadata = app_directory / "metadata.json"
    metadata.write_text(f'{{"telemetryEnabled": false, "lastVersionCheck": {time.time() + 10 * 365 * 86400}}}')
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(app_directory),
    }


def sources_fingerprint(architecture: str) -> str:
    """A hash over the template, the path and content of all source files, and the kinds from outside."""
    digest = hashlib.sha256(f"{architecture}\0{sys.platform}\0{own_kinds.package()}\0".encode())
    files = [PROJECT / "template.yaml", Path(__file__).with_name("compiled.py")]
    own = own_kinds.folder()
    for folder in [*(PROJECT / name for name in SOURCES), *([own] if own else ())]:
        for path in folder.rglob("*"):
            if path.is_file() and not IGNORED_DIRECTORIES.intersection(path.parts):
                files.append(path)
    for path in sorted(files):
        content = path.read_bytes()
        name = path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


@contextmanager
def _build_lock() -> Iterator[int]:
    """Hold the lock over all builds. The build's supervisor inherits the descriptor, so that a build whose owner was
    killed is over before the next one starts."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    with (BUILDS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


@contextmanager
def _temporary() -> Iterator[Path]:
    """A directory for the block, under the lock. First removes the leftovers of a killed build."""
    directory = BUILDS / "temporary"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _sam_build(architecture: str, lock: int) -> None:
    """Run `sam build` where the last one for the processor ran, so that it finds its caches.

    If an earlier build was killed halfway, drops the caches first.
    """
    work = BUILDS / f"work-{architecture}"
    unfinished = BUILDS / f"unfinished-{architecture}"
    if unfinished.exists():
        shutil.rmtree(work, ignore_errors=True)
    unfinished.touch()
    argv: list[str | Path] = [
        *(Path(sys.executable).with_name("sam"), "build", "--cached", "--parallel"),
        *("--template-file", PROJECT / "template.yaml", "--base-dir", PROJECT),
        *("--build-dir", work / "build", "--cache-dir", work / "cache"),
        *("--parameter-overrides", f"Architecture={architecture}"),
    ]
    with _temporary() as temporary:
        # pip reads the user's own configuration, so the rest of the environment stays.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        env = {**inherited, **sam_environment(temporary / "sam"), "AWS_DEFAULT_REGION": "us-east-1"}
        log = BUILDS / "build.log"
        log.unlink(missing_ok=True)
        build = Child("sam build", argv, env={**env, "TMPDIR": str(temporary)}, cwd=PROJECT, log=log, hold=[lock])
        build.finish(BUILD_TIMEOUT_SECONDS)
    unfinished.unlink()


def _install_for_macos(tree: Path) -> None:
    """Replace the layer's Linux packages by this Mac's: compiled ones (pydantic_core) only load on their own system."""
    layer = tree / "SharedLayer" / "python"
    for path in layer.iterdir():
        if path.name != "shared":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    requirements = PROJECT / "shared" / "requirements.txt"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*command, "--target", str(layer), "--requirement", str(requirements)], check=True)


def _drop_old_builds(keep: Path) -> None:
    trees = sorted(BUILDS.glob("built-*"), key=lambda tree: tree.stat().st_mtime, reverse=True)
    for tree in trees[KEPT_BUILDS:]:
        if tree != keep:
            shutil.rmtree(tree, ignore_errors=True)


def built_tree(architecture: str | None = None, *, for_this_machine: bool = True) -> Path:
    """Return the directory with the built template and artifacts of the current sources. Builds them if needed.

    For this machine's processor by default. On macOS the compiled packages are this machine's, not Lambda's, unless
    `for_this_machine` is false. Raises ChildFailedError with sam's output, and OwnKindsError.
    """
    architecture = architecture or host_architecture()
    native = for_this_machine and sys.platform == "darwin"
    tree = BUILDS / f"built-{architecture}-{sources_fingerprint(architecture)}{'-macos' if native else ''}"
    with _build_lock() as lock:
        if not tree.exists():
            _sam_build(architecture, lock)
            with _temporary() as temporary:
                unfinished = temporary / "tree"
                shutil.copytree(BUILDS / f"work-{architecture}" / "build", unfinished)
                if native:
                    _install_for_macos(unfinished)
                own_kinds.add_to(unfinished)
                compile_tree(unfinished)
                unfinished.rename(tree)  # whole or not at all
        os.utime(tree)
        _drop_old_builds(keep=tree)
    return tree
