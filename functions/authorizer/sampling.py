"""Which refusals are logged: anybody can cause any number of them, and each line is paid for."""

from shared.domain.clock import Clock

SECONDS = 60.0


class Sampler:
    """Lets one line a minute and reason through, with how many were left out before it. One process counts for itself.

    Reasons must be words of ours: it remembers each.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown_at: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def left_out(self, reason: str) -> int | None:
        """Return how many lines of this reason were left out since the last one; None when this one is, too."""
        now = self._clock.monotonic()
        if now - self._shown_at.get(reason, float("-inf")) < SECONDS:
            self._left_out[reason] = self._left_out.get(reason, 0) + 1
            return None
        self._shown_at[reason] = now
        return self._left_out.pop(reason, 0)
