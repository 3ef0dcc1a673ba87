"""The processor time of another process. Linux only."""

import time

_SCHEDULED = 2
"""Linux's number of the clock that counts nanoseconds on a processor; proc(5) has only hundredths of a second."""


def cpu_seconds(pid: int) -> float:
    """Return what all threads of a process have used so far, user and system: its own clock, clock_getcpuclockid(3).

    Raises OSError for a process that has ended.
    """
    return time.clock_gettime(~pid << 3 | _SCHEDULED)
