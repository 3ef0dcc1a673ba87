"""Compiles the Python of a built tree: `python -m local.compiled .aws-sam/build`, which `make build` does after sam.

`sam build` unpacks wheels, which have no byte code, and Lambda's file system is read-only. Without this, every cold
start would compile all of its imports. docs/performance.md has the cost.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import yaml

RUNTIME = "python3.13"
"""The version of template.yaml's functions. They cannot use another version's byte code."""


class NotCompiledError(RuntimeError):
    """The tree is not from `sam build`, this Python is not the functions', or a file does not compile."""


def compile_tree(tree: Path) -> int:
    """Compile every module of the tree's functions and layers. Returns how many.

    The same sources always give the same bytes, so a deploy uploads only changes. The byte code is never compared with
    its source again, because a zip does not keep the source's time. Raises NotCompiledError.
    """
    if f"python{sys.version_info.major}.{sys.version_info.minor}" != RUNTIME:
        raise NotCompiledError(f"this is Python {sys.version.split()[0]}, and the functions run on {RUNTIME}")
    count = 0
    for artifact in _artifacts(tree):
        _compile(artifact)
        count += sum(1 for _ in artifact.rglob("*.pyc"))
    return count


def _compile(artifact: Path) -> None:
    """Compile in a separate process: the byte code that a process writes depends on its earlier imports."""
    options = ["-q", "-f", "-s", os.fspath(artifact), "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-P", "-m", "compileall", *options, os.fspath(artifact)],
        env={"PYTHONHASHSEED": "0"},  # not the caller's environment either
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise NotCompiledError(f"a file of {artifact} does not compile:\n{done.stdout}")


def _artifacts(tree: Path) -> list[Path]:
    template = tree / "template.yaml"
    if not template.is_file():
        raise NotCompiledError(f"{tree} is not built. Run `sam build` first")
    built = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
    resources = yaml.safe_load(template.read_text())["Resources"].values()
    named = {tree / each["Properties"][built[each["Type"]]] for each in resources if each["Type"] in built}
    return sorted(named)


def main() -> int:
    """Return 1, with the reason on stderr, if it could not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    tree = parser.parse_args().tree
    try:
        print(f"{compile_tree(tree):,} modules compiled in {tree}")
    except NotCompiledError as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
