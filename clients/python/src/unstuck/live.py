"""The state of a client's live connection: the pushed news, whether to trust it, and when to connect.

Pure except for its lock: no socket, and the caller passes the time. `Channel` reports events, `Pushing` acts on them.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from unstuck.bell import Bell
from unstuck.errors import ApiError, UnstuckError
from unstuck.exchange import Patience
from unstuck.flow import Surroundings
from unstuck.frames import PartialOutput, Told, frame, order

LINGER_SECONDS = 30.0
"""For how long a connection is kept once nothing is followed."""
_RENEWED_SECONDS = 60.0  # before it ends, so that no news falls between two
_SOONEST_RENEWAL_SECONDS = 10.0
_REFUSED = Patience(seconds=math.inf, tries=None, base_seconds=2.0, cap_seconds=30.0)
_MOST_KEPT = 256
_LOST = UnstuckError("the connection was lost", code="unreachable", retryable=True)


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest pushed state of one generation."""

    told: Told | None = None
    told_at: float = -math.inf
    turn: int = 0
    partial: PartialOutput | None = None
    past: frozenset[str] = field(default=frozenset())
    """Steps of the partial's attempt whose text is already over."""

    def with_told(self, told: Told, now: float, turn: int) -> "Heard":
        """Return the newer of both."""
        if self.told is not None and order(told.generation) <= order(self.told.generation):
            return self
        return replace(self, told=told, told_at=now, turn=turn)

    def with_partial(self, found: PartialOutput) -> "Heard":
        """Return the newer of both: of the later attempt, then the later step, then the higher number."""
        known = self.partial
        if known is None or found.attempt > known.attempt:
            return replace(self, partial=found, past=frozenset())
        if found.attempt < known.attempt or found.step in self.past:
            return self
        if found.step != known.step:
            return replace(self, partial=found, past=self.past | {known.step})
        return replace(self, partial=found) if found.number > known.number else self


@dataclass(frozen=True, slots=True)
class _Connection:
    number: int
    renew_at: float
    ends_at: float


class Live:
    """The live connection of one client. Safe to share between threads. `start` opens a connection without waiting for
    it."""

    def __init__(self, around: Surroundings, start: Callable[[int, str], None]) -> None:
        self._around, self._start = around, start
        self._lock = threading.Lock()
        self._heard: OrderedDict[str, Heard] = OrderedDict()
        self._bells: dict[str, list[Bell]] = {}
        self._asking = self._absent = self._doubted = False
        self._opening: _Connection | None = None
        self._open: _Connection | None = None
        self._numbers = 0
        self._turn = 0
        self._failures = 0
        self._try_at = self._idle_since = -math.inf

    @property
    def turn(self) -> int:
        """A number that rises when a connection opens or closes. Changes in between are not pushed."""
        return self._turn

    @property
    def healthy(self) -> bool:
        """Whether all changes are pushed, as far as is known."""
        current = self._open
        return current is not None and not self._doubted and self._around.monotonic() < current.ends_at

    def heard(self, generation_id: str) -> Heard:
        """Return the newest pushed state of a generation."""
        return self._heard.get(generation_id, Heard())

    @contextmanager
    def following(self, generation_id: str) -> Iterator[Bell]:
        """Yield a bell that rings at news of a generation or of the connection."""
        bell = Bell()
        with self._lock:
            self._bells.setdefault(generation_id, []).append(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells[generation_id].remove(bell)
                if not self._bells[generation_id]:
                    del self._bells[generation_id]
                self._idle_since = self._around.monotonic()

    # Called by `Pushing`.

    def wanted_in(self) -> float | None:
        """Return in how many seconds to ask for a ticket; None while there is no reason to."""
        with self._lock:
            return self._wanted_in()

    def claim(self) -> bool:
        """Take the turn to ask for a ticket: of several followers, only one asks. Give it back with `release`."""
        with self._lock:
            taken = self._wanted_in() == 0.0
            self._asking = self._asking or taken
        return taken

    def release(self) -> None:
        """Let others ask again."""
        with self._lock:
            self._asking = False
        self._ring()

    def admit(self, url: str, lasts_seconds: float) -> None:
        """Open a connection with a ticket. It may last this many seconds."""
        with self._lock:
            if self._absent:
                return
            now = self._around.monotonic()
            left = max(lasts_seconds - _RENEWED_SECONDS, lasts_seconds / 2, _SOONEST_RENEWAL_SECONDS)
            self._numbers += 1
            number = self._numbers
            self._opening = _Connection(number, now + left, now + lasts_seconds)
        self._start(number, url)

    def refused(self, error: UnstuckError) -> None:
        """No ticket: ask again later, or never if the deployment has no live connections."""
        with self._lock:
            if isinstance(error, ApiError) and error.status == 404:
                self._absent = True
            else:
                self._back_off(error)

    def missed(self) -> None:
        """A poll found a change that was not pushed: connect again at once, and do not trust the new connection until
        it proves itself."""
        with self._lock:
            if self._open is None or self._doubted:
                return
            self._doubted = True
            self._open = replace(self._open, renew_at=self._around.monotonic())
        self._ring()

    # Called by `Channel`.

    def opened(self, number: int) -> None:
        """The connection is open and replaces the one before."""
        with self._lock:
            if self._opening is None or self._opening.number != number:
                return
            self._open, self._opening = self._opening, None
            self._turn += 1
            self._idle_since = max(self._idle_since, self._around.monotonic())
        self._ring()

    def hear(self, number: int, text: str | bytes) -> None:
        """A message arrived."""
        found = frame(text)
        if found is None:
            return
        generation_id = found.generation_id if isinstance(found, PartialOutput) else found.generation.generation_id
        with self._lock:
            known = self.heard(generation_id)
            if isinstance(found, PartialOutput):
                known = known.with_partial(found)
            else:
                known = known.with_told(found, self._around.monotonic(), self._turn)
                self._proven_by(number)
            self._heard[generation_id] = known
            self._heard.move_to_end(generation_id)
            if len(self._heard) > _MOST_KEPT:
                self._heard.popitem(last=False)
        self._ring(generation_id)

    def rests(self, number: int) -> float | None:
        """Return for how many seconds at most to listen before asking this again; None if the connection is to end."""
        with self._lock:
            now = self._around.monotonic()
            if self._open is None or self._open.number != number:
                return None
            idle = 0.0 if self._bells else now - self._idle_since
            left = min(LINGER_SECONDS - idle, self._open.ends_at - now)
            if left > 0:
                return left
            if now >= self._open.ends_at:
                # It was not renewed in time. If the clocks disagree, the next one ends at once, too.
                self._back_off(_LOST)
            self._drop()
        self._ring()
        return None

    def closed(self, number: int) -> None:
        """The connection has closed, or never opened."""
        with self._lock:
            if self._opening is not None and self._opening.number == number:
                self._opening = None
                self._back_off(_LOST)
            elif self._open is not None and self._open.number == number:
                self._drop()
                self._back_off(_LOST)
        self._ring()

    def shut(self) -> None:
        """Close every connection, and open no more."""
        with self._lock:
            self._absent = True
            self._opening = None
            if self._open is not None:
                self._drop()
        self._ring()

    def _wanted_in(self) -> float | None:
        if self._absent or self._asking or self._opening is not None:
            return None
        at = self._try_at if self._open is None else max(self._try_at, self._open.renew_at)
        return max(0.0, at - self._around.monotonic())

    def _proven_by(self, number: int) -> None:
        if self._open is not None and self._open.number == number:
            self._doubted = False
            self._failures = 0

    def _drop(self) -> None:
        self._open = None
        self._turn += 1

    def _back_off(self, error: UnstuckError) -> None:
        self._failures += 1
        pause = _REFUSED.pause(error, self._failures, 0.0, self._around.chance())
        self._try_at = self._around.monotonic() + (pause or 0.0)

    def _ring(self, generation_id: str | None = None) -> None:
        """Wake the followers of this generation, or all. Without the lock, because a follower may need it."""
        with self._lock:
            of = [self._bells.get(generation_id, [])] if generation_id else list(self._bells.values())
            bells = [bell for each in of for bell in each]
        for bell in bells:
            bell.ring()
