"""The Idempotency-Key of a request: how it is read, and what makes two requests the same. Stores nothing.

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
"""A key is remembered for a day; after that it is a new one."""

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*+)"')


@dataclass(frozen=True)
class IdempotencyKey:
    """An owner's own name for a request, and what it asks for. With another `secret` it is another request."""

    owner: str
    key: str
    asked: Mapping[str, Any]
    secret: str | None = field(default=None, repr=False)

    @cached_property
    def body_hash(self) -> bytes:
        """What is stored with the key. With a secret it is dear: ask for it only to compare it or to store it."""
        if self.secret is None:
            return hash_of(self.asked)
        return hash_of({**self.asked, "user_provided_key": slow_hash_of(self.secret, f"{self.owner} {self.key}")})


def read_key(header: str) -> str:
    """Return the key in a header: a structured field's quoted string (RFC 9651), or the same without quotes.

    Raises ValueError when it is not 1 to 255 visible ASCII characters.
    """
    text = header.strip(" \t")
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        text = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else ""
    if not _VISIBLE.fullmatch(text):
        raise ValueError("an idempotency key is 1 to 255 visible ASCII characters")
    return text


def slow_hash_of(secret: str, salt: str) -> str:
    """Return what tells `secret` from another, for a hash that is stored.

    Whoever reads the table can guess at what was hashed: each guess at a short key takes as long as this, some 70 ms
    of CPU and 16 MiB, and helps with no other salt.
    """
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


def hash_of(values: Mapping[str, Any]) -> bytes:
    """Return the hash of a validated request: order, white space and defaults left out make no difference."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
