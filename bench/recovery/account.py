"""The fate of the jobs whose worker was killed, from the evidence alone. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


class NotKilledInTheMiddleError(Exception):
    """The evidence shows a job that no kill had hit when it ended: the bench did not do what it says."""


@dataclass(frozen=True, slots=True)
class Job:
    """The evidence of one job: when its worker was killed, when each of its runs ended, and the model's ledger. Times
    are epoch seconds. Our own jobs also have the time of their return to the queue, and the time at which a watcher
    knew of the end.
    """

    name: str
    killed_at: float | None
    ends: tuple[float, ...]
    paid_calls: int
    rescued_at: float | None = None
    seen_at: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Of one contestant. A recovery is the seconds from kill to end without the job's own; None is more than patience.

    `not_ended`: in the time watched. `paid_twice`: jobs with a second paid call or more. `paid_for_nothing`: jobs with
    a paid call that did not end.
    """

    jobs: int
    recoveries: tuple[float | None, ...]
    not_ended: int
    run_twice: int
    paid_twice: int
    paid_for_nothing: int
    patience_seconds: float
    rescued: tuple[float, ...] = ()
    """Seconds from the kill until the queue had the job again, where that is known."""
    seen: tuple[float, ...] = ()
    """Recoveries as those who watch saw them."""

    @classmethod
    def of(cls, jobs: Sequence[Job], own_seconds: float, patience_seconds: float) -> "Account":
        """Raises NotKilledInTheMiddleError, and ValueError without a job."""
        if not jobs:
            raise ValueError("nothing was killed")
        return cls(
            jobs=len(jobs),
            recoveries=tuple(_recovery(job, own_seconds, patience_seconds) for job in jobs),
            not_ended=sum(not job.ends for job in jobs),
            run_twice=sum(len(job.ends) > 1 for job in jobs),
            paid_twice=sum(job.paid_calls > 1 for job in jobs),
            paid_for_nothing=sum(job.paid_calls > 0 and not job.ends for job in jobs),
            patience_seconds=patience_seconds,
            rescued=tuple(_after_the_kill(job, job.rescued_at) for job in jobs if job.rescued_at is not None),
            seen=tuple(_after_the_kill(job, job.seen_at) - own_seconds for job in jobs if job.seen_at is not None),
        )

    @property
    def recovered(self) -> int:
        return sum(recovery is not None for recovery in self.recoveries)

    @property
    def median(self) -> float:
        """Infinite when half of the jobs had not recovered when patience was over."""
        return statistics.median(self._sorted())

    def text(self) -> str:
        """`35.1 (30.2 to 40.9)`; what has not recovered in time is `> 120`, alone when it is all of them."""
        found = self._sorted()
        if found[0] == math.inf:
            return self._seconds(math.inf)
        return f"{self._seconds(self.median)} ({self._seconds(found[0])} to {self._seconds(found[-1])})"

    def figures(self) -> Mapping[str, Any]:
        """For programs: JSON has no infinity, so a median beyond patience is null."""
        median = None if self.median == math.inf else self.median
        return asdict(self) | {"recovered": self.recovered, "median": median}

    def _sorted(self) -> list[float]:
        return sorted(math.inf if recovery is None else recovery for recovery in self.recoveries)

    def _seconds(self, seconds: float) -> str:
        return f"> {self.patience_seconds:.0f}" if seconds == math.inf else f"{seconds:.1f}"


def _after_the_kill(job: Job, moment: float) -> float:
    if job.killed_at is None:
        raise NotKilledInTheMiddleError(f"{job.name} was never hit")
    if moment < job.killed_at:
        raise NotKilledInTheMiddleError(f"{job.name} was done with {job.killed_at - moment:.1f} s before its kill")
    return moment - job.killed_at


def _recovery(job: Job, own_seconds: float, patience_seconds: float) -> float | None:
    if job.killed_at is None:
        raise NotKilledInTheMiddleError(f"{job.name} was never hit")
    if not job.ends:
        return None
    recovery = _after_the_kill(job, min(job.ends)) - own_seconds
    return recovery if recovery <= patience_seconds else None
