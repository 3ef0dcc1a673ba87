"""Finds numbers that JSON does not have: NaN and the infinities. Pure."""

import math
from collections.abc import Iterator
from typing import Any

type Place = tuple[str | int, ...]


def not_finite(value: Any) -> Iterator[Place]:
    """Yield where in a value of dicts, sequences and sets a number stands that is not finite."""
    left: list[tuple[Place, Any]] = [((), value)]
    while left:  # not by recursion: a body may be nested as deep as it can be read
        place, found = left.pop()
        if isinstance(found, float):
            if not math.isfinite(found):
                yield place
        elif isinstance(found, dict):
            left.extend(((*place, str(name)), member) for name, member in found.items())
        elif isinstance(found, list | tuple | set | frozenset):
            left.extend(((*place, number), member) for number, member in enumerate(found))
