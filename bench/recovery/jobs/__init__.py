"""The same job for each peer: what runs in its workers, with the peer's package and httpx and nothing else of ours."""
