"""The form of a row, one legal change of a generation's head, and the words that rows are written in. Pure.

The rows themselves are in `rows`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from shared.domain.generation import Generation
from shared.domain.settings import Settings
from shared.domain.states import TERMINAL, Guard, Status

_MOST_DOUBLINGS = 5


class Mark(StrEnum):
    """How a write whose answer was lost knows its own work, from the head that its repetition finds there.

    botocore repeats such a write; the repetition's guards then fail on what the first has changed.
    """

    NONE = "nothing: another item of its transaction tells"
    CREATE_OP = "`create_op` is mine"
    OP = "`op` is mine"
    HOLDER = "`holder` is mine"
    STILL_HELD = "I hold it, and its deadline has not passed"
    CALLS = "I hold it, and `calls` is one more than I knew"
    STEPS = "I hold it, and it counts the steps and the usage that I set"
    USAGE = "its usage is the one that I set"
    DONE = "it shows what I set, whoever set it"


class Add(NamedTuple):
    """Raises a counter by so much from what stands in the table, whatever was read."""

    by: int = 1


class Once(NamedTuple):
    """Is set where nothing is set yet."""

    value: Any


class At(NamedTuple):
    """When and by whom a write is made, and the deployment's own numbers. `op` is a token of this write's alone."""

    now: datetime
    op: str
    settings: Settings

    def grace(self, head: Generation, since: datetime | None = None, doublings: int = 0) -> datetime:
        """Return when a dispatched generation is due: a grace after `since`, doubled so often, by its deadline."""
        seconds = self.settings.dispatch_grace_seconds * 2.0 ** min(doublings, _MOST_DOUBLINGS)
        return min((since or self.now) + timedelta(seconds=seconds), head.deadline_at)

    def lease_end(self, head: Generation) -> datetime:
        """Return when a fresh lease will be over, or the deadline."""
        lease = timedelta(seconds=self.settings.lease_seconds)
        return min((head.heartbeat_at or self.now) + lease, head.deadline_at)

    def retention_end(self) -> datetime:
        """Return until when a generation that ends now is kept."""
        return self.now + timedelta(days=self.settings.retention_days)


@dataclass(frozen=True, slots=True)
class Row[Given]:
    """One legal change: who may move a head from which statuses to which, under which guards, and what it sets.

    `sets` is a pure function of the head as read, of the time, and of what the caller gives: the fields to set, None
    where one is removed, `Add` and `Once` where the table's own value counts. What the row says of status, fence,
    version and index is not in it. `target` is None where the status stays. `mark` is how the write knows itself.
    `transaction` says that the write takes other items with it. `any_version` says that the row holds for an open head
    of a newer version as well, whose status this one may not know: what nobody can read must still end.
    """

    name: str
    by: tuple[str, ...]
    sources: frozenset[Status]
    target: Status | None
    guards: tuple[Guard, ...]
    sets: Callable[[Any, At, Given], Mapping[str, Any]]
    mark: Mark
    why: str
    raises_fence: bool = False
    raises_version: bool = False
    transaction: bool = False
    any_version: bool = False

    def leaves_index(self) -> bool:
        """Whether nobody need look at the generation again: only open heads have a `due_at`."""
        return self.target in TERMINAL
