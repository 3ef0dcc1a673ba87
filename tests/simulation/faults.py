"""The faults at a boundary, and the two ways of choosing: drawn from the seed, or put at one place by number."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Protocol


class Fault(StrEnum):
    """One thing that goes wrong at one call, or with the whole of a deployment."""

    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"
    ERROR = "error"
    """The request is refused or never arrives; the client's own retries may still get through."""
    OUTAGE = "outage"
    """Nothing that this process sends arrives for some seconds."""
    LOST_ANSWER = "lost_answer"
    ANSWERS_LOST = "answers_lost"
    """The request is applied and its answer lost, and so with each of the client's own retries."""
    HELD_UP = "held_up"
    """Nothing answers. The request is applied later, when the client may have sent it again or done something else."""
    ALL_HELD_UP = "all_held_up"
    """The same, and none of a worker's own retries arrives, for as long as it sends that one request."""
    DELAY = "delay"
    CONFLICT = "conflict"
    PUT_OFF = "put_off"
    """A batch is taken in part only."""
    FREEZE_BEFORE = "freeze_before"
    FREEZE_AFTER = "freeze_after"
    MESSAGE_LOST = "message_lost"
    MESSAGE_DOUBLED = "message_doubled"
    MESSAGE_DELAYED = "message_delayed"
    REDELIVERED = "redelivered"
    INDEX_LAGS = "index_lags"
    SWEEP_SKIPPED = "sweep_skipped"
    SWEEP_DOUBLED = "sweep_doubled"
    CLOCK_SKEWED = "clock_skewed"
    OLD_VERSION = "old_version"
    DENIED = "denied"
    """A function lives and may not make some calls for a while: it is not drawn like the others, a `Denial` is."""


class Site(StrEnum):
    """The sort of boundary that is being crossed."""

    READ = "read"
    WRITE = "write"
    BATCH = "batch"
    QUEUE = "queue"
    MODEL = "model"
    SERVICE = "service"
    """S3 and KMS."""


_CRASHES = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
_FREEZES = (Fault.FREEZE_BEFORE, Fault.FREEZE_AFTER)
_FAILURES = (Fault.ERROR, Fault.OUTAGE)
_LOSSES = (Fault.LOST_ANSWER, Fault.ANSWERS_LOST)
_LATE = (Fault.HELD_UP, Fault.ALL_HELD_UP)
AT: Mapping[Site, tuple[Fault, ...]] = {
    Site.READ: (*_CRASHES, *_FAILURES, Fault.LOST_ANSWER, Fault.DELAY, *_FREEZES),
    Site.WRITE: (*_CRASHES, *_FAILURES, *_LOSSES, *_LATE, Fault.DELAY, Fault.CONFLICT, *_FREEZES),
    Site.BATCH: (*_CRASHES, *_FAILURES, Fault.LOST_ANSWER, Fault.DELAY, Fault.PUT_OFF, *_FREEZES),
    Site.QUEUE: (
        *(*_CRASHES, *_FAILURES, *_LOSSES, Fault.DELAY, *_FREEZES),
        *(Fault.MESSAGE_LOST, Fault.MESSAGE_DOUBLED, Fault.MESSAGE_DELAYED),
    ),
    Site.SERVICE: (*_CRASHES, *_FAILURES, Fault.LOST_ANSWER, Fault.DELAY, *_FREEZES),
    Site.MODEL: (*_CRASHES, Fault.DELAY, *_FREEZES),
}
ANYWHERE = frozenset(fault for faults in AT.values() for fault in faults)
OF_THE_WORLD = tuple(fault for fault in Fault if fault not in ANYWHERE)


@dataclass(frozen=True, slots=True)
class Denial:
    """For a time the service refuses some calls of one function, by their names, as it would without the right."""

    role: str
    calls: frozenset[str]
    since: float
    until: float
    code: str = "AccessDeniedException"

    def covers(self, role: str, call: str, now: float) -> bool:
        return self.since <= now < self.until and role == self.role and call in self.calls


PUTS = frozenset({"put_item", "put_object"})
OBJECTS = frozenset({"put_object", "get_object"})
UPDATES = frozenset({"update_item", "transact_write_items"})
"""The calls with which a worker gives a generation back. If they are denied as well, only the lease is left."""


def draw_denials(random: Random) -> tuple[Denial, ...]:
    """Return what is denied to the workers of one schedule: mostly nothing."""
    if random.random() >= 0.15:
        return ()
    calls = random.choice((PUTS, PUTS, OBJECTS, OBJECTS | {"put_item"}, PUTS | UPDATES))
    since = random.choice((0.0, 5.0, 60.0))
    code = random.choice(("AccessDeniedException", "AccessDenied", "ServiceUnavailable"))
    return (Denial("process", calls, since, since + random.choice((10.0, 60.0, 300.0, 1000.0)), code),)


LEAST = 3
"""No schedule has fewer faults."""

_FIRST_GAP = 2


class Plan(Protocol):
    """Chooses the faults of one simulation. Everything that it chooses ends with `ends_at`, in seconds."""

    counts: Counter[Fault]
    ends_at: float

    def at(self, site: Site, now: float) -> Fault | None:
        """Return what goes wrong at the boundary that is being crossed now. Called once for each."""
        ...

    def happens(self, fault: Fault, now: float) -> bool:
        """Whether one of the faults of the world happens now."""
        ...


@dataclass
class NoFaults:
    """Counts the boundaries, and lets everything pass."""

    counts: Counter[Fault] = field(default_factory=Counter)
    ends_at: float = 0.0
    sites: list[Site] = field(default_factory=list)

    def at(self, site: Site, now: float) -> Fault | None:
        self.sites.append(site)
        return None

    def happens(self, fault: Fault, now: float) -> bool:
        return False


@dataclass
class PlacedFaults:
    """Faults at given boundaries, counted from 0 in the order in which they are crossed."""

    places: Mapping[int, Fault]
    counts: Counter[Fault] = field(default_factory=Counter)
    ends_at: float = 0.0
    sites: list[Site] = field(default_factory=list)
    """The boundaries that were crossed."""

    def at(self, site: Site, now: float) -> Fault | None:
        fault = self.places.get(len(self.sites))
        self.sites.append(site)
        if fault is None or fault not in AT[site]:
            return None
        self.counts[fault] += 1
        self.ends_at = now
        return fault

    def happens(self, fault: Fault, now: float) -> bool:
        return False


class DrawnFaults:
    """Faults from the seed. Each simulation has its own few kinds and its own pace: that finds more than all do."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.counts: Counter[Fault] = Counter()
        self.ends_at = random.choice((60.0, 200.0, 600.0, 1000.0))
        self._gap = random.choice((3.0, 8.0, 20.0, 50.0))
        drawn = (fault for fault in Fault if fault is not Fault.DENIED)
        self._kinds: frozenset[Fault] = frozenset(fault for fault in drawn if random.random() < 0.5)
        self._chance = random.choice((0.02, 0.1, 0.3))
        self._left = self._draw_gap()

    def at(self, site: Site, now: float) -> Fault | None:
        if now >= self.ends_at and self.counts.total() >= LEAST:
            return None
        self._left -= 1
        if self._left > 0:
            return None
        possible = [fault for fault in AT[site] if fault in self._kinds]
        if not possible and self.counts.total() < LEAST:
            possible = list(AT[site])
        if not possible:
            return None
        self._left = self._draw_gap()
        fault = self._random.choice(possible)
        self.counts[fault] += 1
        self.ends_at = max(self.ends_at, now)
        return fault

    def happens(self, fault: Fault, now: float) -> bool:
        if now >= self.ends_at or fault not in self._kinds or self._random.random() >= self._chance:
            return False
        self.counts[fault] += 1
        return True

    def _draw_gap(self) -> int:
        gap = 1 + int(self._random.expovariate(1 / self._gap))
        return gap if self.counts.total() >= LEAST else min(gap, _FIRST_GAP)
