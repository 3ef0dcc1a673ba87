"""The directory of one stack: a temporary one, removed even if its owner was killed, or one that is kept.

Processes end by themselves, see `local.supervisor`. Any that could not are ended with the directory that they use.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.processes import kill_all_with

_PREFIX = "unstuck-"
_LOCK = "owner.lock"
_held: dict[Path, int] = {}


def new_state() -> Path:
    """Make a directory, marked as in use while this process lives. Also removes abandoned ones."""
    _remove_abandoned()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    lock = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    _held[directory] = lock
    return directory


@contextlib.contextmanager
def kept_state(directory: Path, *, fresh: bool) -> Iterator[Path | None]:
    """Yield a directory that outlives its stack, held while the block runs; None if another process holds it.

    `fresh`: removes its old contents first.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        clear_tmpdir(directory.resolve() / "tmp")
        for found in directory.iterdir() if fresh else ():
            if found.name != _LOCK:
                shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()
        yield directory


def drop_state(directory: Path) -> None:
    """Remove a directory of `new_state`."""
    shutil.rmtree(directory, ignore_errors=True)
    if (lock := _held.pop(directory, None)) is not None:
        os.close(lock)


def clear_tmpdir(directory: Path) -> None:
    """End the processes that a killed owner left, and remove their directory. Only for the holder of the state's lock.

    Only they, and nothing else on the machine, have it as their TMPDIR.
    """
    kill_all_with("TMPDIR", str(directory))
    shutil.rmtree(directory, ignore_errors=True)


def _remove_abandoned() -> None:
    for found in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):  # its owner lives, or is another user, or it was removed meanwhile
            lock = os.open(found, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                clear_tmpdir(found.parent.resolve() / "tmp")
                shutil.rmtree(found.parent, ignore_errors=True)
            finally:
                os.close(lock)
