"""Attacks on tokens: whatever a token says about its algorithm or its key, it does not get in."""

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tokens import Signer, segment, signed_by_hmac, unsigned
from tests.unit.authorizer_world import ALGORITHMS, World


@pytest.fixture(params=ALGORITHMS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One of each algorithm, which at the end still takes a good token, and has fetched from nowhere else."""
    fresh = World(request.param)
    yield fresh
    assert fresh.verifier.verify(fresh.token()).subject == "alice"
    assert set(fresh.fetched) == {fresh.settings.jwks_url}


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "", "null"])
def test_a_token_without_a_signature_is_refused_however_it_spells_none(world: World, algorithm: str) -> None:
    good = world.token()
    kid = world.signer.key_id
    for signature in ("", "AAAA", good.rpartition(".")[2]):
        assert world.reason(unsigned(world.claims(), algorithm, signature, kid=kid)) in {"algorithm", "malformed"}


@pytest.mark.parametrize("algorithm", [None, 7, True, ["ES256"], {"ES256": 1}])
def test_an_algorithm_that_is_no_word_is_refused(world: World, algorithm: Any) -> None:
    assert world.reason(unsigned(world.claims(), algorithm, "AAAA", kid=world.signer.key_id)) == "algorithm"


def test_the_public_key_is_no_secret_to_sign_with(world: World) -> None:
    jwk, kid = world.signer.jwk, world.signer.key_id
    known = [world.signer.pem, world.signer.pem.strip(), json.dumps(jwk).encode(), json.dumps({"keys": [jwk]}).encode()]
    known += [str(jwk.get("n") or jwk["x"]).encode(), b""]
    for secret in known:
        assert world.reason(signed_by_hmac(world.claims(), secret, kid=kid)) == "algorithm"


def test_an_hmac_that_calls_itself_the_right_algorithm_is_no_signature(world: World) -> None:
    forged = signed_by_hmac(world.claims(), world.signer.pem, kid=world.signer.key_id, alg=world.algorithm)
    assert world.reason(forged) in {"signature", "malformed"}


def test_another_algorithm_than_the_configured_one_is_refused_with_the_issuers_own_key_too(world: World) -> None:
    for algorithm in {"ES256", "RS256", "EdDSA"} - {world.algorithm}:
        other = Signer(algorithm, world.signer.key_id)
        world.published.insert(0, other.jwk)
        assert world.reason(other.sign(world.claims())) == "algorithm"
    if world.algorithm == "RS256":
        for algorithm in ("PS256", "RS512"):
            token = jwt.encode(world.claims(), world.signer.key, algorithm, {"kid": world.signer.key_id})
            assert world.reason(token) == "algorithm"


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c"])
def test_a_key_that_the_token_brings_along_is_not_looked_at(world: World, member: str) -> None:
    own = Signer(world.algorithm, "of-the-attacker")
    brought = {"jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/chain.pem"}
    header = {member: {"jwk": own.jwk, "x5c": [segment(own.pem)]}.get(member) or brought[member]}
    assert world.reason(own.sign(world.claims(), **header)) == "unknown_key"
    assert world.reason(own.sign(world.claims(), **header, kid=world.signer.key_id)) == "signature"
    ignored = world.signer.sign(world.claims(), **header)
    assert world.verifier.verify(ignored).subject == "alice", "ignored, where the signature is the issuer's"


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",
        "/etc/passwd",
        "' OR '1'='1",
        "x'; DROP TABLE keys; --",
        "https://evil.example/jwks.json",
        "${jndi:ldap://evil.example}",
        "\x00",
        "k" * 6000,
        "",
    ],
)
def test_a_strange_key_id_is_just_an_unknown_one(world: World, kid: str) -> None:
    own = Signer(world.algorithm, kid)
    assert world.reason(own.sign(world.claims())) in {"unknown_key", "too_large"}
    assert world.reason(signed_by_hmac(world.claims(), b"", kid=kid)) in {"algorithm", "too_large"}


@pytest.mark.parametrize("kid", [None, 1, ["a"], {"a": 1}, True])
def test_a_key_id_that_is_no_text_is_refused(world: World, kid: Any) -> None:
    assert world.reason(unsigned(world.claims(), world.algorithm, "AAAA", kid=kid)) in {"malformed", "unknown_key"}


def test_a_token_without_a_key_id_is_refused_and_fetches_nothing(world: World) -> None:
    assert world.reason(unsigned(world.claims(), world.algorithm, "AAAA")) == "unknown_key"
    assert world.fetched == []


def test_a_signature_of_another_key_under_the_right_id_is_refused(world: World) -> None:
    assert world.reason(Signer(world.algorithm, world.signer.key_id).sign(world.claims())) == "signature"


def test_a_changed_claim_or_header_breaks_the_signature(world: World) -> None:
    header, _, signature = world.token().split(".")
    assert world.reason(f"{header}.{segment(world.claims(sub='mallory'))}.{signature}") == "signature"
    _, claims, _ = world.token().split(".")
    other = segment({"alg": world.algorithm, "kid": world.signer.key_id, "typ": "at+jwt"})
    assert world.reason(f"{other}.{claims}.{signature}") == "signature"


def test_a_giant_token_is_refused_before_it_is_read(world: World) -> None:
    assert world.reason(world.token(padding="x" * 8192)) == "too_large"
    assert world.reason("x" * 10_000_000) == "too_large"
    assert world.fetched == []


@pytest.mark.parametrize("critical", [["b64"], ["exp"], [], "b64", ["unknown"]])
def test_a_critical_extension_is_refused(world: World, critical: Any) -> None:
    header = {"kid": world.signer.key_id, "crit": critical, "b64": True, "unknown": 1}
    body = f"{segment({'alg': world.algorithm, **header})}.{segment(world.claims())}"
    algorithm = jwt.get_algorithm_by_name(world.algorithm)
    signature = segment(algorithm.sign(body.encode(), world.signer.key))
    assert world.reason(f"{body}.{signature}") in {"critical_extension", "malformed"}


def test_a_payload_that_is_left_out_is_refused(world: World) -> None:
    header = segment({"alg": world.algorithm, "kid": world.signer.key_id, "b64": False, "crit": ["b64"]})
    assert world.reason(f"{header}..AAAA") in {"critical_extension", "malformed"}


def test_a_header_that_is_nested_without_end_is_refused(world: World) -> None:
    assert world.reason(f"{segment(b'[' * 5000)}.{segment({})}.AAAA") == "malformed"


GARBLED = World("ES256")


@given(st.text(st.sampled_from("ABCabc019-_.=. é\x00"), max_size=60))
@settings(deadline=None, max_examples=200)
def test_no_text_at_all_gets_in_or_breaks_the_verifier(text: str) -> None:
    GARBLED.reason(text)


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.text(max_size=3))


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "cty"]), ANY), ANY)
@settings(deadline=None, max_examples=200)
def test_no_header_and_no_claims_get_in_without_a_signature(header: dict[str, Any], claims: Any) -> None:
    GARBLED.reason(f"{segment(header)}.{segment(claims)}.{segment(b'x' * 64)}")
