"""Our status with Python's default frequency of garbage collection."""

import gc

_THRESHOLD, *_ = gc.get_threshold()

import shared  # noqa: E402, F401 - it changes the threshold

gc.set_threshold(_THRESHOLD)

from functions.status.handler import handler  # noqa: E402

__all__ = ["handler"]
