"""The inputs that `make run` refuses before it starts anything, and the names under which it finds its text."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import disk
from local.emulator import PROJECT

TEXT = ("The heart of a shrew beats up to a thousand times a minute. " * 30).strip()
STUB = """#!/bin/sh
printf '%s\\n' "$@" > "$ARGUMENTS"
"""


def run(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "local.run", "--once", "--state", str(tmp_path / "state"), *arguments]
    return subprocess.run(  # noqa: S603
        argv, cwd=PROJECT, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )


def assert_refused(done: "subprocess.CompletedProcess[str]", tmp_path: Path, *words: str) -> None:
    said = " ".join(done.stdout.split())
    assert done.returncode == 2
    assert not [word for word in words if word not in said], said
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "state").exists(), "nothing was started"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Too short.", ["10 characters", "1,000 to 10,000", "Lengthen it"]),
        (b"", ["0 characters", "Lengthen it"]),
        (b" \n" * 3000 + b"x" * 999, ["999 characters", "Lengthen it"]),
        (TEXT.encode() * 7, ["Shorten it"]),
        (b"x" * (1024 * 1024 + 1), ["more than 1 MiB"]),
        (TEXT.encode("utf-16"), ["is not UTF-8", "byte 1 "]),
        (TEXT.encode() + "Bär".encode("latin-1"), ["is not UTF-8", f"byte {len(TEXT) + 2:,} "]),
    ],
    ids=["short", "empty", "short in white space", "long", "huge", "UTF-16", "Latin-1"],
)
def test_a_file_that_is_no_text_for_cards_is_refused_before_the_stack_starts(
    tmp_path: Path, content: bytes, words: list[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    assert_refused(run(tmp_path, f"--text={file}"), tmp_path, *words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("not there.txt", ["not there.txt", "No such file"]),
        ("", ["Is a directory"]),
        ("[/red]$HOME\n'\"ü.txt", ["No such file", r"\n", "[/red]$HOME"]),
        (os.fsdecode(b"\xff\xfe.txt"), ["No such file", r"\xff\xfe"]),
    ],
)
def test_what_cannot_be_read_is_named_and_refused(tmp_path: Path, name: str, words: list[str]) -> None:
    assert_refused(run(tmp_path, f"--text={tmp_path / name}"), tmp_path, *words)


def test_a_device_that_never_ends_is_refused(tmp_path: Path) -> None:
    assert_refused(run(tmp_path, "--text=/dev/zero"), tmp_path, "more than 1 MiB")


@pytest.mark.parametrize(
    "name",
    [
        "plain.txt",
        "two words.txt",
        "it's.txt",
        'say "hi".txt',
        "price$5 $(id) `id` ${HOME}.txt",
        "-dash.txt",
        "--fresh",
        "Übung größer.txt",
        "line\nbreak.txt",
        "#hash;semi&and|pipe>.txt",
        "back\\slash%percent*.txt",
        os.fsdecode(b"latin-\xfc.txt"),
    ],
)
@pytest.mark.parametrize("given", ["on the command line", "by the environment"])
def test_make_hands_on_a_file_of_any_name_as_it_was_typed(tmp_path: Path, name: str, given: str) -> None:
    # The Makefile alone, where all is installed already and Python is a stub that notes its arguments.
    shutil.copy(PROJECT / "Makefile", tmp_path)
    for installed in (".venv/.installed", ".venv/.client", ".venv-ministack/.installed"):
        (tmp_path / installed).parent.mkdir(exist_ok=True)
    for needed in ("requirements/dev.lock", "requirements/ministack.lock", "clients/python/pyproject.toml"):
        (tmp_path / needed).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / needed).touch()
    for installed in (".venv/.installed", ".venv/.client", ".venv-ministack/.installed"):
        (tmp_path / installed).touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.write_text(STUB)
    python.chmod(0o700)
    environment = {"PATH": os.environ["PATH"], "ARGUMENTS": str(tmp_path / "arguments")}
    argv = ["make", "--silent", "run"]
    if given == "by the environment":
        environment["TEXT"] = name
    else:
        argv.append(f"TEXT={name}")
    subprocess.run(argv, cwd=tmp_path, env=environment, check=True, timeout=60)  # noqa: S603
    arguments = (tmp_path / "arguments").read_bytes()
    assert os.fsencode(f"--text={name}\n") in arguments


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """A command that runs another with 24 MiB on `tmp_path / "small"`, which is gone when it ends."""
    small = tmp_path / "small"
    small.mkdir()
    mount = f'mount -t tmpfs -o size=24m tmpfs "{small}" && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode != 0:  # noqa: S603
        pytest.skip("this machine lets no user mount a disk of its own")
    return command


def test_a_disk_without_room_is_refused_with_what_is_needed(tmp_path: Path, small_disk: list[str]) -> None:
    argv = [*small_disk, sys.executable, "-m", "local.run", "--once", "--state", str(tmp_path / "small" / "state")]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    said = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert f"needs {disk.NEEDED_MIB}" in said
    assert "24 MiB left" in said or "23 MiB left" in said
    assert "Traceback" not in done.stderr


FILLS_UP = """
import sys
from pathlib import Path
from local import disk, run
disk.NEEDED_MIB = 1  # as if another program filled the disk during the start
sys.argv = ["make run", "--once", "--state", sys.argv[1]]
sys.exit(run.main())
"""


def test_a_disk_that_fills_up_during_the_start_is_named_as_the_reason(tmp_path: Path, small_disk: list[str]) -> None:
    argv = [*small_disk, sys.executable, "-c", FILLS_UP, str(tmp_path / "small" / "state")]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    said = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"The disk is full: {tmp_path / 'small' / 'state'}" in said
    assert "Traceback" not in done.stderr
