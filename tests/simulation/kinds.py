"""A kind of several steps that only the simulator knows, beside the real ones."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.domain.codes import Code, Fault
from shared.kinds.contract import Context, Kind, Limits, Prompt

CHAPTERS = 3


class Input(BaseModel):
    """The subject of the saga."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Chapter(BaseModel):
    """One step's result."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(min_length=1)]


class Saga(BaseModel):
    """All chapters, in order."""

    chapters: list[Chapter]


def _run(ctx: Context, content: Input) -> Saga:
    chapters: list[Chapter] = []
    for number in range(1, CHAPTERS + 1):
        ctx.progress(5 + 25 * (number - 1), f"chapter {number}")
        prompt = Prompt(system=f"Write chapter {number}.", data={"title": content.title}, schema_name="chapter")

        def make(prompt: Prompt = prompt, number: int = number) -> Chapter:
            return _read(ctx, ctx.call(prompt, Chapter), number % 2 == 1)

        chapter = ctx.step(f"chapter-{number}", Chapter, make, progress=5 + 25 * number)
        chapters.append(_read(ctx, chapter, number % 2 == 0))
    return ctx.step("saga", Saga, lambda: Saga(chapters=chapters), progress=95)


def _read(ctx: Context, chapter: Chapter, here: bool) -> Chapter:
    """Do what code of a kind's own may do to an answer: raise, in the middle of a step or behind one that is stored."""
    if here and chapter.text == "spoiled":
        raise ZeroDivisionError("the kind's own code")
    if here and chapter.text == "too_thin":
        raise ctx.failure("too_thin", "There is too little to tell.")
    return chapter


FAILURES = {"too_thin": Code("There is too little to tell.", "Send more.", Fault.CALLER)}
SAGA = Kind("saga", Input, Saga, Limits(max_cost_usd=5.0), ("1",), _run, failures=FAILURES)
