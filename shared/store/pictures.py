"""The pictures of a generation. Its worker stores them, and signed URLs give access."""

from collections.abc import Iterable
from typing import Any

from shared.domain.generation import Generation, GenerationKey, StoredStep
from shared.domain.pictures import pictures_in
from shared.store.ground import Ground

_CACHED = "private, max-age=900, immutable"
"""A picture never changes, and its URL is valid for at most this long."""


class PictureStore:
    """Only pictures that a stored step names count. A worker that died or lost its lease before it stored the step
    leaves a picture that no step names. The bucket's lifecycle rule deletes it."""

    def __init__(self, ground: Ground) -> None:
        self._objects, self._settings = ground.objects, ground.settings

    def put_picture(self, head: Generation, name: str, data: bytes, content_type: str) -> None:
        """Store a picture under a name of `pictures.name_of`. Not fenced: the fence is in the name."""
        self._objects.put(
            self._objects.key_of_picture(head.key, name),
            data,
            content_type,
            ContentDisposition="inline",
            CacheControl=_CACHED,
        )

    def picture_url(self, key: GenerationKey, name: str) -> str:
        """Return a URL that lets its holder read the picture for `signed_url_seconds`."""
        return self._objects.signed_url(self._objects.key_of_picture(key, name), self._settings.signed_url_seconds)


def pictures_of(steps: Iterable[StoredStep]) -> list[str]:
    """Return the names of the pictures that the steps name, each once."""
    found: list[Any] = [picture["name"] for step in steps for picture in pictures_in(step.result)]
    return list(dict.fromkeys(found))
