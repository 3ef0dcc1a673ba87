"""A kind of several steps that only the simulator knows, beside those that there are."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.kinds.contract import Context, Kind, Limits, Prompt

CHAPTERS = 3


class Input(BaseModel):
    """What the saga is about."""

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
    chapters = []
    for number in range(1, CHAPTERS + 1):
        ctx.progress(5 + 25 * (number - 1), f"chapter {number}")
        prompt = Prompt(system=f"Write chapter {number}.", data={"title": content.title}, schema_name="chapter")

        def make(prompt: Prompt = prompt) -> Chapter:
            return ctx.call(prompt, Chapter)

        chapters.append(ctx.step(f"chapter-{number}", Chapter, make, progress=5 + 25 * number))
    return ctx.step("saga", Saga, lambda: Saga(chapters=chapters), progress=95)


SAGA = Kind("saga", Input, Saga, Limits(max_cost_usd=5.0), ("1",), _run)
