"""The required claims of a correctly signed token: the issuer, the audience, the times and the subject."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.authorizer.settings import Algorithm
from functions.authorizer.tokens import Caller, TokenRefusedError
from tests.unit.authorizer_world import ALGORITHMS, AUDIENCE, ISSUER, World


@pytest.fixture
def world() -> World:
    return World("ES256")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_the_issuer_for_this_audience_gets_in(algorithm: Algorithm) -> None:
    world = World(algorithm)
    assert world.verifier.verify(world.token(sub="bob")) == Caller("bob", world.now + 3600)


@pytest.mark.parametrize(
    "issuer",
    [
        None,
        "",
        "https://evil.example",
        f"{ISSUER}/",
        f"{ISSUER}.evil.example",
        f"{ISSUER}@evil.example",
        f"https://evil.example/?{ISSUER}",
        ISSUER[:-1],
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        f" {ISSUER}",
        [ISSUER],
        {ISSUER: 1},
        "supabase",
    ],
)
def test_an_issuer_that_is_not_exactly_the_configured_one_is_refused(world: World, issuer: Any) -> None:
    assert world.reason(world.signer.sign(_raw(world, iss=issuer))) == "issuer"


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "",
        "anon",
        "authenticated2",
        "authenticate",
        "AUTHENTICATED",
        [],
        ["anon", "other"],
        [["authenticated"]],
        {"authenticated": 1},
        "anon,authenticated",
        "anon authenticated",
        7,
        [None],
    ],
)
def test_a_token_for_somebody_else_is_refused(world: World, audience: Any) -> None:
    assert world.reason(world.signer.sign(_raw(world, aud=audience))) == "audience"


def test_one_of_several_audiences_may_be_this_one(world: World) -> None:
    assert world.verifier.verify(world.token(aud=["https://other.example", AUDIENCE])).subject == "alice"


def test_a_client_id_is_no_audience_unless_that_is_configured(world: World) -> None:
    assert world.reason(world.token(aud=None, client_id=AUDIENCE)) == "audience"
    wide = dataclasses.replace(world.settings, audience_claim="aud-or-client-id")
    verifier = dataclasses.replace(world.verifier, settings=wide)
    assert verifier.verify(world.token(aud=None, client_id=AUDIENCE)).subject == "alice"
    assert verifier.verify(world.token()).subject == "alice"
    for token in (world.token(aud=None, client_id="other"), world.token(aud="other", client_id=AUDIENCE)):
        with pytest.raises(TokenRefusedError, match="audience"):
            verifier.verify(token)


def _raw(world: World, **changed: Any) -> dict[str, Any]:
    """Claims with one that may be anything, JSON's null too."""
    return {**world.claims(), **changed}


FOREVER: list[Any] = [None, True, False, "", "9999999999", "forever", [], {}, -1, 1 << 60, 1e300, float("inf")]


@pytest.mark.parametrize("expires", [*FOREVER, float("nan"), 0])
def test_an_expiry_that_is_no_time_is_none(world: World, expires: Any) -> None:
    assert world.reason(world.signer.sign(_raw(world, exp=expires))) == "expired"


def test_a_token_that_never_expires_is_refused(world: World) -> None:
    assert world.reason(world.token(exp=None)) == "expired"


def test_a_token_is_good_until_its_last_second_and_not_in_it(world: World) -> None:
    token = world.token(exp=world.now + 2)
    world.clock.pass_seconds(1.9)
    assert world.verifier.verify(token).expires_at == world.now + 2
    world.clock.pass_seconds(0.1)
    assert world.reason(token) == "expired"
    world.clock.pass_seconds(-2)


def test_a_fraction_of_a_second_is_taken_from_the_token_and_never_added(world: World) -> None:
    assert world.verifier.verify(world.token(exp=world.now + 2.9)).expires_at == world.now + 2


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_waits_but_for_thirty_seconds_of_clocks_apart(world: World, claim: str) -> None:
    assert world.verifier.verify(world.token(**{claim: world.now + 30})).subject == "alice"
    assert world.reason(world.token(**{claim: world.now + 31})) == "not_yet_valid"
    wrong: Any
    for wrong in ("0", True, {}, 1e300):
        assert world.reason(world.signer.sign(_raw(world, **{claim: wrong}))) == "not_yet_valid"


@pytest.mark.parametrize("subject", [None, "", 7, ["alice"], {"a": 1}, True])
def test_a_token_of_nobody_is_refused(world: World, subject: Any) -> None:
    assert world.reason(world.signer.sign(_raw(world, sub=subject))) == "subject"


@pytest.mark.parametrize("claims", [[], "text", 7, None, [["sub", "alice"]]])
def test_claims_that_are_no_object_are_refused(world: World, claims: Any) -> None:
    assert world.reason(world.signer.sign(claims)) == "malformed"


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"{", b'{"exp":' + b"9" * 5000 + b"}", b"[" * 3000, b""])
def test_claims_that_cannot_be_read_are_refused_and_break_nothing(world: World, payload: bytes) -> None:
    assert world.reason(world.signer.sign(payload)) == "malformed"


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.text(max_size=3))


GARBLED = World("ES256")


@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat"]), ANY, min_size=1))
@settings(deadline=None, max_examples=200)
def test_no_claim_of_a_faulty_issuer_breaks_the_verifier(changed: dict[str, Any]) -> None:
    token = GARBLED.signer.sign({**GARBLED.claims(), **changed})
    try:
        caller = GARBLED.verifier.verify(token)
    except TokenRefusedError:
        return
    assert caller.subject == changed.get("sub", "alice")
    assert caller.expires_at > GARBLED.now
