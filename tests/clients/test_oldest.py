"""The Python client's own tests, with the oldest versions of all its dependencies."""

import os
import subprocess

import pytest

from tests.node import ROOT

PYTHON = ROOT / ".venv-oldest" / "bin" / "python"
TESTS = ("channel", "exchange", "following", "pushing")


@pytest.mark.skipif(not (PYTHON.parent.parent / ".installed").exists(), reason="`make test` installs them")
def test_the_client_works_with_the_oldest_versions_that_it_says_it_takes() -> None:
    files = [f"tests/clients/test_{name}.py" for name in TESTS]
    done = subprocess.run(  # noqa: S603 - our own arguments
        [PYTHON, "-m", "pytest", "--quiet", "--noconftest", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "clients/python/src", "NO_PROXY": "127.0.0.1,localhost"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " skipped" not in done.stdout
