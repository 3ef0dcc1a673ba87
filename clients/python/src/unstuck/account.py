"""What the API answers about the caller's account and about the deployment, as models."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StrictBool

from unstuck.models import Usage
from unstuck.outputs import Answered


class Counts(Usage):
    """How many generations ended, and what their calls have cost."""

    generations: int


class DayCounts(Counts):
    """The same of one day, in UTC."""

    day: str


class Rate(Answered):
    """Where the caller stands with one rate limit."""

    name: str
    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int


class Ceiling(Answered):
    """Where the caller stands with one ceiling."""

    limit: float
    used: float
    remaining: float


class UserLimits(Answered):
    """What is left of each limit; what is switched off is None."""

    rates: list[Rate]
    running: Ceiling | None = None
    daily_spend_usd: Ceiling | None = None
    monthly_spend_usd: Ceiling | None = None


class UsageOfMonth(Answered):
    """One month's usage by day, and where the caller stands now."""

    month: str
    days: list[DayCounts]
    total: Counts
    limits: UserLimits


class Erasure(Answered):
    """Whether everything of the caller is gone; while it is not, call again after `retry_after_seconds`."""

    done: StrictBool
    content_erased: StrictBool
    retry_after_seconds: Annotated[float | None, Field(json_schema_extra={"header": "Retry-After"})] = None


class LiveTicket(Answered):
    """Where to open a WebSocket, once and within 30 seconds; it ends at `ends_at`, in epoch seconds."""

    url: str = Field(repr=False)
    ends_at: int


class Health(Answered):
    """What the last sweep found; docs/http.md has each field."""

    last_sweep_at: AwareDatetime | None
    last_sweep_age_seconds: int | None
    last_sweep_complete: bool | None = None
    stale: int
    oldest_pending_seconds: int
    model_prices_missing: bool = False
