"""The bodies that the owner's actions take. Read from what is not ours, so pydantic stands here."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from shared.http.validation import UserProvidedKey

MAX_DECISIONS = 30

_Front = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Back = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Retry(BaseModel):
    """Where to begin, at the first step that is not stored (without a body) or anew, and the key to make it with."""

    model_config = ConfigDict(strict=True, extra="forbid")

    begin: Annotated[Literal["stored", "start"], Field(alias="from")] = "stored"
    user_provided_key: UserProvidedKey = None


class Decide(BaseModel):
    """What to make of one suggestion; a text that is absent stays as it is."""

    model_config = ConfigDict(strict=True, extra="forbid")

    decision: Literal["accepted", "rejected", "proposed"]
    front: _Front | None = None
    back: _Back | None = None


class DecideNumbered(Decide):
    """The same in a list: with the number of the suggestion, its 1-based place in the output."""

    number: Annotated[int, Field(ge=1)]


class DecideMany(BaseModel):
    """Several decisions, all of them or none."""

    model_config = ConfigDict(strict=True, extra="forbid")

    decisions: Annotated[list[DecideNumbered], Field(min_length=1, max_length=MAX_DECISIONS)]

    @model_validator(mode="after")
    def _no_number_twice(self) -> Self:
        numbers = [decision.number for decision in self.decisions]
        if len(set(numbers)) < len(numbers):
            raise PydanticCustomError("number_twice", "Decide on each number once.")
        return self
