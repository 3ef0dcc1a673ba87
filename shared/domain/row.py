"""The form of a row, which is one legal change of a generation's head, and the terms that rows use. Pure.

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
    """How a write whose response was lost recognises its own effect, from the head that its retry finds.

    botocore retries such a write. The retry's guards then fail, because the first write has changed the head.
    """

    NONE = "nothing: another item of its transaction shows it"
    CREATE_OP = "`create_op` is mine"
    OP = "`op` is mine"
    HOLDER = "`holder` is mine"
    STILL_HELD = "I hold it, and its deadline has not passed"
    CALLS = "I hold it, and `calls` is one more than I knew"
    STEPS = "I hold it, and it counts the steps and the usage that I set"
    USAGE = "its usage is the one that I set"
    DONE = "it shows what I set, even if another writer set it"


class Add(NamedTuple):
    """Adds to a counter's value in the table, whatever value was read."""

    by: int = 1


class Once(NamedTuple):
    """Sets the field if it has no value yet."""

    value: Any


class At(NamedTuple):
    """The time and writer of a write, and the deployment's settings. `op` is a token unique to this write."""

    now: datetime
    op: str
    settings: Settings

    def grace(self, head: Generation, since: datetime | None = None, doublings: int = 0) -> datetime:
        """Return when a dispatched generation is due: `since` plus the grace, which doubles with each try, within its
        deadline."""
        seconds = self.settings.dispatch_grace_seconds * 2.0 ** min(doublings, _MOST_DOUBLINGS)
        return min((since or self.now) + timedelta(seconds=seconds), head.deadline_at)

    def lease_end(self, head: Generation) -> datetime:
        """Return when a fresh lease ends, or the deadline if that is earlier."""
        lease = timedelta(seconds=self.settings.lease_seconds)
        return min((head.heartbeat_at or self.now) + lease, head.deadline_at)

    def retention_end(self) -> datetime:
        """Return until when a generation that ends now is retained."""
        return self.now + timedelta(days=self.settings.retention_days)


@dataclass(frozen=True, slots=True)
class Row[Given]:
    """One legal change: who may move a head from which statuses to which, under which guards, and which fields it sets.

    `sets` is a pure function of the head as read, the time and the caller's values. It returns the fields to set: None
    removes one, `Add` and `Once` use the table's own value. Status, fence, version and index follow from the row, not
    from `sets`.

    `target` is None if the status stays. `mark` is how the write recognises itself. `transaction` means that the write
    includes other items. `any_version` means that the row also applies to an open head of a newer version. This version
    may not know its status, but a generation that nobody can read must still end.
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
        """Whether the generation has ended and needs no further check: only open heads have a `due_at`."""
        return self.target in TERMINAL
