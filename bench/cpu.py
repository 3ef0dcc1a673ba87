"""The processor time and the memory of other processes, and whether they are there. Linux only."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

_SCHEDULED = 2
"""Linux's number of the clock that counts nanoseconds on a processor; proc(5) has only hundredths of a second."""


def cpu_seconds(pid: int) -> float:
    """Return what all threads of a process have used so far, user and system: its own clock, clock_getcpuclockid(3).

    Raises OSError for a process that has ended.
    """
    return time.clock_gettime(~pid << 3 | _SCHEDULED)


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has held at once, in MiB: proc(5), `VmHWM`."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def await_processes(pids: Callable[[], Sequence[int]], count: int, seconds: float = 120) -> None:
    """Wait until this many run. Raises RuntimeError when they do not within that time."""
    until = time.monotonic() + seconds
    while len(pids()) < count:
        if time.monotonic() > until:
            raise RuntimeError(f"only {len(pids())} of {count} processes have started within {seconds:.0f} s")
        time.sleep(0.2)
