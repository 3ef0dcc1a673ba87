"""The issuer's keys: fetched rarely, fetched again when they must be, and never taken from anything odd."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from functions.authorizer.jwks import BETWEEN_FETCHES_SECONDS, FRESH_SECONDS, USABLE_SECONDS, Jwks, KeysUnavailableError
from functions.authorizer.tokens import TokenRefusedError
from tests.factories import FakeClock
from tests.tokens import Signer
from tests.unit.authorizer_world import World, signer


class Publisher:
    """The answer at the configured address; an OSError there is raised."""

    def __init__(self, content: Any) -> None:
        self.content, self.fetches = content, 0

    def __call__(self, url: str) -> bytes:
        assert url == "https://issuer.example/keys"
        self.fetches += 1
        if isinstance(self.content, Exception):
            raise self.content
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


def keys_of(content: Any, algorithm: Any = "ES256") -> tuple[Jwks, Publisher, FakeClock]:
    clock, publisher = FakeClock(), Publisher(content)
    return Jwks("https://issuer.example/keys", algorithm, clock, publisher), publisher, clock


def known(jwks: Jwks, key_id: str) -> bool:
    return jwks.find({"kid": key_id}) is not None


KEY = signer("ES256")


def test_a_thousand_tokens_cost_one_fetch() -> None:
    jwks, publisher, _ = keys_of({"keys": [KEY.jwk]})
    assert all(known(jwks, KEY.key_id) for _ in range(1000))
    assert publisher.fetches == 1


def test_made_up_key_ids_cause_one_fetch_a_minute_and_no_more() -> None:
    jwks, publisher, clock = keys_of({"keys": [KEY.jwk]})
    for second in range(180):
        assert not known(jwks, f"made-up-{second}")
        clock.pass_seconds(1)
    assert publisher.fetches == 180 / BETWEEN_FETCHES_SECONDS


def test_a_new_key_is_found_without_a_restart_and_the_old_one_ends_with_it() -> None:
    world = World("ES256")
    old, old_token = world.signer, world.token()
    assert world.verifier.verify(old_token).subject == "alice"
    world.signer = Signer("ES256")
    world.published = [world.signer.jwk, old.jwk]
    world.clock.pass_seconds(BETWEEN_FETCHES_SECONDS)
    assert world.verifier.verify(world.token()).subject == "alice"
    assert world.verifier.verify(old_token).subject == "alice", "while the issuer still publishes its key"
    world.published = [world.signer.jwk]
    world.clock.pass_seconds(FRESH_SECONDS + 1)
    assert world.reason(old_token) == "unknown_key"
    assert world.verifier.verify(world.token()).subject == "alice"


def test_a_key_that_was_taken_back_is_refused_within_minutes_though_nobody_shows_a_new_one() -> None:
    jwks, publisher, clock = keys_of({"keys": [KEY.jwk, Signer().jwk]})
    assert known(jwks, KEY.key_id)
    publisher.content = {"keys": [Signer().jwk]}
    clock.pass_seconds(FRESH_SECONDS)
    assert known(jwks, KEY.key_id)
    clock.pass_seconds(1)
    assert not known(jwks, KEY.key_id)


@pytest.mark.parametrize("trouble", [OSError("down"), TimeoutError(), ValueError(), b"<html>", b"[]", {"keys": 7}, b""])
def test_known_keys_go_on_working_while_the_issuer_is_in_trouble(trouble: Any) -> None:
    jwks, publisher, clock = keys_of({"keys": [KEY.jwk]})
    assert known(jwks, KEY.key_id)
    publisher.content = trouble
    for _ in range(60):
        clock.pass_seconds(60)
        assert known(jwks, KEY.key_id)
    assert publisher.fetches <= 1 + 60, "a fetch a minute at most"
    clock.pass_seconds(USABLE_SECONDS)
    with pytest.raises(KeysUnavailableError):
        known(jwks, KEY.key_id)


@pytest.mark.parametrize(
    "trouble", [OSError("down"), ValueError(), b"\xff", b"[" * 100_000, {"keys": []}, {}, {"keys": [7, None]}]
)
def test_without_keys_no_token_is_judged_and_they_are_tried_for_again_soon(trouble: Any) -> None:
    jwks, publisher, clock = keys_of(trouble)
    for _ in range(3):
        with pytest.raises(KeysUnavailableError):
            known(jwks, KEY.key_id)
    assert publisher.fetches == 1
    publisher.content = {"keys": [KEY.jwk]}
    clock.pass_seconds(1)
    assert known(jwks, KEY.key_id)


def test_an_issuer_that_is_down_is_no_verdict_on_a_token() -> None:
    """A refusal is kept by the gateway; an error is not."""
    world = World("ES256")
    world.published = []
    with pytest.raises(KeysUnavailableError):
        world.verifier.verify(world.token())
    assert not issubclass(KeysUnavailableError, TokenRefusedError)


ODD: list[dict[str, Any]] = [
    {"use": "enc"},
    {"alg": "ES384"},
    {"alg": "none"},
    {"alg": "HS256"},
    {"key_ops": ["sign"]},
    {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"},
    {"kty": "RSA"},
    {"crv": "P-384"},
    {"crv": "secp256k1"},
    {"x": "AAAA"},
    {"x": 7},
    {"y": None},
    {"y": "!!"},
    {"kid": None},
    {"kid": ["a"]},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_key_that_is_not_for_this_is_passed_over_and_spoils_no_other(odd: dict[str, Any]) -> None:
    other = Signer()
    jwks, _, _ = keys_of({"keys": [{**other.jwk, **odd}, KEY.jwk]})
    assert known(jwks, KEY.key_id)
    assert not known(jwks, other.key_id)


def test_a_key_that_says_little_about_itself_is_taken() -> None:
    bare = {name: value for name, value in KEY.jwk.items() if name in {"kty", "crv", "x", "y", "kid"}}
    assert known(keys_of({"keys": [bare]})[0], KEY.key_id)


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    world = World("ES256")
    world.published = [world.signer.jwk, Signer("ES256", world.signer.key_id).jwk]
    assert world.verifier.verify(world.token()).subject == "alice"


def test_a_private_key_that_was_published_by_mistake_still_only_verifies() -> None:
    world = World("ES256")
    world.published = [{**ECAlgorithm.to_jwk(world.signer.key, as_dict=True), "kid": world.signer.key_id}]
    assert "d" in world.published[0]
    key = Jwks("https://issuer.example/keys", "ES256", world.clock, world.fetch).find({"kid": world.signer.key_id})
    assert key is not None
    assert not hasattr(key.key, "sign")
    assert world.verifier.verify(world.token()).subject == "alice"


def test_an_rsa_key_that_can_be_broken_is_passed_over() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505 - refused
    entry = {**RSAAlgorithm.to_jwk(weak, as_dict=True), "kid": "weak"}
    jwks, _, _ = keys_of({"keys": [entry, signer("RS256").jwk]}, "RS256")
    assert not known(jwks, "weak")
    assert known(jwks, signer("RS256").key_id)
