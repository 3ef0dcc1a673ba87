"""Two kinds that are reviewed and no flashcards: a quiz, and one whose items hold objects. And a catalog of them."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from shared import kinds
from shared.kinds.contract import Catalog, Kind, Reviewed
from shared.kinds.forms import Written, trimmed


class Question(Written):
    """A question with a few answers to choose from."""

    question: Annotated[str, trimmed(300)]
    options: Annotated[list[Annotated[str, trimmed(80)]], Field(min_length=2, max_length=6)]
    answer: Annotated[int, Field(ge=0)]
    explanation: str | None = None

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> "Question":
        if self.answer >= len(self.options):
            raise ValueError("answer is the place of an option")
        return self


class Quiz(Written):
    """The whole quiz."""

    title: str
    questions: list[Question]


class Source(BaseModel):
    """Where a term is from. It lets pass what it does not know."""

    book: str
    page: Annotated[int, Field(ge=1)]


class Term(BaseModel):
    """A term with objects in it, and dates."""

    term: str
    level: Literal["easy", "hard"] = "easy"
    source: Source
    seen: list[Source] = []
    learned_on: date | None = None
    front: dict[str, int] = {}


class Glossary(Written):
    """All terms."""

    result: list[Term]


def _kind(name: str, output: type[BaseModel], what: Reviewed | None) -> Kind:
    return replace(kinds.load("flashcards"), name=name, output=output, reviewed=what)


KINDS = {
    "quiz": _kind("quiz", Quiz, Reviewed("questions", Question)),
    "glossary": _kind("glossary", Glossary, Reviewed("result", Term)),
    "plain": _kind("plain", Quiz, None),
}
CATALOG = Catalog(lambda: (*kinds.names(), *KINDS), lambda name: KINDS.get(name) or kinds.load(name))


def reviews(name: str) -> str | None:
    """Return which list a kind has its owner review, as the registry does."""
    what = CATALOG.load(name).reviewed if name in CATALOG.names() else None
    return what and what.name


QUESTIONS: list[dict[str, Any]] = [
    {"question": f"What is {n} + 1?", "options": [str(n), str(n + 1)], "answer": 1, "explanation": None}
    for n in range(1, 4)
]
TERMS: list[dict[str, Any]] = [
    {
        "term": "Enzyme",
        "level": "easy",
        "source": {"book": "Biology", "page": 3},
        "seen": [{"book": "Chemistry", "page": 9}],
        "learned_on": "2026-01-31",
        "front": {"left": 1},
    }
]
