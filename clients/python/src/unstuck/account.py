"""Models of the responses about the caller's account and the deployment."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StrictBool

from unstuck.models import Usage
from unstuck.outputs import Answered


class Counts(Usage):
    """How many generations ended, and the cost of their calls."""

    generations: int


class DayCounts(Counts):
    """The same for one day, in UTC."""

    day: str


class Rate(Answered):
    """The state of one rate limit of the caller."""

    name: str
    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int


class Ceiling(Answered):
    """The state of one other limit of the caller."""

    limit: float
    used: float
    remaining: float


class UserLimits(Answered):
    """The state of each limit. A limit that is switched off is None."""

    rates: list[Rate]
    running: Ceiling | None = None
    daily_spend_usd: Ceiling | None = None
    monthly_spend_usd: Ceiling | None = None


class UsageOfMonth(Answered):
    """One month's usage by day, and the caller's limits now."""

    month: str
    days: list[DayCounts]
    total: Counts
    limits: UserLimits


class Erasure(Answered):
    """The state of an erasure. Until `done` is true, call again after `retry_after_seconds`."""

    done: StrictBool
    content_erased: StrictBool
    retry_after_seconds: Annotated[float | None, Field(json_schema_extra={"header": "Retry-After"})] = None


class LiveTicket(Answered):
    """The address of a WebSocket, valid once and for 30 seconds. The connection ends at `ends_at`, in epoch seconds."""

    url: str = Field(repr=False)
    ends_at: int


class Health(Answered):
    """The result of the last sweep. docs/http.md explains each field."""

    last_sweep_at: AwareDatetime | None
    last_sweep_age_seconds: int | None
    last_sweep_complete: bool | None = None
    stale: int
    oldest_pending_seconds: int
    model_prices_missing: bool = False
