"""What the kinds' inputs and answers are made of. No kind itself: its name begins with an underscore."""

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

Language = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$"),
    Field(description="A language tag, as de or pt-BR. Left out, it follows from the text."),
]
"""A language as a BCP 47 tag: `de`, `pt-BR`, `zh-Hant-TW`. So short and closed a form may stand among our own words in
a prompt, where no text of the user's may."""


class Asked(BaseModel):
    """What a stranger sends in: nothing that is not named, and nothing of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Written(BaseModel):
    """What a model writes and a step stores: nothing that is not named. A docstring below this is told to the model."""

    model_config = ConfigDict(extra="forbid")


def trimmed(longest: int, shortest: int = 1) -> StringConstraints:
    """Bound a text, in characters, not counting white space around it, which is cut."""
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


def with_length[Form: BaseModel](form: type[Form], field: str, least: int, most: int) -> type[Form]:
    """Return `form` with bounds on a list of its: the schema tells them to the model, the check holds it to them."""
    bounded: Any = Annotated[form.model_fields[field].annotation, Field(min_length=least, max_length=most)]
    fields: Any = {field: (bounded, ...)}
    return cast("type[Form]", create_model(form.__name__, __base__=form, __doc__=form.__doc__, **fields))
