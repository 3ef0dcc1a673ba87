"""Ends the pause of a flow from another thread, whether that flow runs in a thread or on an event loop."""

import threading
from collections.abc import Callable
from contextlib import suppress

import anyio
import anyio.lowlevel
from anyio import from_thread


class Bell:
    """Stays rung until it is heard, so that a ring between two pauses ends the second. Has one listener."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._wake: Callable[[], None] | None = None

    def ring(self) -> None:
        """End the running pause, otherwise the next one. Hold no lock here that a listener may wait for."""
        self._rung.set()
        if (wake := self._wake) is not None:
            with suppress(RuntimeError):  # the loop is gone, and its listener with it
                wake()

    def wait(self, seconds: float) -> bool:
        """Pause; return whether it rang."""
        rung = self._rung.wait(seconds)
        self._rung.clear()
        return rung

    async def wait_async(self, seconds: float) -> bool:
        """Pause without blocking the event loop; return whether it rang."""
        woken, token = anyio.Event(), anyio.lowlevel.current_token()
        loop = threading.get_ident()

        def wake() -> None:
            woken.set() if threading.get_ident() == loop else from_thread.run_sync(woken.set, token=token)

        self._wake = wake
        try:
            if not self._rung.is_set():
                with anyio.move_on_after(seconds):
                    await woken.wait()
        finally:
            self._wake = None
        rung = self._rung.is_set()
        self._rung.clear()
        return rung
