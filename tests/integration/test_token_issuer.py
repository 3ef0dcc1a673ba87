"""The local token issuer: its tokens verify against what it publishes, and only those."""

import time
from collections.abc import Iterator

import httpx
import jwt
import pytest

from local.token_issuer import TokenIssuer

AUDIENCE = "unstuck-local"


@pytest.fixture(scope="module")
def issuer() -> Iterator[TokenIssuer]:
    with TokenIssuer() as running:
        yield running


def verify(issuer: TokenIssuer, token: str, audience: str = AUDIENCE) -> dict[str, object]:
    """The steps of a resource server: discovery, keys, the key that the token names, only RS256."""
    document = httpx.get(f"{issuer.issuer}/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(httpx.get(document["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(
        token, key, algorithms=["RS256"], audience=audience, issuer=document["issuer"]
    )
    return claims


def test_a_token_verifies_against_the_published_keys(issuer: TokenIssuer) -> None:
    claims = verify(issuer, issuer.token("alice", scope="read", ttl_seconds=60))
    assert (claims["sub"], claims["scope"]) == ("alice", "read")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_route_mints_a_token_from_a_query_or_a_form(issuer: TokenIssuer, method: str) -> None:
    asked = {"sub": "böb", "aud": "other", "ttl": "60"}
    how = {"params": asked} if method == "GET" else {"data": asked}
    answer = httpx.request(method, f"{issuer.issuer}/token", **how).json()  # type: ignore[arg-type]
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 60)
    assert verify(issuer, answer["access_token"], "other")["sub"] == "böb"


def test_a_negative_ttl_makes_an_expired_token(issuer: TokenIssuer) -> None:
    answer = httpx.get(f"{issuer.issuer}/token", params={"sub": "alice", "ttl": "-60"}).json()
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(issuer, answer["access_token"])


def test_another_audience_is_refused_by_who_verifies(issuer: TokenIssuer) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        verify(issuer, issuer.token("alice", audience="somebody-else"))


def test_the_token_of_another_issuer_has_a_key_nobody_here_knows(issuer: TokenIssuer) -> None:
    with TokenIssuer() as other:
        forged = other.token("alice", iss=issuer.issuer)
        assert other.jwk["kid"] != issuer.jwk["kid"]
    with pytest.raises(KeyError):
        verify(issuer, forged)


def test_the_published_key_is_public_alone(issuer: TokenIssuer) -> None:
    (key,) = httpx.get(f"{issuer.issuer}/.well-known/jwks.json").json()["keys"]
    assert key.keys() == {"kty", "n", "e", "kid", "use", "alg", "key_ops"}


@pytest.mark.parametrize("query", ["", "sub=", "sub=alice&ttl=soon"])
def test_a_request_without_a_subject_or_with_a_strange_ttl_is_a_400(issuer: TokenIssuer, query: str) -> None:
    assert httpx.get(f"{issuer.issuer}/token?{query}").status_code == 400


def test_pages_of_loopback_may_read_the_answer_and_others_may_not(issuer: TokenIssuer) -> None:
    url = f"{issuer.issuer}/token?sub=alice"
    near = httpx.get(url, headers={"Origin": "http://localhost:5173"})
    far = httpx.get(url, headers={"Origin": "https://evil.example"})
    assert near.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "access-control-allow-origin" not in far.headers


def test_minting_is_quick_enough_for_every_test_to_do_it(issuer: TokenIssuer) -> None:
    began = time.monotonic()
    tokens = {issuer.token("alice") for _ in range(20)}
    assert len(tokens) == 20
    assert time.monotonic() - began < 10
