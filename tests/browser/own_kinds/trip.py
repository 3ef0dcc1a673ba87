"""Trip: a plan of days. Its input has every form that has a control on the page, its output every one that is shown."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.kinds.contract import Context, Limits
from shared.kinds.forms import Asked, Written, trimmed

LIMITS = Limits(usual_seconds=1)
PROMPT_VERSIONS = ("1",)


class Diet(StrEnum):
    ANYTHING = "anything"
    VEGETARIAN = "vegetarian"
    VEGAN = "vegan"


class Traveller(Asked):
    name: Annotated[str, trimmed(60)]
    age: Annotated[int, Field(ge=0, le=120)] | None = None
    diet: Diet = Diet.ANYTHING


class Hotel(Asked):
    form: Literal["hotel"]
    stars: Annotated[int, Field(ge=1, le=5)]


class Tent(Asked):
    form: Literal["tent"]
    site: Annotated[str, trimmed(80)]
    has_power: bool = False


class Address(Asked):
    street: Annotated[str, trimmed(80)]
    city: Annotated[str, trimmed(60)]


class Start(Asked):
    """Where the trip begins, and when."""

    address: Address
    leaves_at: datetime | None = None


class Input(Asked):
    """The destination, the companions, and the budget."""

    destination: Annotated[str, trimmed(80, 2), Field(examples=["The coast of Brittany"])]
    starts_on: Annotated[date, Field(title="First day", examples=["2027-05-14"])]
    travellers: Annotated[
        list[Traveller],
        Field(min_length=1, max_length=4, examples=[[{"name": "Ada", "age": 36, "diet": "vegetarian"}]]),
    ]
    stay: Annotated[Hotel | Tent, Field(discriminator="form", examples=[{"form": "hotel", "stars": 3}])]
    interests: Annotated[
        list[Annotated[str, trimmed(40)]],
        Field(
            default_factory=list,
            max_length=5,
            description="What not to miss.",
            examples=[["lighthouses", "sea birds"]],
        ),
    ]
    days: Annotated[int, Field(ge=1, le=14)] = 3
    pace: Literal["slow", "steady", "fast"] = "steady"
    budget: Annotated[Decimal, Field(gt=0)] | None = None
    start: Start | None = None
    wake_at: time | None = None
    quiet: bool = False
    most_hours: Annotated[
        dict[str, int],
        Field(default_factory=dict, description="Hours of travel at most, by the name of the day."),
    ]


class Stop(Written):
    at: str
    place: str
    minutes: int
    is_booked: bool


class Day(Written):
    on: Annotated[date, Field(title="Date")]
    heading: str
    story: str
    stops: list[Stop]


class Price(Written):
    what: str
    euros: Annotated[Decimal, Field(title="Price in euros")]
    per: Diet | None = None


class Output(Written):
    """The plan, day by day."""

    title: str
    introduction: str
    days: list[Day]
    packing: Annotated[list[str], Field(title="What to pack")]
    prices: list[Price]
    read_more: str
    planned_at: datetime
    is_complete: bool
    warnings: list[str]


_STORY = (
    "The path follows the cliffs for most of the morning. Where it drops to the beach the sand is firm at low water, "
    "and the last kilometre is quicker along the sea.\n\nIn the afternoon the lighthouse is open. From its gallery one "
    "sees the whole bay, and on clear days the island beyond it."
)
_STOPS = (
    ("09:30", "Harbour of the old town", 45),
    ("11:00", "Path along the cliffs", 150),
    ("15:00", "Lighthouse", 60),
)


def _plan(content: Input) -> Output:
    stops = [Stop(at=at, place=place, minutes=minutes, is_booked=minutes == 60) for at, place, minutes in _STOPS]
    days = [
        Day(on=content.starts_on + timedelta(days=n), heading=f"Day {n + 1}", story=_STORY, stops=stops)
        for n in range(content.days)
    ]
    prices: list[dict[str, Any]] = [
        {"what": "Beds", "euros": "184.00"},
        {"what": "Meals", "euros": "96.50", "per": "vegetarian"},
        {"what": "Lighthouse", "euros": "12.00"},
    ]
    return Output(
        title=content.destination,
        introduction="Three slow days by the sea, with one thing to see on each and time to stay longer.",
        days=days,
        packing=["Shoes that may get wet", "A windproof jacket", "Binoculars"],
        prices=[Price.model_validate(price) for price in prices],
        read_more="https://example.com/coast?from=unstuck",
        planned_at=datetime.fromisoformat("2027-05-01T08:30:00+00:00"),
        is_complete=True,
        warnings=[],
    )


def run(ctx: Context, content: Input) -> Output:
    ctx.progress(20, "planning the days")
    return ctx.step("plan", Output, lambda: _plan(content), progress=95)
