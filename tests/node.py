"""Runs the npm scripts of the page and of the TypeScript client, with the locked Node where `make test` has put it."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PATH = f"{ROOT / '.venv-node' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
NPM = shutil.which("npm", path=_PATH)
MISSING = "no Node: `make test` installs it, or see CONTRIBUTING.md"


def npm(folder: str, *arguments: str, timeout_seconds: float = 240, **variables: str) -> str:
    """Run `npm ...` in a folder of the project and return what it said. Fails with that when it does not end well."""
    assert NPM is not None, MISSING
    # Colours and spinners are for people; CI keeps a watcher from starting.
    environment = {**os.environ, "PATH": _PATH, "CI": "1", "NO_COLOR": "1", **variables}
    command = [NPM, "--no-audit", "--no-fund", "--no-update-notifier", *arguments]
    ended = subprocess.run(  # noqa: S603 - our own arguments
        command,
        cwd=ROOT / folder,
        env=environment,
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
