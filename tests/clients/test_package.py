"""The dependencies of the client, and its messages if one is missing."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from unstuck import channel
from unstuck.flow import Surroundings
from unstuck.following import Polling
from unstuck.pushing import Pushing

PROJECT = tomllib.loads(Path("clients/python/pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_NEEDED = ("boto3", "botocore", "typer", "rich", "websockets", "shared", "functions", "operations", "local")


def without(modules: tuple[str, ...], code: str) -> subprocess.CompletedProcess[str]:
    """Run code where these modules cannot be imported."""
    hide = f"import sys; sys.modules.update(dict.fromkeys({modules!r})); "
    command = [sys.executable, "-c", hide + code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own code


def test_its_dependencies_are_few_and_none_is_of_aws() -> None:
    extras = PROJECT["optional-dependencies"]
    needed = [*PROJECT["dependencies"], *extras["cli"], *extras["live"]]
    names = [re.split(r"[<>=]", each)[0] for each in needed]
    assert names == ["anyio", "httpx", "pydantic", "rich", "typer", "anyio", "websockets"]
    oldest = {name: ".".join(map(str, numbers)) for name, numbers in channel.NEEDED.items()}
    assert extras["live"] == [f"{name}>={oldest[name]}" for name in sorted(oldest)]


def test_without_the_extra_a_client_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    def changes(found: str | None) -> object:
        if found is not None:
            monkeypatch.setattr(channel, "version", lambda name: found if name == "websockets" else version(name))
        return channel.over(Polling(), Surroundings(), wanted=True)[0]

    assert isinstance(changes(None), Pushing)
    for found, pushes in (("15.0", True), ("15.0.1", True), ("17.4", True), ("14.2", False), ("9.1", False)):
        assert isinstance(changes(found), Pushing) == pushes

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(channel, "version", missing)
    assert type(changes(None)) is Polling


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
