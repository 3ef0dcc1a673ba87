"""The generation as frozen values that every layer reads. Nothing here reads, writes or decides."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from shared.domain.call_facts import NO_CALL, CallFacts
from shared.domain.states import TERMINAL, Status

SCHEMA_VERSION = 2
"""The version of the items and messages that this code writes. It reads this version and the previous one."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of paid calls. A call counts once the provider has reported its charge.

    `wasted_cost_usd` is the part of `cost_usd` that went into no stored step: billed calls that failed, answers that
    did not fit, and so on.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    wasted_cost_usd: Decimal = Decimal(0)

    @property
    def kept_cost_usd(self) -> Decimal:
        return self.cost_usd - self.wasted_cost_usd

    def all_wasted(self) -> "Usage":
        return replace(self, wasted_cost_usd=self.cost_usd)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost_usd + other.cost_usd,
            self.wasted_cost_usd + other.wasted_cost_usd,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls - other.calls,
            self.prompt_tokens - other.prompt_tokens,
            self.completion_tokens - other.completion_tokens,
            self.cost_usd - other.cost_usd,
            self.wasted_cost_usd - other.wasted_cost_usd,
        )


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why a generation failed: a code of the closed set in docs/errors.md and at most 100 characters."""

    code: str
    message: str


class GenerationKey(NamedTuple):
    """The key of a generation: its owner's id, which is the partition, and its own id."""

    owner: str
    generation_id: str


class Called(NamedTuple):
    """A generation as a queue message names it. Of its head, only the required fence is known."""

    key: GenerationKey
    fence: int


@dataclass(frozen=True, slots=True)
class Generation:
    """The head: the one small mutable item of a generation. Times are aware and in UTC."""

    user_id: str
    generation_id: str
    kind: str
    created_at: datetime
    deadline_at: datetime
    status: Status = Status.PENDING
    version: int = 1
    fence: int = 1
    due_at: datetime | None = None
    holder: str | None = None
    heartbeat_at: datetime | None = None
    not_before: datetime | None = None
    attempt: int = 0
    fruitless_attempts: int = 0
    releases: int = 0
    dispatches: int = 1
    isolated: bool = False
    progress: int = 0
    progress_at: datetime | None = None
    stage: str | None = None
    calls: int = 0
    call_step: str | None = None
    step_calls: int = 0
    reserved_usd: Decimal = Decimal(0)
    usage: Usage = field(default_factory=Usage)
    steps_done: int = 0
    output_step: str | None = None
    error: ErrorInfo | None = None
    call: CallFacts = NO_CALL
    """If a worker ended it: the call that it ended with."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    client_id: str | None = None
    session_id: str | None = None
    retry_of: str | None = None
    retried_as: str | None = None
    because: str | None = None
    """The code that ended the last attempt, until the next one stores something."""
    asked_to_wait: bool = False
    """Whether the provider set `not_before`."""
    dismissed_at: datetime | None = None
    reviewed: bool = False
    own_key: bool = False
    """Whether it uses a provider key that its owner sent. While it is open, that key is a separate item."""
    usual_seconds: int = 0
    """How long this kind usually takes; 0 if the head does not say. `pacing` uses it."""
    left_cents: int = 0
    """The remaining amount of the nearest spending limit when it was accepted; 0 if no limit applies."""
    op: str | None = None
    create_op: str | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def key(self) -> GenerationKey:
        return GenerationKey(self.user_id, self.generation_id)

    @property
    def terminal(self) -> bool:
        """Whether it has ended. For a status that only a newer version knows, the due index decides: open heads are in
        it."""
        return self.status in TERMINAL if self.status.known else self.due_at is None

    def lease_over(self, now: datetime, lease_seconds: float) -> bool:
        """Whether a running generation's lease has expired."""
        return self.heartbeat_at is None or now >= self.heartbeat_at + timedelta(seconds=lease_seconds)


class Asked(NamedTuple):
    """A generation's model, and the id of the request that created it; None if not known."""

    model: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class GenerationInput:
    """The input: the kind's own fields as JSON values, and the options of the generation."""

    content: dict[str, Any]
    model: str
    prompt_version: str
    request_id: str

    @property
    def asked(self) -> Asked:
        return Asked(self.model or None, self.request_id or None)


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A step's result, stored once and never billed again. `position` is its 1-based place in the order.

    `usage` is everything that the attempt which stored it spent on it. `shown` is the part that the head showed before:
    each begin_call carries the spend known by then. `model`, `answered_by` and `finish` are facts of its last call (see
    `CallFacts`). `released_usd` is what the head still reserves for calls that `usage` includes.
    """

    name: str
    position: int
    result: dict[str, Any]
    usage: Usage
    call_id: str | None
    duration_seconds: float
    stored_at: datetime
    op: str
    shown: Usage = field(default_factory=Usage)
    model: str | None = None
    answered_by: str | None = None
    finish: str | None = None
    released_usd: Decimal = Decimal(0)

    @property
    def unshown(self) -> Usage:
        return self.usage - self.shown


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline: the event, its time and attempt, and the code, delay and call that belong to it."""

    name: str
    at: datetime
    attempt: int
    code: str | None = None
    delay_seconds: float | None = None
    call: CallFacts = NO_CALL


@dataclass(frozen=True, slots=True)
class DayUsage:
    """The usage of an owner's generations that ended on one day (UTC, YYYY-MM-DD)."""

    day: str
    generations: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals that a head must show once its stored steps are counted.

    `released_usd` is what the head still reserves for calls that `usage` includes.
    """

    steps_done: int
    usage: Usage
    released_usd: Decimal = Decimal(0)

    def reserved_of(self, head: Generation) -> Decimal:
        """Return what the head must still reserve, for calls whose charge is not known."""
        return max(head.reserved_usd - self.released_usd, Decimal(0))


def settle(generation: Generation, steps: list[StoredStep]) -> Totals:
    """Count the stored steps that the head does not count yet. Its worker died between store_step and advance."""
    # Each billed call is counted once, whichever worker died or woke in between. Let the head's usage be the calls that
    # some accepted write has shown, each once:
    # - A holder starts from what this function returns and adds each of its own calls once. Every write of usage is
    #   fenced and carries all of it, with steps_done. So no write shows a call twice, and none takes one back.
    # - A step item says how much of its usage an accepted begin_call of the same holder has shown. By the first point,
    #   that part stays shown. The head lacks exactly the rest, until a write counts the step in steps_done. The same
    #   applies to a late holder, whose step item says it in the same way. The next holder's own calls of that step are
    #   ordinary calls.
    # - So the only lost charge is one that a worker received and did not save, because it died before its next write.
    # - The head keeps a step's reservation until then, too. The write that counts the step releases it.
    uncounted = [step for step in steps if step.position > generation.steps_done]
    usage = sum((step.unshown for step in uncounted), generation.usage)
    released_usd = sum((step.released_usd for step in uncounted), Decimal(0))
    return Totals(max(generation.steps_done, len(steps)), apart_from_waste(usage, steps), released_usd)


def apart_from_waste(usage: Usage, steps: Iterable[StoredStep]) -> Usage:
    """Return `usage` with everything counted as wasted that went into none of `steps`."""
    kept = sum((step.usage.kept_cost_usd for step in steps), Decimal(0))
    return replace(usage, wasted_cost_usd=max(usage.cost_usd - kept, Decimal(0)))
