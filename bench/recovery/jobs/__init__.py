"""The same job for each peer: its workers run this with the peer's package and httpx, and none of our other code."""
