"""Quiz: questions with choices, which its owner reviews. An item has a list, an object, and what may be missing."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.kinds.contract import Context, Limits
from shared.kinds.forms import Asked, Written, trimmed

LIMITS = Limits(usual_seconds=1)
PROMPT_VERSIONS = ("1",)
REVIEWS = "questions"


class Input(Asked):
    """A topic, and how hard the questions may be."""

    topic: Annotated[str, trimmed(80), Field(examples=["The cell"])]
    level: Literal["easy", "hard"] = "easy"


class Source(Written):
    book: Annotated[str, trimmed(80)]
    page: Annotated[int, Field(ge=1)]


class Question(Written):
    question: Annotated[str, trimmed(300)]
    options: Annotated[list[Annotated[str, trimmed(80)]], Field(min_length=2, max_length=6)]
    answer: Annotated[int, Field(ge=0, title="Place of the answer", description="Counted from 0.")]
    level: Literal["easy", "hard"]
    source: Source | None = None
    checked_on: date | None = None

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> "Question":
        if self.answer >= len(self.options):
            raise ValueError("answer is the place of an option")
        return self


class Output(Written):
    title: str
    questions: list[Question]


_QUESTIONS = (
    ("Which part of a cell makes most of its energy?", ["The nucleus", "The mitochondria", "The membrane"], 1),
    ("Who gave the cell its name?", ["Robert Hooke", "Louis Pasteur", "Gregor Mendel"], 0),
    ("What holds the plan for all proteins of a cell?", ["Its water", "Its wall", "Its DNA", "Its sugar"], 2),
)


def _quiz(content: Input) -> Output:
    source = Source(book="Life, seen closely", page=42)
    questions = [
        Question(
            question=question,
            options=options,
            answer=answer,
            level=content.level,
            source=source if number != 1 else None,
            checked_on=date(2027, 3, 1) if number == 0 else None,
        )
        for number, (question, options, answer) in enumerate(_QUESTIONS)
    ]
    return Output(title=f"{content.topic}: what do you know?", questions=questions)


def run(ctx: Context, content: Input) -> Output:
    return ctx.step("quiz", Output, lambda: _quiz(content), progress=95)
