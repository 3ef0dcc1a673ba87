"""Closing a call from another thread, and the event loop that one call runs in.

Owns threads and loops; knows nothing of HTTP.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from functions.process.provider.frames import let_go
from shared.domain.errors import CallCanceledError

_TURNS = 5


class Cancellation:
    """Ends the calls it was given to, at once and for good, from whichever thread calls `cancel`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._closers: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Close what runs under this and let nothing more start. A second time does nothing."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            for close in self._closers:
                close()

    @contextmanager
    def closing(self, close: Callable[[], object]) -> Iterator[None]:
        """Have `close` called when this is cancelled within the block, or now if it was before.

        `close` runs under the lock, so that it is never called after the block has ended: it must not wait.
        """
        with self._lock:
            self._closers.append(close)
            if self._cancelled:
                close()
        try:
            yield
        finally:
            with self._lock:
                self._closers.remove(close)


def run_until_cancelled[T](work: Callable[[], Coroutine[Any, Any, T]], cancellation: Cancellation) -> T:
    """Run `work` in an event loop of its own in this thread. Raises CallCanceledError when cancelled.

    `asyncio.run` is not used: on its way out it waits for the resolver's thread, which nothing can interrupt, so a
    name server that does not answer would hold the call long past its deadline.
    """
    if cancellation.cancelled:
        raise CallCanceledError("nothing was started: the call was closed before")
    loop = asyncio.new_event_loop()
    task = loop.create_task(work())
    failed: Exception | None = None
    try:
        with cancellation.closing(partial(loop.call_soon_threadsafe, task.cancel)):
            return loop.run_until_complete(task)
    except asyncio.CancelledError as canceled:
        let_go(canceled)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
        failed = error
    finally:
        task.cancel()
        _wind_down(loop)
        del task, work  # the task holds its error, which would hold this frame, and so the task
    # Raised here and not above: no error of the loop's hangs on it as its context.
    failed = failed or CallCanceledError("the call was closed on our side")
    let_go(failed)
    try:
        raise failed
    finally:
        del failed


def _wind_down(loop: asyncio.AbstractEventLoop) -> None:
    # A stream that was left early closes its generators in tasks of their own, and a transport that is closed, or
    # broken while it is closed, frees its socket some turns of the loop later: all would be lost with the loop.
    async def settle() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        await loop.shutdown_asyncgens()
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    loop.run_until_complete(settle())
    loop.close()
