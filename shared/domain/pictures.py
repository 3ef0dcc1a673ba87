"""Pictures that a model drew: the facts of a stored picture, and how a step's result names it. Holds no bytes.

Code finds a picture by its form, anywhere in a result. Its name is that of its object below the generation's prefix.
"""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

EXTENSIONS: Mapping[str, str] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""The picture types that the worker accepts from a model. SVG is not among them, because it may hold scripts."""

_NAME = re.compile(rf"k?[0-9]{{1,9}}-[a-z0-9_.-]{{1,40}}-[0-9]{{1,3}}\.({'|'.join(EXTENSIONS.values())})")


@dataclass(frozen=True, slots=True)
class Picture:
    """One stored picture. `name` is unique within its generation; `bytes`, `width` and `height` are measured."""

    name: str
    content_type: str
    bytes: int
    sha256: str
    width: int
    height: int


_FIELDS = {each.name for each in fields(Picture)}


def name_of(fence: int, step: str, number: int, content_type: str) -> str:
    """Return the name of the `number`th picture that the holder of `fence` draws in a step.

    The fence keeps a worker that lost its generation from overwriting the next holder's picture.
    """
    return f"k{fence}-{step}-{number}.{EXTENSIONS[content_type]}"


def is_keyed(name: str) -> bool:
    """Whether a picture was drawn after the owner's hash got a key. A copy keeps its name."""
    return name.startswith("k")


def pictures_in(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the pictures in a step's result, in the result's order."""
    return [container[place] for container, place in _places(result)]


def with_pictures(result: Mapping[str, Any], shown: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    """Return a copy of the result with each picture replaced by `shown` of it."""
    whole = copy.deepcopy(dict(result))
    for container, place in _places(whole):
        container[place] = shown(container[place])
    return whole


def _places(result: Mapping[str, Any]) -> list[tuple[Any, str | int]]:
    """Return the place of each picture: the object or list that holds it, and its key there."""
    found: list[tuple[Any, str | int]] = []
    left: list[Any] = [result]
    while left:  # no recursion: a result may be nested as deep as JSON can be read
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
