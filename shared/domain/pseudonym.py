"""What stands for an owner where an id must not be shown."""

import hashlib


def pseudonym(owner: str) -> str:
    """Return what stands for an owner whose id is not to be shown: the begin of its hash, as in the bucket's keys."""
    return f"~{hashlib.sha256(owner.encode()).hexdigest()[:12]}" if owner else ""
