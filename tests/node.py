"""Runs the npm scripts of the page and of the TypeScript client, with the locked Node where `make test` has put it."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PATH = f"{ROOT / '.venv-node' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
NPM = shutil.which("npm", path=_PATH)
NODE = shutil.which("node", path=_PATH)
# Colours and spinners are for people; CI keeps a watcher from starting.
ENVIRONMENT = {**os.environ, "PATH": _PATH, "CI": "1", "NO_COLOR": "1"}
MISSING = "no Node: `make test` installs it, or see CONTRIBUTING.md"


def npm(folder: str, *arguments: str, timeout_seconds: float = 240, **variables: str) -> str:
    """Run `npm ...` in a folder of the project and return what it said. Fails with that when it does not end well."""
    assert NPM is not None, MISSING
    command = [NPM, "--no-audit", "--no-fund", "--no-update-notifier", *arguments]
    ended = subprocess.run(  # noqa: S603 - our own arguments
        command,
        cwd=ROOT / folder,
        env={**ENVIRONMENT, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_seconds,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, (
        f"npm {' '.join(arguments)} in {folder} ended with {ended.returncode}:\n{ended.stdout}"
    )
    return ended.stdout
