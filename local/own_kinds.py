"""Adds kinds from outside of this project to a built tree: `python -m local.own_kinds .aws-sam/build`.

KINDS_PACKAGE names their package, which this Python can import. They go into the layer, and into the OpenAPI document
that the tree serves. Without KINDS_PACKAGE this changes nothing.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.emulator import PROJECT

VARIABLE = "KINDS_PACKAGE"
LAYER = Path("SharedLayer", "python")
DOCUMENT = Path("StatusFunction", "functions", "status", "openapi.json")


class OwnKindsError(RuntimeError):
    """KINDS_PACKAGE names a package that this Python cannot find, or whose kinds cannot be described."""


def package() -> str:
    """Return the package's name; empty if there is none."""
    return os.environ.get(VARIABLE, "")


def folder() -> Path | None:
    """Return where the package is; None if KINDS_PACKAGE is not set. Raises OwnKindsError."""
    name = package()
    if not name:
        return None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError) as error:
        raise _not_found(name) from error
    if spec is None or not spec.submodule_search_locations:
        raise _not_found(name)
    return Path(next(iter(spec.submodule_search_locations)))


def _not_found(name: str) -> OwnKindsError:
    return OwnKindsError(
        f"{VARIABLE} is {name!r}, but Python cannot find that package. Install it into .venv, or add its "
        "parent folder to PYTHONPATH."
    )


def add_to(tree: Path) -> None:
    """Put the package into the tree's layer, and its kinds into the tree's document. Raises OwnKindsError."""
    source = folder()
    if source is None:
        return
    *parents, last = package().split(".")
    target = tree / LAYER
    for depth, parent in enumerate(parents, 1):
        target /= parent
        target.mkdir(exist_ok=True)
        first = source.parents[len(parents) - depth] / "__init__.py"
        if first.is_file():
            shutil.copy2(first, target)
    shutil.rmtree(target / last, ignore_errors=True)
    shutil.copytree(source, target / last, ignore=shutil.ignore_patterns("__pycache__"))
    argv = [sys.executable, "-m", "docs.render_openapi", "--file", str(tree / DOCUMENT)]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OwnKindsError(f"the kinds of {package()} cannot be described:\n{done.stderr}")


def main() -> int:
    """Return 1, with the reason on stderr, if it could not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    try:
        add_to(parser.parse_args().tree)
    except OwnKindsError as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
