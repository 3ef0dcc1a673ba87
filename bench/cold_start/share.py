"""Gives one process no more of a processor than Lambda does for its memory, from a moment on.

The kernel's own accounting where this machine lets us set a quota (cgroups, version 1 or 2), else stop and go.
"""

import contextlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bench.bill.slowing import share_of
from bench.cpu import cpu_seconds

PERIOD_SECONDS = 0.02
"""Lambda's own, as measured by others; AWS does not document it."""
_LOOK_SECONDS = 0.0005
_VERSION_1 = Path("/sys/fs/cgroup/cpu")
_VERSION_2 = Path("/sys/fs/cgroup")


@cache
def way() -> str:
    """Return how this machine does it: `cgroup v1 quota`, `cgroup v2 quota` or `stop and go`."""
    for root, name in ((_VERSION_1, "cgroup v1 quota"), (_VERSION_2, "cgroup v2 quota")):
        try:
            with _group(root) as group:
                _set_quota(group, 0.5)
        except OSError:
            continue
        return name
    return "stop and go"


@contextlib.contextmanager
def limited(pid: int, memory_mb: float, by: str | None = None) -> Iterator[None]:
    """Limit a process and its threads to Lambda's processor share for this memory, during the block."""
    by, share = by or way(), share_of(memory_mb)
    if by == "stop and go":
        with _stop_and_go(pid, share):
            yield
        return
    root = _VERSION_1 if by == "cgroup v1 quota" else _VERSION_2
    with _group(root) as group:
        _set_quota(group, share)
        (group / "cgroup.procs").write_text(str(pid))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # it may have ended
                (root / "cgroup.procs").write_text(str(pid))


@contextlib.contextmanager
def _group(root: Path) -> Iterator[Path]:
    group = Path(tempfile.mkdtemp(prefix="unstuck-bench-", dir=root))
    try:
        yield group
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    """Remove a group, which the kernel refuses for a moment after its last process has left it."""
    give_up = time.monotonic() + 5
    while True:
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)
        else:
            return


def _set_quota(group: Path, share: float) -> None:
    period = round(PERIOD_SECONDS * 1_000_000)
    quota = round(period * share)
    # Opened without O_CREAT: in a file system without such a file, the write must fail.
    if (group / "cpu.max").exists():
        _put(group / "cpu.max", f"{quota} {period}")
    else:
        _put(group / "cpu.cfs_period_us", str(period))
        _put(group / "cpu.cfs_quota_us", str(quota))


def _put(path: Path, text: str) -> None:
    with path.open("r+") as file:
        file.write(text)


@contextlib.contextmanager
def _stop_and_go(pid: int, share: float) -> Iterator[None]:
    """Let it run until a period's share is used up, and stop it until the next: as the kernel's quota does."""
    over = threading.Event()

    def watch() -> None:
        try:
            while not over.is_set():
                until = time.monotonic() + PERIOD_SECONDS
                allowed = cpu_seconds(pid) + PERIOD_SECONDS * share
                os.kill(pid, signal.SIGCONT)
                while time.monotonic() < until and cpu_seconds(pid) < allowed:
                    time.sleep(_LOOK_SECONDS)
                # It waits for the time that it used beyond its share.
                debt = max(0.0, cpu_seconds(pid) - allowed) / share
                os.kill(pid, signal.SIGSTOP if time.monotonic() < until or debt else signal.SIGCONT)
                over.wait(max(0.0, until + debt - time.monotonic()))
        except (ProcessLookupError, OSError):
            return  # it has ended
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=watch, name="stop-and-go")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
