"""An issuer without a network and a verifier that is configured for it, at a time that tests turn."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from functions.authorizer.jwks import Jwks
from functions.authorizer.settings import Algorithm, Settings
from functions.authorizer.tokens import TokenRefusedError, TokenVerifier
from tests.factories import FakeClock
from tests.tokens import Signer

ISSUER = "https://project.supabase.co/auth/v1"
AUDIENCE = "authenticated"
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256", "EdDSA")


@cache
def signer(algorithm: str) -> Signer:
    """The issuer's key, made once: RSA's takes a tenth of a second."""
    return Signer(algorithm)


@dataclass
class World:
    """An issuer, and a verifier that is configured for it."""

    algorithm: Algorithm

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.now = int(self.clock.now().timestamp())
        self.signer = signer(self.algorithm)
        self.settings = Settings(ISSUER, AUDIENCE, self.algorithm, jwks_url=f"{ISSUER}/.well-known/jwks.json")
        self.fetched: list[str] = []
        self.published = [self.signer.jwk]
        self.verifier = TokenVerifier(
            self.settings, Jwks(self.settings.jwks_url, self.algorithm, self.clock, self.fetch), self.clock
        )

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        return json.dumps({"keys": self.published}).encode()

    def claims(self, **more: Any) -> dict[str, Any]:
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": self.now, "exp": self.now + 3600, **more}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, **more: Any) -> str:
        return self.signer.sign(self.claims(**more))

    def reason(self, token: str) -> str:
        """Why a token is refused; fails when it is not."""
        with pytest.raises(TokenRefusedError) as refused:
            self.verifier.verify(token)
        return refused.value.reason
