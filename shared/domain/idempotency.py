"""The Idempotency-Key of a request: reads it, and decides when two requests are the same. Stores nothing.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

KEY_SECONDS = 24 * 3600
"""The service remembers a key for a day. After that it counts as new."""

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*+)"')


@dataclass(frozen=True)
class IdempotencyKey:
    """An owner's key for a request, and what the request asks for. A different `secret` makes it a different
    request."""

    owner: str
    key: str
    asked: Mapping[str, Any]
    secret: str | None = field(default=None, repr=False)

    @cached_property
    def body_hash(self) -> bytes:
        """The hash stored with the key. With a secret it is slow to compute: use it only to compare or store."""
        if self.secret is None:
            return hash_of(self.asked)
        return hash_of({**self.asked, "user_provided_key": slow_hash_of(self.secret, f"{self.owner} {self.key}")})


def read_key(header: str) -> str:
    """Return the key in a header: a quoted string of a structured field (RFC 9651), or the same without quotes.

    Raises ValueError if it is not 1 to 255 visible ASCII characters.
    """
    text = header.strip(" \t")
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        text = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else ""
    if not _VISIBLE.fullmatch(text):
        raise ValueError("an idempotency key is 1 to 255 visible ASCII characters")
    return text


def slow_hash_of(secret: str, salt: str) -> str:
    """Return a value that tells `secret` from another, for the stored hash.

    A reader of the table could guess secrets. Each guess costs as much as this, some 70 ms of CPU and 16 MiB, and is no
    use for another salt.
    """
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


def hash_of(values: Mapping[str, Any]) -> bytes:
    """Return the hash of a validated request. Order, white space and omitted defaults make no difference."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
