"""Finds numbers that JSON cannot hold or readers cannot represent: NaN, infinity, integers beyond floats. Pure."""

import math
import sys
from collections.abc import Iterator
from typing import Any

type Place = tuple[str | int, ...]

_MOST = int(sys.float_info.max)


def not_finite(value: Any) -> Iterator[Place]:
    """Yield the place of each number in dicts, sequences and sets that is not finite as a float."""
    left: list[tuple[Place, Any]] = [((), value)]
    while left:  # no recursion: a body may be nested as deep as JSON can be read
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
