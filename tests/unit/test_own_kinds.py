"""Kinds from a package outside of this project: found beside Unstuck's own, and added to the build."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import own_kinds
from local.own_kinds import DOCUMENT, LAYER, OwnKindsError

KIND = '''"""Haiku: one, about a word."""

from shared.kinds.contract import Context, Limits, Prompt
from shared.kinds.forms import Asked, Written

LIMITS = Limits(usual_seconds=7)
PROMPT_VERSIONS = ("1",)


class Input(Asked):
    """A word."""

    word: str


class Output(Written):
    """The lines."""

    lines: list[str]


def run(ctx: Context, content: Input) -> Output:
    prompt = Prompt("Write a haiku.", {"word": content.word}, "haiku")
    return ctx.step("haiku", Output, lambda: ctx.call(prompt, Output), progress=95)
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the package `acme.kinds`, which has one kind and one module that is none."""
    package = tmp_path / "acme" / "kinds"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text('"""Ours."""\n')
    (package / "__init__.py").write_text("")
    (package / "haiku.py").write_text(KIND)
    (package / "_shared_words.py").write_text("WORDS = ()\n")
    monkeypatch.setenv("KINDS_PACKAGE", "acme.kinds")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(
        "sys.modules", {name: each for name, each in sys.modules.items() if name.partition(".")[0] != "acme"}
    )
    return package


def ask(program: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in a separate process: the registry reads its environment once."""
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ)
    )


@pytest.mark.usefixtures("place")
def test_kinds_of_a_package_outside_are_kinds_like_any_other() -> None:
    asked = ask("from shared import kinds; print(*kinds.names()); print(kinds.load('haiku').limits.usual_seconds)")
    names, seconds = asked.stdout.splitlines()
    assert {"flashcards", "haiku"} <= set(names.split())
    assert not {"_shared_words", "contract", "forms"} & set(names.split())
    assert seconds == "7"


def test_a_kind_that_has_a_name_of_ours_is_refused_with_that_name(place: Path) -> None:
    shutil.copy2(place / "haiku.py", place / "story.py")
    asked = ask("from shared import kinds; kinds.names()")
    assert asked.returncode == 1
    assert "KINDS_PACKAGE: acme.kinds has story, and so has Unstuck: rename yours" in asked.stderr


@pytest.mark.parametrize("name", ["nowhere", "json.decoder", "acme.kinds.haiku", "acme.nowhere"])
@pytest.mark.usefixtures("place")
def test_a_package_that_is_not_there_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("KINDS_PACKAGE", name)
    asked = ask("from shared import kinds; kinds.names()")
    assert asked.returncode == 1
    assert f"KINDS_PACKAGE names '{name}'" in asked.stderr
    assert "PYTHONPATH" in asked.stderr
    with pytest.raises(OwnKindsError, match="PYTHONPATH"):
        own_kinds.folder()


def a_built_tree(tmp_path: Path) -> Path:
    tree = tmp_path / "built"
    (tree / LAYER / "shared").mkdir(parents=True)
    (tree / DOCUMENT).parent.mkdir(parents=True)
    (tree / DOCUMENT).write_text("{}")
    return tree


@pytest.mark.usefixtures("place")
def test_a_built_tree_gets_the_package_and_describes_its_kinds(tmp_path: Path) -> None:
    tree = a_built_tree(tmp_path)
    own_kinds.add_to(tree)
    own_kinds.add_to(tree)  # a second build finds what the first has left
    layer = tree / LAYER
    assert sorted(str(path.relative_to(layer)) for path in layer.rglob("*.py")) == [
        "acme/__init__.py",
        "acme/kinds/__init__.py",
        "acme/kinds/_shared_words.py",
        "acme/kinds/haiku.py",
    ]
    schemas = json.loads((tree / DOCUMENT).read_text())["components"]["schemas"]
    assert schemas["CreateHaiku"]["properties"]["kind"]["const"] == "haiku"
    assert "HaikuOutput" in schemas


def test_a_kind_that_cannot_be_described_stops_the_build_with_the_reason(place: Path, tmp_path: Path) -> None:
    (place / "haiku.py").write_text("LIMITS = no_such_name\n")
    with pytest.raises(OwnKindsError, match="no_such_name"):
        own_kinds.add_to(a_built_tree(tmp_path))


def test_without_a_package_a_built_tree_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KINDS_PACKAGE", raising=False)
    tree = a_built_tree(tmp_path)
    own_kinds.add_to(tree)
    assert (tree / DOCUMENT).read_text() == "{}"
    assert list((tree / LAYER).rglob("*.py")) == []
