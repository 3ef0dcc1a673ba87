"""The cursor of a listing's next page: opaque to the caller, with one exact form.

A cursor holds only an id. A listing reads only its caller's partition, so a cursor can reach no other data.
"""

import base64
import binascii
import uuid

_FORM = 1


def encode(last_id: str) -> str:
    """Return the cursor after the entry with this id, a UUID: base64url without padding (RFC 4648)."""
    return base64.urlsafe_b64encode(bytes([_FORM]) + uuid.UUID(last_id).bytes).decode().rstrip("=")


def decode(cursor: str) -> str:
    """Return the id before the cursor. Raises ValueError for a text that `encode` did not make."""
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if len(data) != 17 or data[0] != _FORM:
        raise ValueError("not a cursor of this form")
    last_id = str(uuid.UUID(bytes=data[1:]))
    # Each id has exactly one cursor: Python's decoder would skip characters that are not base64.
    if encode(last_id) != cursor or last_id[14] != "7" or last_id[19] not in "89ab":
        raise ValueError("not a cursor of ours")
    return last_id
