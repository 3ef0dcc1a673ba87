"""Closes a call from another thread, and runs the event loop of one call.

Owns threads and loops. Knows no HTTP.
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
    """Ends its calls at once and for good, from any thread that calls `cancel`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._closers: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Close the running calls and let no more start. A second call does nothing."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            for close in self._closers:
                close()

    @contextmanager
    def closing(self, close: Callable[[], object]) -> Iterator[None]:
        """Call `close` if this is cancelled within the block, or now if it already was.

        `close` runs under the lock, so it is never called after the block has ended. It must not block.
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
    """Run `work` in its own event loop in this thread. Raises CallCanceledError if cancelled.

    It does not use `asyncio.run`, which waits at its end for the resolver's thread. Nothing can interrupt that thread,
    so an unresponsive name server would hold the call long past its deadline.
    """
    if cancellation.cancelled:
        raise CallCanceledError("nothing was started, because the call was already closed")
    loop = asyncio.new_event_loop()
    task = loop.create_task(work())
    failed: Exception | None = None
    try:
        with cancellation.closing(partial(loop.call_soon_threadsafe, task.cancel)):
            return loop.run_until_complete(task)
    except asyncio.CancelledError as canceled:
        let_go(canceled)
    except Exception as error:  # noqa: BLE001 - any error is raised below
        failed = error
    finally:
        task.cancel()
        _wind_down(loop)
        del task, work  # the task holds its error, which would hold this frame and so the task
    # Raised here and not above, so that no error of the loop becomes its context.
    failed = failed or CallCanceledError("the worker closed the call")
    let_go(failed)
    try:
        raise failed
    finally:
        del failed


def _wind_down(loop: asyncio.AbstractEventLoop) -> None:
    # A stream that is left early closes its generators in their own tasks. A closed or broken transport frees its
    # socket some turns of the loop later. Both would be lost with the loop.
    async def settle() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        await loop.shutdown_asyncgens()
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    loop.run_until_complete(settle())
    loop.close()
