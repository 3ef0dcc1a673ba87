"""What the client needs, and what it says where something is missing."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = tomllib.loads(Path("clients/python/pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_NEEDED = ("boto3", "botocore", "typer", "rich", "shared", "functions", "operations", "local")


def without(modules: tuple[str, ...], code: str) -> subprocess.CompletedProcess[str]:
    """Run code where these modules cannot be imported."""
    hide = f"import sys; sys.modules.update(dict.fromkeys({modules!r})); "
    command = [sys.executable, "-c", hide + code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own code


def test_its_dependencies_are_few_and_none_is_of_aws() -> None:
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["cli"]]
    assert [re.split(r"[<>=]", each)[0] for each in needed] == ["anyio", "httpx", "pydantic", "rich", "typer"]


def test_the_client_works_without_the_command_lines_dependencies() -> None:
    done = without(NOT_NEEDED, "import unstuck; print(unstuck.Client('https://api.example', 't'))")
    assert done.returncode == 0, done.stderr
    assert "Client object" in done.stdout


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_the_command_line_says_which_extra_it_needs(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from unstuck import cli

    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == missing else object())
    assert cli.main() == 2
    assert f"needs {missing}. In a clone: pip install './clients/python[cli]'" in capsys.readouterr().err


def test_it_is_typed_for_those_who_use_it() -> None:
    assert Path("clients/python/src/unstuck/py.typed").is_file()
