"""Pictures that a model drew: what is told of a stored one, and how a step's result names them. Holds no bytes.

A result's `images` are its pictures, each with the name that its object has below the generation's own prefix.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
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


def name_of(fence: int, step: str, number: int, content_type: str) -> str:
    """Return the name of the `number`th picture that the holder of `fence` draws in a step.

    The fence keeps a worker that has lost its generation from writing over what the next holder stored.
    """
    return f"k{fence}-{step}-{number}.{EXTENSIONS[content_type]}"


def is_keyed(name: str) -> bool:
    """Whether a picture was drawn since the hash that stands for its owner has a key. A copy keeps its name."""
    return name.startswith("k")


def pictures_in(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a step's result says of its pictures; none where it has no `images` of ours."""
    images = result.get("images")
    if not isinstance(images, list):
        return []
    return [image for image in images if isinstance(image, dict) and _NAME.fullmatch(str(image.get("name")))]
