"""The matrix of types: a kind for each type that an own kind may hold, with a caller's value and the result."""

import decimal
import enum
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple, TypedDict
from uuid import UUID

from pydantic import (
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    Json,
    JsonValue,
    PositiveInt,
    RootModel,
    create_model,
)

from shared.kinds.contract import Kind, Limits
from shared.kinds.forms import Asked, Written

ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
DIGITS = "1234567890123456789.1234567890123456700"


class Colour(enum.Enum):
    """Values of two types."""

    RED = "red"
    SEVEN = 7


class Level(enum.StrEnum):
    """Texts."""

    EASY = "easy"
    HARD = "hard"


class Size(enum.IntEnum):
    """Numbers."""

    SMALL = 1
    LARGE = 2


class Source(BaseModel):
    """A nested model, strict like all input, which a set can hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seen_on: date
    pages: frozenset[int] = frozenset()
    by: "Source | None" = None


class Word(BaseModel):
    """One side of a choice."""

    sort: Literal["word"]
    word: str


class Day(BaseModel):
    """The other side."""

    sort: Literal["day"]
    day: date


class Translated(BaseModel):
    """Fields whose names Python does not allow."""

    from_: str = Field(alias="from")
    class_: Level = Field(alias="class")


@dataclass(frozen=True)
class Span:
    """A dataclass of the standard library."""

    begin: date
    days: int = 1


class Point(NamedTuple):
    """A named tuple."""

    x: int
    on: date


class Row(TypedDict):
    """A typed dict."""

    at: datetime
    cost: decimal.Decimal


class Days(RootModel[list[date]]):
    """A model that is a list."""


SOURCE = {"seen_on": "2026-01-31", "pages": [3, 9], "by": {"seen_on": "2025-12-31", "pages": [], "by": None}}

MATRIX: Mapping[str, tuple[Any, Any]] = {
    "text": (str, "a \ufffd text, \U0001f600"),
    "integer": (int, 10**30),
    "integer_of_a_float": (int, 2),
    "number": (float, 0.1),
    "truth": (bool, True),
    "nothing": (None, None),
    "date": (date, "2026-01-31"),
    "datetime": (datetime, "2026-01-31T23:59:59.123456+02:00"),
    "datetime_without_zone": (datetime, "2026-01-31T23:59:59"),
    "aware_datetime": (AwareDatetime, "2026-01-31T23:59:59Z"),
    "time": (time, "23:59:59"),
    "timedelta": (timedelta, "P1DT2H3.5S"),
    "uuid": (UUID, ID),
    "enum": (Colour, "red"),
    "enum_of_a_number": (Colour, 7),
    "text_enum": (Level, "hard"),
    "integer_enum": (Size, 2),
    "decimal": (decimal.Decimal, DIGITS),
    "decimal_with_zeros": (decimal.Decimal, "10.00"),
    "bounded_decimal": (Annotated[decimal.Decimal, Field(max_digits=6, decimal_places=2, ge=0)], "1234.50"),
    "fraction": (Fraction, "1/3"),
    "literal": (Literal["a", 1, None], 1),
    "literal_of_an_enum": (Literal[Level.EASY], "easy"),
    "set": (set[str], ["a", "b", "c", "z"]),
    "set_of_dates": (set[date], ["2026-01-31", "2026-02-01"]),
    "set_of_models": (set[Source], [SOURCE]),
    "frozenset": (frozenset[Level], ["easy", "hard"]),
    "tuple": (tuple[int, date, Level], [1, "2026-01-31", "easy"]),
    "endless_tuple": (tuple[decimal.Decimal, ...], ["1.10", "2.00"]),
    "sequence": (Sequence[date], ["2026-01-31"]),
    "deque": (deque[UUID], [ID]),
    "list_of_lists": (list[list[time]], [["12:00:00"], []]),
    "dict": (dict[str, date | None], {"a": "2026-01-31", "b": None}),
    "dict_by_integer": (dict[int, timedelta], {"1": "PT1H"}),
    "dict_by_date": (dict[date, int], {"2026-01-31": 1}),
    "dict_by_uuid": (dict[UUID, str], {ID: "x"}),
    "dict_by_enum": (dict[Level, set[int]], {"easy": [1, 2]}),
    "optional": (date | None, None),
    "optional_there": (UUID | None, ID),
    "date_or_integer": (date | int, "2026-01-31"),
    "date_or_text": (date | str, "2026-01-31"),
    "text_of_a_date_or_text": (date | str, "tomorrow"),
    "integer_or_text": (int | str, "12"),
    "date_or_datetime": (date | datetime, "2026-01-31T10:00:00"),
    "model": (Source, SOURCE),
    "list_of_models": (list[Source], [SOURCE, SOURCE]),
    "dict_of_models": (dict[str, Source], {"a": SOURCE}),
    "union_of_models": (Word | Day, {"sort": "day", "day": "2026-01-31"}),
    "told_apart": (Annotated[Word | Day, Field(discriminator="sort")], {"sort": "word", "word": "x"}),
    "aliases": (Translated, {"from": "de", "class": "hard"}),
    "dataclass": (Span, {"begin": "2026-01-31", "days": 3}),
    "named_tuple": (Point, [1, "2026-01-31"]),
    "typed_dict": (Row, {"at": "2026-01-31T10:00:00Z", "cost": "0.10"}),
    "root_model": (Days, ["2026-01-31"]),
    "bytes_in_base64": (Base64Bytes, "/wD+"),
    "json_in_a_text": (Json[list[int]], "[1,2]"),
    "any_json": (JsonValue, {"a": [1, None, {"b": "2026-01-31"}]}),
    "anything": (Any, {"a": [1.5, True, "x"]}),
    "url": (HttpUrl, "https://example.com/a?b=c"),
    "address": (IPv4Address, "192.0.2.1"),
    "path": (PurePosixPath, "a/b"),
    "pattern": (Annotated[str, Field(pattern="^[a-z]+$", max_length=5)], "abc"),
    "bounded_integer": (Annotated[PositiveInt, Field(le=10, multiple_of=2)], 8),
    "bounded_list": (Annotated[list[date], Field(min_length=1, max_length=2)], ["2026-01-31"]),
}
"""By name: the type, and a caller's JSON of it, which is also the result."""


def _forms(name: str) -> tuple[type[BaseModel], type[BaseModel]]:
    value: Any = (MATRIX[name][0], ...)
    asked = create_model("Input", __base__=Asked, __doc__="What is sent in.", value=value)
    return asked, create_model("Output", __base__=Written, __doc__="What comes back.", value=value)


def kind_of(name: str, run: Any) -> Kind:
    """Return a kind that takes and gives the type of that name."""
    asked, output = _forms(name)
    return Kind(name, asked, output, Limits(), ("1",), run)
