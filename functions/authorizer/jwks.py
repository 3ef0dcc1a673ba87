"""The issuer's public keys by key id, cached in memory. Fetches them again if they are old or a key id is unknown.

Takes keys only from the configured address, and ignores a token's own references (`jku`, `jwk`, `x5u`).
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from functions.authorizer.settings import Algorithm
from shared.domain.clock import Clock
from shared.domain.errors import UnstuckError

_LOG = logging.getLogger(__name__)

FRESH_SECONDS = 300.0
"""The service accepts a withdrawn key no longer than this, plus the gateway's cache."""
BETWEEN_FETCHES_SECONDS = 60.0
"""Tokens with invented key ids, or an issuer that is down, cause at most one fetch a minute ..."""
WITHOUT_KEYS_SECONDS = 1.0
"""... but without any keys nobody gets in, so the next fetch comes sooner."""
USABLE_SECONDS = 24 * 3600.0
"""Keys that cannot be refreshed are trusted no longer than this."""

# The members of a public key of each type. A private key that was published by mistake stays unread.
_MEMBERS = {"RS256": ("kty", "n", "e"), "ES256": ("kty", "crv", "x", "y"), "EdDSA": ("kty", "crv", "x")}
_TYPES = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
_MIN_RSA_BITS = 2048


class KeysUnavailableError(UnstuckError):
    """The keys or the secret are not available, so no token can be verified. Says nothing about a single token."""


class Jwks:
    """The keys at `url` that can verify `algorithm`. `download` takes a URL and raises OSError or ValueError."""

    def __init__(self, url: str, algorithm: Algorithm, clock: Clock, download: Callable[[str], bytes]) -> None:
        self._url, self._algorithm = url, algorithm
        self._clock, self._download = clock, download
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, header: Mapping[str, Any]) -> jwt.PyJWK | None:
        """Return the key that the token's header names; None if it is unknown. Raises KeysUnavailableError."""
        key_id = header.get("kid")
        if not isinstance(key_id, str):
            return None
        now = self._clock.now().timestamp()
        if key_id not in self._keys or now - self._fetched_at > FRESH_SECONDS:
            self._refresh(now)
        if not self._keys:
            raise KeysUnavailableError("the issuer's keys cannot be had")
        return self._keys.get(key_id)

    def _refresh(self, now: float) -> None:
        pause = BETWEEN_FETCHES_SECONDS if self._keys else WITHOUT_KEYS_SECONDS
        if now - self._tried_at < pause:
            return
        self._tried_at = now
        try:
            keys = _parse(self._download(self._url), self._algorithm)
        except (OSError, ValueError, RecursionError) as error:
            _LOG.warning("the issuer's keys cannot be had: %s", type(error).__name__)
            if now - self._fetched_at > USABLE_SECONDS:
                self._keys = {}
            return
        if not keys:
            _LOG.warning("the issuer publishes no key for %s", self._algorithm)
        self._keys, self._fetched_at = keys, now


def _parse(content: bytes, algorithm: Algorithm) -> Mapping[str, jwt.PyJWK]:
    """Return the usable keys of a set. Raises ValueError if it is not a key set. Skips invalid keys."""
    document = json.loads(content)
    if not (isinstance(document, dict) and isinstance(document.get("keys"), list)):
        raise ValueError("not a key set")
    found: dict[str, jwt.PyJWK] = {}
    for entry in document["keys"]:
        if isinstance(entry, dict) and isinstance(entry.get("kid"), str) and _fits(entry, algorithm):
            try:
                key = jwt.PyJWK({name: entry[name] for name in _MEMBERS[algorithm]}, algorithm)
            except (jwt.PyJWTError, LookupError, TypeError, ValueError):
                continue
            if not (isinstance(key.key, RSAPublicKey) and key.key.key_size < _MIN_RSA_BITS):
                found.setdefault(entry["kid"], key)
    return found


def _fits(entry: Mapping[str, Any], algorithm: Algorithm) -> bool:
    """Whether a key may verify `algorithm`, according to its own fields (RFC 7517, section 4)."""
    return (
        (entry.get("kty"), entry.get("crv")) == _TYPES[algorithm]
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and "verify" in entry.get("key_ops", ["verify"])
    )
