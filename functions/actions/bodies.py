"""The request bodies of the owner's actions. They come from outside, so pydantic validates them."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.http.validation import UserProvidedKey

MAX_DECISIONS = 30


class Retry(BaseModel):
    """Where to begin, and the key to use. Without a body, at the first step that is not stored."""

    model_config = ConfigDict(strict=True, extra="forbid")

    begin: Annotated[Literal["stored", "start"], Field(alias="from")] = "stored"
    """`stored` continues at the first step without a result. `start` starts over."""
    user_provided_key: UserProvidedKey = None


class Decide(BaseModel):
    """A decision on one suggestion, with own fields to edit it; an absent field keeps its value."""

    model_config = ConfigDict(strict=True, extra="allow")

    decision: Literal["accepted", "rejected", "proposed"]
    """The decision; `proposed` takes an earlier one back."""

    @property
    def edit(self) -> dict[str, Any]:
        """The fields to edit. The kind defines the fields and their types."""
        return self.model_extra or {}


class EditCard(BaseModel):
    """The fields of a card to edit, which are its kind's; an absent field keeps its value."""

    model_config = ConfigDict(extra="allow")


class DecideNumbered(Decide):
    """One decision of a list, with the suggestion's number: its 1-based place in the output."""

    number: Annotated[int, Field(ge=1)]
    """The suggestion's number, from 1."""


class DecideMany(BaseModel):
    """Several decisions: all are stored, or none."""

    model_config = ConfigDict(strict=True, extra="forbid")

    decisions: Annotated[list[DecideNumbered], Field(min_length=1, max_length=MAX_DECISIONS)]
    """No number twice."""

    @model_validator(mode="after")
    def _no_number_twice(self) -> Self:
        numbers = [decision.number for decision in self.decisions]
        if len(set(numbers)) < len(numbers):
            raise PydanticCustomError("number_twice", "Decide on each number once.")
        return self
