"""How many polls a client makes that follows Retry-After, by simulating `shared.domain.pacing` over model durations."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from operations.durations import Durations
from shared.domain.generation import Generation
from shared.domain.pacing import first_look_seconds, poll_after_seconds, retry_after
from shared.domain.settings import Settings
from shared.domain.states import Status

QUEUED_SECONDS, BEGIN_SECONDS, FIRST_WORD_SECONDS = 0.15, 0.1, 1.0
"""From create to claim, from claim to the call (which renews the lease like a heartbeat), and to the first word."""
_DRAWS = 200
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    """A client that follows generations of a kind that declares `usual_seconds`.

    With `shows_progress`, progress grows evenly with time, as for text of the expected length.
    """

    usual_seconds: int
    heartbeat_seconds: float
    lease_seconds: float
    longest_poll_seconds: float
    shows_progress: bool = True

    @property
    def settings(self) -> Settings:
        return Settings(
            "",
            "",
            "",
            heartbeat_seconds=self.heartbeat_seconds,
            lease_seconds=self.lease_seconds,
            longest_poll_seconds=self.longest_poll_seconds,
        )

    def looks(self, seconds: float) -> int:
        """Return the number of polls of a generation that takes this long, including the poll that finds its end."""
        settings = self.settings
        at, count = float(retry_after(first_look_seconds(self.usual_seconds, settings))), 1
        while at < seconds:
            now = _BEGAN + timedelta(seconds=at)
            at += int(retry_after(poll_after_seconds(self._head(at, seconds), now, settings)))
            count += 1
        return count

    def mean_looks(self, durations: Durations) -> float:
        steps: Iterable[float] = ((place + 0.5) / _DRAWS for place in range(_DRAWS))
        return sum(self.looks(QUEUED_SECONDS + durations.quantile(step)) for step in steps) / _DRAWS

    def _head(self, at: float, seconds: float) -> Generation:
        head = _pending(self.usual_seconds)
        if at < QUEUED_SECONDS:
            return head
        beat = int((at - QUEUED_SECONDS) / self.heartbeat_seconds + 0.5)
        head = replace(
            head,
            status=Status.RUNNING,
            started_at=self._beat_at(0),
            heartbeat_at=self._beat_at(beat) if beat else self._beat_at(0) + timedelta(seconds=BEGIN_SECONDS),
            progress=self._progress(beat, seconds),
        )
        return replace(head, progress_at=self._beat_at(beat)) if beat and self.shows_progress else head

    def _beat_at(self, beat: int) -> datetime:
        return _BEGAN + timedelta(seconds=QUEUED_SECONDS + self._ran_seconds(beat))

    def _ran_seconds(self, beat: int) -> float:
        return max(0.0, beat - 0.5) * self.heartbeat_seconds

    def _progress(self, beat: int, seconds: float) -> int:
        if beat == 0 or not self.shows_progress:
            return 0
        writing = max(0.1, seconds - QUEUED_SECONDS - FIRST_WORD_SECONDS)
        said = (self._ran_seconds(beat) - FIRST_WORD_SECONDS) / writing
        return 5 + math.floor(90 * 0.95 * min(1.0, said))


def _pending(usual_seconds: int) -> Generation:
    return Generation(
        user_id="u",
        generation_id="g",
        kind="k",
        created_at=_BEGAN,
        deadline_at=_BEGAN + timedelta(days=1),
        usual_seconds=usual_seconds,
    )
