"""Building blocks for the kinds' inputs and answers. Not a kind itself."""

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

Language = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$"),
    Field(description="A language tag, such as de or pt-BR. If omitted, the language follows from the text."),
]
"""A language as a BCP 47 tag: `de`, `pt-BR`, `zh-Hant-TW`. This form is short and closed enough to stand among our
instructions in a prompt. No other user text may."""


class Asked(BaseModel):
    """Input from a caller: no unknown fields, and no conversion between types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Written(BaseModel):
    """A model's answer, which a step stores: no unknown fields. The model sees the docstrings of subclasses."""

    model_config = ConfigDict(extra="forbid")


def trimmed(longest: int, shortest: int = 1) -> StringConstraints:
    """Bound a text, in characters. White space around it is cut and not counted."""
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


def with_length[Form: BaseModel](form: type[Form], field: str, least: int, most: int) -> type[Form]:
    """Return `form` with bounds on one of its lists. The schema shows them to the model, and validation enforces
    them."""
    bounded: Any = Annotated[form.model_fields[field].annotation, Field(min_length=least, max_length=most)]
    fields: Any = {field: (bounded, ...)}
    return cast("type[Form]", create_model(form.__name__, __base__=form, __doc__=form.__doc__, **fields))
