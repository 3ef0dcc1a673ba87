"""The lists that a kind may declare as reviewable, read from its source alone, and those refused when it is loaded."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from shared import kinds
from shared.kinds import reviewing

SOURCE = '''
from typing import Annotated
from pydantic import BaseModel, Field
{declared}
class Question(BaseModel):
    question: str
    {field}: int = 0
class Output(BaseModel):
    """REVIEWS = "title" is only said here."""
    title: str
    questions: {annotation}
'''


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    monkeypatch.syspath_prepend(str(tmp_path))

    def module(declared: str = "", annotation: str = "list[Question]", field: str = "answer") -> ModuleType:
        name = f"kind_{len(list(tmp_path.iterdir()))}_{tmp_path.name.replace('-', '_')}"
        source = SOURCE.format(declared=declared, annotation=annotation, field=field)
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return module


@pytest.mark.parametrize("annotation", ["list[Question]", "Annotated[list[Question], Field(min_length=1)]"])
@pytest.mark.parametrize("declared", ['REVIEWS = "questions"', 'REVIEWS: str = "questions"'])
def test_the_list_and_the_model_of_its_items_are_known(
    write: Callable[..., ModuleType], declared: str, annotation: str
) -> None:
    module = write(declared, annotation)
    what = reviewing.reviewed(module)
    assert what is not None
    assert (what.name, what.item) == ("questions", module.Question)
    assert reviewing.declared(module.__name__) == "questions"


def test_a_kind_that_declares_nothing_reviews_nothing(write: Callable[..., ModuleType]) -> None:
    module = write()
    assert reviewing.reviewed(module) is None
    assert reviewing.declared(module.__name__) is None


@pytest.mark.parametrize(
    ("declared", "annotation", "field", "why"),
    [
        ('REVIEWS = "quest" + "ions"', "list[Question]", "answer", "as a plain string"),
        ("REVIEWS = 7", "list[Question]", "answer", "as a plain string"),
        ('REVIEWS = "title"', "list[Question]", "answer", "a field of Output that is a list of one model: title"),
        ('REVIEWS = "absent"', "list[Question]", "answer", "a field of Output that is a list of one model: absent"),
        ('REVIEWS = "questions"', "list[str]", "answer", "a field of Output that is a list of one model"),
        ('REVIEWS = "questions"', "tuple[Question, ...]", "answer", "a field of Output that is a list of one model"),
        ('REVIEWS = "questions"', "list[Question]", "state", "cannot be named state; rename"),
        ('REVIEWS = "questions"', "list[Question]", "number", "cannot be named number; rename"),
    ],
)
def test_what_cannot_be_reviewed_is_refused_with_what_to_do(
    write: Callable[..., ModuleType], declared: str, annotation: str, field: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        reviewing.reviewed(write(declared, annotation, field))


def test_who_only_reads_learns_it_without_pydantic() -> None:
    code = "import sys; from shared import kinds; print(kinds.reviews('flashcards'), 'pydantic' in sys.modules)"
    told = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["suggestions", "False"]
    assert kinds.reviews("story") is None
    assert kinds.reviews("opera") is None
