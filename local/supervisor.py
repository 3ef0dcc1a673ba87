"""Runs one command and ends it, with everything it started, when the process that asked for it ends in any way.

Started as a script by `local.processes` with the standard library alone. It must not know what it runs, and must not
import the project.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

PR_SET_PDEATHSIG = 1
INTERRUPTED = 130


def die_with_the_supervisor() -> None:
    """Runs in the child before the command: on Linux even a SIGKILL of the supervisor then ends the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def kill_group(pid: int) -> None:
    """Kill the command and every descendant that stayed in its process group, stopped ones too."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return


def supervise(argv: list[str]) -> int:
    """Run `argv` until it ends or stdin closes. The owner holds the other end of stdin: its death closes it in any
    case."""
    ended_by_owner = threading.Event()
    command = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_the_supervisor,  # noqa: PLW1509 - no thread runs yet
    )

    def end(_signal: int = 0, _frame: FrameType | None = None) -> None:
        ended_by_owner.set()
        kill_group(command.pid)

    def watch_owner() -> None:
        while os.read(0, 1024):
            pass
        end()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    threading.Thread(target=watch_owner, daemon=True).start()
    code = command.wait()
    kill_group(command.pid)  # children of a finished or crashed command
    return INTERRUPTED if ended_by_owner.is_set() else code


if __name__ == "__main__":
    # os._exit: the watching thread may sit in a read that nothing will end.
    os._exit(supervise(sys.argv[1:]) & 0xFF)
