"""The pseudonym of an owner outside the table, where the id must not appear: a hash with the deployment's own key.

Ids such as mail addresses can be guessed. Without the key, nobody can find the owner of a hash by trying ids.
"""

import hashlib
import hmac


def keyed_hash(owner: str, key: str) -> str:
    """Return the owner's 64-character pseudonym for object names, queues and the model's provider."""
    return hmac.digest(key.encode(), owner.encode(), "sha256").hex()


def bare_hash(owner: str) -> str:
    """Return the owner's pseudonym from before the key. Only for finding objects that still have it in their name."""
    return hashlib.sha256(owner.encode()).hexdigest()


def pseudonym(owner: str, key: str) -> str:
    """Return the owner's pseudonym for logs: the first characters of the hash."""
    return f"~{keyed_hash(owner, key)[:12]}" if owner else ""
