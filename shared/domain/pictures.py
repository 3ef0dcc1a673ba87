"""Pictures that a model drew: what is told of a stored one, and how a step's result names them. Holds no bytes.

A picture is known by its form, wherever in a result it stands; its name is its object's below the generation's prefix.
"""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

EXTENSIONS: Mapping[str, str] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""The types of pictures that are taken from a model. An SVG may hold scripts, and is none of them."""

_NAME = re.compile(rf"k?[0-9]{{1,9}}-[a-z0-9_.-]{{1,40}}-[0-9]{{1,3}}\.({'|'.join(EXTENSIONS.values())})")


@dataclass(frozen=True, slots=True)
class Picture:
    """One stored picture. `name` is unique within its generation; `bytes`, `width` and `height` are counted."""

    name: str
    content_type: str
    bytes: int
    sha256: str
    width: int
    height: int


_FIELDS = {each.name for each in fields(Picture)}


def name_of(fence: int, step: str, number: int, content_type: str) -> str:
    """Return the name of the `number`th picture that the holder of `fence` draws in a step.

    The fence keeps a worker that has lost its generation from writing over what the next holder stored.
    """
    return f"k{fence}-{step}-{number}.{EXTENSIONS[content_type]}"


def is_keyed(name: str) -> bool:
    """Whether a picture was drawn since the hash that stands for its owner has a key. A copy keeps its name."""
    return name.startswith("k")


def pictures_in(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a step's result says of its pictures, in the result's order."""
    return [container[place] for container, place in _places(result)]


def with_pictures(result: Mapping[str, Any], shown: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the result with each picture as `shown` makes it; the result itself stays as it is."""
    whole = copy.deepcopy(dict(result))
    for container, place in _places(whole):
        container[place] = shown(container[place])
    return whole


def _places(result: Mapping[str, Any]) -> list[tuple[Any, str | int]]:
    """Return where pictures stand: the object or list that holds one, and its key there."""
    found: list[tuple[Any, str | int]] = []
    left: list[Any] = [result]
    while left:  # not by recursion: a result may be nested as deep as it can be read
        container = left.pop()
        pairs = container.items() if isinstance(container, Mapping) else enumerate(container)
        inner = []
        for place, value in pairs:
            if _is_picture(value):
                found.append((container, place))
            elif isinstance(value, dict | list):
                inner.append(value)
        left.extend(reversed(inner))
    return found


def _is_picture(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == _FIELDS and _NAME.fullmatch(str(value["name"])) is not None
