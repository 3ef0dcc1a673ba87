"""Finds numbers that JSON does not have, or no reader of it can hold: NaN, infinity, integers beyond floats. Pure."""

import math
import sys
from collections.abc import Iterator
from typing import Any

type Place = tuple[str | int, ...]

_MOST = int(sys.float_info.max)


def not_finite(value: Any) -> Iterator[Place]:
    """Yield where in a value of dicts, sequences and sets a number stands that is not finite as a float."""
    left: list[tuple[Place, Any]] = [((), value)]
    while left:  # not by recursion: a body may be nested as deep as it can be read
        place, found = left.pop()
        if isinstance(found, float):
            if not math.isfinite(found):
                yield place
        elif isinstance(found, int):
            if abs(found) > _MOST:
                yield place
        elif isinstance(found, dict):
            left.extend(((*place, str(name)), member) for name, member in found.items())
        elif isinstance(found, list | tuple | set | frozenset):
            left.extend(((*place, number), member) for number, member in enumerate(found))
