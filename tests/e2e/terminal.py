"""The command line on its own terminal."""

import os
import pty
import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.owner import PATIENCE_SECONDS, eventually

UNSTUCK = Path(sys.executable).with_name("unstuck")


class Terminal:
    """A command on a terminal: what it has shown so far, and the keys that it is pressed."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.shown = ""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execve(UNSTUCK, [str(UNSTUCK), *arguments], environment | {"TERM": "xterm", "COLUMNS": "100"})  # noqa: S606

    def until(self, wanted: str) -> None:
        """Read until the wanted text has appeared, and forget everything before it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self.shown:
            assert time.monotonic() < deadline, f"{wanted!r} never came: {self.shown!r}"
            if select.select([self._fd], [], [], 0.2)[0]:
                self.shown += os.read(self._fd, 65536).decode(errors="replace")
        self.shown = self.shown.split(wanted, 1)[1]

    def press(self, keys: str) -> None:
        """Press keys once each of them is waited for; what is typed before is thrown away."""
        eventually(lambda: termios.tcgetattr(self._fd)[3] & termios.ICANON, lambda cooked: not cooked)
        os.write(self._fd, keys.encode())

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def end(self) -> int:
        """Return its exit code."""
        while True:
            try:
                if not os.read(self._fd, 65536):
                    break
            except OSError:  # the other end is gone
                break
        _, status = os.waitpid(self.pid, 0)
        os.close(self._fd)
        return os.waitstatus_to_exitcode(status)


@contextmanager
def terminal(environment: dict[str, str], *arguments: str) -> Iterator[Terminal]:
    shown = Terminal(environment, *arguments)
    try:
        yield shown
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(shown.pid, signal.SIGKILL)
            os.waitpid(shown.pid, 0)
