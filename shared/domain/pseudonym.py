"""What stands for an owner outside of the table, where an id must not be shown: a hash with the deployment's own key.

Ids may be guessed, such as addresses of mail. Without the key nobody can tell by trying whom a hash stands for.
"""

import hashlib
import hmac


def keyed_hash(owner: str, key: str) -> str:
    """Return the 64 characters that stand for an owner in object names, in queues and at the model's provider."""
    return hmac.digest(key.encode(), owner.encode(), "sha256").hex()


def bare_hash(owner: str) -> str:
    """Return what stood for an owner before there was a key: only to find what is named by it still."""
    return hashlib.sha256(owner.encode()).hexdigest()


def pseudonym(owner: str, key: str) -> str:
    """Return what stands for an owner in logs: the begin of the hash that stands elsewhere."""
    return f"~{keyed_hash(owner, key)[:12]}" if owner else ""
