"""The temporary directory of one stack, and the removal of those whose owner was killed.

Owns directories alone; processes end by themselves, see `local.supervisor`.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "unstuck-"
_LOCK = "owner.lock"
_held: dict[Path, int] = {}


def new_state() -> Path:
    """A new directory, marked as in use for as long as this process lives; abandoned ones go on the way."""
    _remove_abandoned()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    lock = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    _held[directory] = lock
    return directory


def drop_state(directory: Path) -> None:
    """Remove a directory of `new_state`."""
    shutil.rmtree(directory, ignore_errors=True)
    if (lock := _held.pop(directory, None)) is not None:
        os.close(lock)


def _remove_abandoned() -> None:
    for found in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):  # its owner lives, is another user, or it was removed meanwhile
            lock = os.open(found, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(found.parent, ignore_errors=True)
            finally:
                os.close(lock)
