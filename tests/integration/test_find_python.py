"""The Python that `make setup` takes, and what it says of one that it cannot take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.emulator import PROJECT

SCRIPT = PROJECT / "local" / "find-python.sh"
# Debian's python3 without python3-venv, a Python that was built without OpenSSL, and an older one.
LACKS = """#!/bin/sh
case "$2" in "import {module}") exit 1 ;; esac
exec '{python}' "$@"
"""
OLDER = '#!/bin/sh\ncase "$2" in *version_info*) exit 1 ;; esac\n'


def find(bin_folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    # The tools that the script uses, and no other Python than the one that the test puts beside them.
    return subprocess.run(  # noqa: S603
        ["/bin/sh", str(SCRIPT)],
        env={"PATH": str(bin_folder), "HOME": str(bin_folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "cat").symlink_to("/bin/cat")
    return folder


def add(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(script.replace("{python}", os.path.realpath(sys.executable)))
    path.chmod(0o700)
    return path


needs_none_elsewhere = pytest.mark.skipif(
    any(Path(place, "python3.13").exists() for place in ("/usr/local/bin", "/opt/homebrew/bin")),
    reason="this machine has a Python 3.13 where the script looks whatever the PATH is",
)


@needs_none_elsewhere
@pytest.mark.parametrize("module", ["ensurepip", "ssl"])
@pytest.mark.parametrize("name", ["python3", "python3.13"])
def test_a_python_that_lacks_a_module_is_named_with_what_to_install(bin_folder: Path, name: str, module: str) -> None:
    python = add(bin_folder, name, LACKS.replace("{module}", module))
    found = find(bin_folder)
    assert found.returncode == 1
    assert f"{python} is a Python 3.13 without {module}" in found.stderr
    assert "python3.13-venv" in found.stderr
    assert "was not found" not in found.stderr


def test_a_complete_python_further_on_is_taken_instead(bin_folder: Path) -> None:
    add(bin_folder, "python3.13", LACKS.replace("{module}", "ensurepip"))
    add(bin_folder, "python3", "#!/bin/sh\nexec '{python}' \"$@\"\n")
    found = find(bin_folder)
    assert found.returncode == 0, found.stderr
    assert os.path.realpath(found.stdout.strip()) == os.path.realpath(sys.executable)


@needs_none_elsewhere
def test_an_older_python_is_none(bin_folder: Path) -> None:
    add(bin_folder, "python3", OLDER)
    found = find(bin_folder)
    assert found.returncode == 1
    assert "Python 3.13 was not found" in found.stderr


def test_one_that_was_named_and_lacks_a_module_is_not_passed_over(bin_folder: Path) -> None:
    python = add(bin_folder, "mine", LACKS.replace("{module}", "ensurepip"))
    add(bin_folder, "python3", "#!/bin/sh\nexec '{python}' \"$@\"\n")
    found = find(bin_folder, PYTHON=str(python))
    assert found.returncode == 1
    assert f"{python} is a Python 3.13 without ensurepip" in found.stderr


def test_one_that_was_named_and_is_older_is_refused(bin_folder: Path) -> None:
    python = add(bin_folder, "mine", OLDER)
    found = find(bin_folder, PYTHON=str(python))
    assert found.returncode == 1
    assert f"PYTHON={python} is not a Python 3.13" in found.stderr
