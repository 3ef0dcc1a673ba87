"""Recipe: a kind that calls a model. The page shows its text while it is written, without a view of its own."""

from typing import Annotated

from pydantic import Field

from shared.kinds.contract import Context, Limits, Prompt
from shared.kinds.forms import Asked, Written, trimmed

LIMITS = Limits(usual_seconds=5)
PROMPT_VERSIONS = ("1",)
SHOWS_PARTIALS = True


class Input(Asked):
    """What to cook."""

    dish: Annotated[str, trimmed(120)]


class Step(Written):
    what_to_do: Annotated[str, trimmed(200)]
    done_when: Annotated[str, trimmed(100)]


class Output(Written):
    title: Annotated[str, trimmed(100), Field(title="Name of the dish")]
    introduction: Annotated[str, trimmed(400)]
    ingredients: list[Annotated[str, trimmed(60)]]
    steps: Annotated[list[Step], Field(min_length=2, max_length=6)]


def run(ctx: Context, content: Input) -> Output:
    prompt = Prompt("Write a recipe as JSON.", {"dish": content.dish}, "recipe", expected_characters=600)
    return ctx.step("recipe", Output, lambda: ctx.call(prompt, Output), progress=95)
