"""Shelf: an output whose fields are named as those of Unstuck's own kinds, and hold something else."""

from shared.kinds.contract import Context, Limits
from shared.kinds.forms import Asked, Written

LIMITS = Limits(usual_seconds=1)
PROMPT_VERSIONS = ("1",)


class Input(Asked):
    """How many books there are."""

    books: int = 2


class Output(Written):
    chapters: dict[str, int]
    result: list[list[int]]
    images: list[str]
    suggestions: str


def run(ctx: Context, content: Input) -> Output:
    shelf = Output(
        chapters={"The sea": 12, "The coast": content.books},
        result=[[1, 2], [3]],
        images=["a woodcut of a fox", "a map"],
        suggestions="Read the second one first.",
    )
    return ctx.step("shelf", Output, lambda: shelf, progress=95)
