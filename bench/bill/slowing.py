"""Gives a function's processes as little of a processor as Lambda does for their memory, by stopping them in between.

Lambda gives a whole one at 1,769 MB and less in proportion:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence

WHOLE_PROCESSOR_MB = 1_769
_PERIOD_SECONDS = 0.1


def share_of(memory_mb: float) -> float:
    """Return how much of a processor Lambda gives."""
    return memory_mb / WHOLE_PROCESSOR_MB


@contextlib.contextmanager
def slowed(pids: Sequence[int], share: float) -> Iterator[None]:
    """Let the processes run for `share` of each tenth of a second, for the length of the block.

    Harder than Lambda's own accounting: a process that waits uses nothing up there, and is stopped here.
    """
    over = threading.Event()

    def stop_and_go() -> None:
        try:
            while not over.is_set():
                _send(pids, signal.SIGCONT)
                time.sleep(_PERIOD_SECONDS * share)
                _send(pids, signal.SIGSTOP)
                time.sleep(_PERIOD_SECONDS * (1 - share))
        finally:
            _send(pids, signal.SIGCONT)

    thread = threading.Thread(target=stop_and_go, name="slowing")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _send(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
