"""The time of the emulator's event loop under a load: working, waiting or idle. Linux only: reads /proc.

Each request, and each call of AWS that a function makes meanwhile, goes through that one thread.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.005


@dataclass(frozen=True)
class Shares:
    """Shares of a stretch of time. `queued`: it was ready, but had no processor. `idle`: it waited for an event."""

    running: float
    queued: float
    idle: float

    @property
    def locked(self) -> float:
        """The remaining time: it waited for a lock. The interpreter's lock is the one that all threads need."""
        return max(0.0, 1.0 - self.running - self.queued - self.idle)


def during[T](act: Callable[[], T], pid: int) -> tuple[T, Shares]:
    """Return what `act` returns, and what the first thread of the process did meanwhile.

    Raises OSError when the process ends first.
    """
    thread, over = Path(f"/proc/{pid}/task/{pid}"), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        idle, began, before = pool.submit(_idle_until, over, thread), time.monotonic(), _scheduled(thread)
        try:
            done = act()
        finally:
            over.set()
        seconds, after = time.monotonic() - began, _scheduled(thread)
    running, queued = ((then - now) / seconds for now, then in zip(before, after, strict=True))
    return done, Shares(running, queued, idle.result())


def _idle_until(over: threading.Event, thread: Path) -> float:
    samples = [_waits_for_an_event(thread)]
    while not over.wait(SAMPLE_SECONDS):
        samples.append(_waits_for_an_event(thread))
    return sum(samples) / len(samples)


def _scheduled(thread: Path) -> tuple[float, float]:
    """Return the seconds on a processor, and in the queue for one."""
    running, queued, _turns = (thread / "schedstat").read_text().split()
    return int(running) / 1e9, int(queued) / 1e9


def _waits_for_an_event(thread: Path) -> bool:
    return "poll" in (thread / "wchan").read_text()  # ep_poll, do_epoll_wait: where in the kernel it sleeps
