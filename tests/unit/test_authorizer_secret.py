"""HS256, as older Supabase projects sign: the secret is the one key, and no public key ever is."""

from typing import Any

import jwt
import pytest

from functions.authorizer.settings import Settings
from functions.authorizer.tokens import TokenRefusedError, TokenVerifier
from tests.tokens import Signer, signed_by_hmac, unsigned
from tests.unit.authorizer_world import ALGORITHMS, AUDIENCE, ISSUER, World

SECRET = b"a-secret-of-more-than-32-bytes-that-only-tests-know"


class OneSecret:
    """The answer that functions/authorizer/secret.py reads from SSM."""

    def find(self, _header: Any) -> bytes:
        return SECRET


WORLD = World("ES256")
VERIFIER = TokenVerifier(Settings(ISSUER, AUDIENCE, "HS256", secret_parameter="/s"), OneSecret(), WORLD.clock)


def refused(token: str) -> str:
    with pytest.raises(TokenRefusedError) as refused:
        VERIFIER.verify(token)
    return refused.value.reason


def test_a_token_signed_with_the_secret_gets_in_whatever_key_it_names() -> None:
    claims = WORLD.claims(role="authenticated")
    for header in ({}, {"kid": "old"}):
        assert VERIFIER.verify(jwt.encode(claims, SECRET, "HS256", header)).subject == "alice"


def test_a_token_signed_with_another_secret_is_refused() -> None:
    for secret in (b"x" * 40, SECRET[:-1], SECRET + b"\n", b""):
        assert refused(signed_by_hmac(WORLD.claims(), secret)) == "signature"


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_hash_is_refused(algorithm: str) -> None:
    assert refused(jwt.encode(WORLD.claims(), SECRET * 2, algorithm)) == "algorithm"


def test_no_key_pair_and_no_missing_signature_gets_in() -> None:
    for algorithm in ALGORITHMS:
        assert refused(Signer(algorithm).sign(WORLD.claims())) == "algorithm"
    assert refused(unsigned(WORLD.claims(), "none")) in {"algorithm", "malformed"}


def test_the_projects_own_keys_for_pages_and_servers_are_no_users() -> None:
    """Supabase's `anon` and `service_role` keys are HS256 tokens of the same secret, good for ten years."""
    for role in ("anon", "service_role"):
        own = {
            "iss": "supabase",
            "ref": "project",
            "role": role,
            "iat": WORLD.now,
            "exp": WORLD.now + 10**8,
        }
        assert refused(jwt.encode(own, SECRET, "HS256")) == "issuer"
