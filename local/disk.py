"""Whether a disk has room for the local stack, and whether a failure was for want of it."""

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

NEEDED_MIB = 300
"""For one run, its build included: README's figure."""
_NONE_LEFT_MIB = 8
_FULL = {errno.ENOSPC, errno.EDQUOT}
_IN_WORDS = ("No space left on device", "Disk quota exceeded")


class FullError(RuntimeError):
    """The disk was full; the message says which and what to do. Its cause is what failed for want of room."""


def free_mib(folder: Path) -> int:
    """Return what the disk of a folder has left, or that of the nearest folder above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // 2**20


def too_little(folders: Sequence[Path]) -> str | None:
    """Return a sentence on the first folder whose disk has no room for a run; None where there is room."""
    for folder in folders:
        if (left := free_mib(folder)) < NEEDED_MIB:
            return (
                f"The disk of {folder} has {left} MiB left, and a run needs {NEEDED_MIB}. Free some and run it again."
            )
    return None


def was_full(failure: BaseException, folders: Sequence[Path]) -> str | None:
    """Return a sentence when a failure comes of a full disk, here or in a child, by its output; None otherwise."""
    full = [folder for folder in folders if free_mib(folder) < _NONE_LEFT_MIB]
    errors = isinstance(failure, OSError) and failure.errno in _FULL
    if not (errors or full or any(words in str(failure) for words in _IN_WORDS)):
        return None
    where = ", ".join(str(folder) for folder in full or folders)
    return f"The disk is full: {where}. A run needs {NEEDED_MIB} MiB. Free some and run it again."
