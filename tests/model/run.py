"""The whole model, to the end: `python -m tests.model.run`. Prints how far it is and what it found; ends with 1 when an
invariant is broken."""

import sys
import time

from tests.model.explore import Walk
from tests.model.state import Size

SIZES = (
    Size(steps=1, max_calls=2, workers=2, rescuers=2),
    Size(steps=2, max_calls=1, workers=2, rescuers=2),
    Size(steps=2, max_calls=2, workers=2, rescuers=2),
)
_SECONDS_BETWEEN_LINES = 15


def main() -> int:
    """Exhaust one size after another."""
    broken = False
    for limits in SIZES:
        print(limits, flush=True)
        found = Walk(limits).run(_Progress().told)
        print(found, flush=True)
        broken = broken or found.broken is not None
    return 1 if broken else 0


class _Progress:
    """Prints a line now and then."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def told(self, line: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            print(f"  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
