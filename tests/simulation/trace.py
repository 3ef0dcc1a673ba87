"""The events of a simulation, in order: the same lines, byte for byte, for the same seed."""

import hashlib

from tests.simulation.scheduler import Scheduler

_SHOWN = 60


class Trace:
    """Kept whole, written out only when asked for."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lines: list[tuple[float, str, str, str]] = []

    def note(self, what: str, detail: str) -> None:
        task = self._scheduler.current
        self._lines.append((self._scheduler.now, task.label if task else "", what, detail))

    def lines(self) -> list[str]:
        return [f"{at:9.3f} {who:32} {what} {detail}".rstrip() for at, who, what, detail in self._lines]

    def tail(self, count: int = _SHOWN) -> str:
        return "\n".join(self.lines()[-count:])

    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines()).encode()).hexdigest()
