"""Hands out the pictures of a succeeded generation as signed URLs, and tells when they must be given anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.domain.clock import Clock
from shared.domain.generation import Generation
from shared.domain.pictures import pictures_in, with_pictures
from shared.store.pictures import PictureStore
from shared.view.view import iso


@dataclass(frozen=True, slots=True)
class PictureLinks:
    """The URLs are secrets as long as they are good: they stand in the answer's body, and in no log."""

    pictures: PictureStore
    clock: Clock
    url_seconds: float

    def shown(self, head: Generation, output: dict[str, Any]) -> dict[str, Any]:
        """Return `output` with a URL in place of each picture's name; as it is where it has no pictures of ours."""
        if not pictures_in(output):
            return output
        lifetime = timedelta(seconds=self.url_seconds)
        expires_at = iso(self.clock.now() + lifetime)  # before they are signed: never later than the truth

        def signed(picture: Mapping[str, Any]) -> dict[str, Any]:
            url = self.pictures.picture_url(head.key, picture["name"])
            told = {name: value for name, value in picture.items() if name != "name"}
            return {"url": url, "expires_at": expires_at, **told}

        return with_pictures(output, signed)

    def dated(self, tag: str) -> str:
        """Return the tag of a state whose body holds URLs: another one with each half of their lifetime.

        Who is told 304 for it holds URLs that are good for the other half at least.
        """
        period = self.url_seconds / 2
        return f'{tag.removesuffix('"')}-{int(self.clock.now().timestamp() // period)}"'
