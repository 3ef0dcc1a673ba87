"""The pictures of a generation: stored by its worker, handed out by signed URLs, copied for its successor."""

from collections.abc import Iterable
from typing import Any

from shared.domain.generation import Generation, StoredStep
from shared.domain.pictures import pictures_in
from shared.store.objects import key_of
from shared.store.reads import Base

_CACHED = "private, max-age=900, immutable"
"""A picture never changes; its URL is good for at most as long."""


class PictureWrites(Base):
    """What a stored step names is the truth. A picture that none names was drawn by a worker that died or lost its
    lease before it stored the step; the bucket's lifecycle rule deletes it."""

    __slots__ = ()

    def put_picture(self, head: Generation, name: str, data: bytes, content_type: str) -> None:
        """Store a picture under a name of `pictures.name_of`. Not fenced: the fence is in the name."""
        key = key_of(head.user_id, head.generation_id, name)
        self.objects.put(key, data, content_type, ContentDisposition="inline", CacheControl=_CACHED)

    def picture_url(self, user_id: str, generation_id: str, name: str) -> str:
        """Return a URL by which whoever holds it may read the picture, for `signed_url_seconds`."""
        return self.objects.signed_url(key_of(user_id, generation_id, name), self.settings.signed_url_seconds)

    def copy_pictures(self, old: Generation, new: Generation, steps: Iterable[StoredStep]) -> None:
        """Give `new` its own copies of the pictures that `old`'s steps name: they live as long as it does."""
        found: list[Any] = [picture["name"] for step in steps for picture in pictures_in(step.result)]
        for name in dict.fromkeys(found):
            source = key_of(old.user_id, old.generation_id, name)
            self.objects.copy(source, key_of(new.user_id, new.generation_id, name))
