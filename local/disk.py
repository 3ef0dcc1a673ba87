"""Checks whether a disk has room for the local stack, and whether a full disk caused a failure."""

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

NEEDED_MIB = 300
"""For one run, including its build: README's figure."""
_NONE_LEFT_MIB = 8
_FULL = {errno.ENOSPC, errno.EDQUOT}
_IN_WORDS = ("No space left on device", "Disk quota exceeded")


class FullError(RuntimeError):
    """A disk was full. The message says which, and what to do."""


def free_mib(folder: Path) -> int:
    """Return the free space on the disk of a folder, or of its nearest existing parent."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // 2**20


def too_little(folders: Sequence[Path]) -> str | None:
    """Return a sentence about the first folder whose disk has no room for a run; None if all have room."""
    for folder in folders:
        if (left := free_mib(folder)) < NEEDED_MIB:
            return (
                f"The disk of {folder} has {left} MiB left, and a run needs {NEEDED_MIB}. Free some space, "
                "then run it again."
            )
    return None


def was_full(failure: BaseException, folders: Sequence[Path]) -> str | None:
    """Return a sentence if a full disk caused a failure here or in a child, judged by its output; None otherwise."""
    full = [folder for folder in folders if free_mib(folder) < _NONE_LEFT_MIB]
    errors = isinstance(failure, OSError) and failure.errno in _FULL
    if not (errors or full or any(words in str(failure) for words in _IN_WORDS)):
        return None
    where = ", ".join(str(folder) for folder in full or folders)
    return f"The disk is full: {where}. A run needs {NEEDED_MIB} MiB. Free some space, then run it again."
