"""Limits the log lines of refusals: anybody can cause any number of them, and each line costs money."""

from shared.domain.clock import Clock

SECONDS = 60.0


class Sampler:
    """Allows one line per minute and reason, with the number omitted before it. Each process counts separately.

    Reasons must be a fixed set, because each one is remembered.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown_at: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def left_out(self, reason: str) -> int | None:
        """Return how many lines of this reason were omitted since the last; None if this one is omitted, too."""
        now = self._clock.monotonic()
        if now - self._shown_at.get(reason, float("-inf")) < SECONDS:
            self._left_out[reason] = self._left_out.get(reason, 0) + 1
            return None
        self._shown_at[reason] = now
        return self._left_out.pop(reason, 0)
