"""Returns the pictures of a succeeded generation as signed URLs, and decides when to renew them."""

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
    """The URLs are secrets while they are valid: only the response's body has them, and no log."""

    pictures: PictureStore
    clock: Clock
    url_seconds: float

    def shown(self, head: Generation, output: dict[str, Any]) -> dict[str, Any]:
        """Return `output` with a URL in place of each picture's name; unchanged if it has no stored pictures."""
        if not pictures_in(output):
            return output
        lifetime = timedelta(seconds=self.url_seconds)
        expires_at = iso(self.clock.now() + lifetime)  # computed before signing, so never later than the real expiry

        def signed(picture: Mapping[str, Any]) -> dict[str, Any]:
            url = self.pictures.picture_url(head.key, picture["name"])
            told = {name: value for name, value in picture.items() if name != "name"}
            return {"url": url, "expires_at": expires_at, **told}

        return with_pictures(output, signed)

    def dated(self, tag: str) -> str:
        """Return the ETag of a state whose body holds URLs. It changes with each half of their lifetime.

        After a 304, the caller's URLs are valid for at least the other half.
        """
        period = self.url_seconds / 2
        return f'{tag.removesuffix('"')}-{int(self.clock.now().timestamp() // period)}"'
