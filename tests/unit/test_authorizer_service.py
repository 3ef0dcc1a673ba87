"""The authorizer's answers to API Gateway, and its configuration."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest

from functions.authorizer import handler
from functions.authorizer.jwks import KeysUnavailableError
from functions.authorizer.sampling import Sampler
from functions.authorizer.service import AuthorizerService
from functions.authorizer.settings import Settings, from_environment
from tests.tokens import Signer
from tests.unit.authorizer_world import World

REFUSED = {"isAuthorized": False}


@pytest.fixture
def world() -> World:
    return World("ES256")


def judged(world: World, *sources: Any, **event: Any) -> dict[str, Any]:
    return AuthorizerService(world.verifier, Sampler(world.clock)).judge({"identitySource": list(sources), **event})


def test_a_good_token_is_answered_with_its_owner_and_its_end_and_nothing_else(world: World) -> None:
    token = world.token(email="alice@example.com", role="admin")
    answer = judged(world, f"Bearer {token}")
    assert answer == {"isAuthorized": True, "context": {"sub": "alice", "exp": world.now + 3600}}


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "bEaReR   "])
def test_the_scheme_is_read_in_any_case(world: World, scheme: str) -> None:
    assert judged(world, scheme + world.token())["isAuthorized"] is True


@pytest.mark.parametrize(
    "form",
    [
        "{0}",
        "Bearer{0}",
        "Bearer\t{0}",
        "Basic {0}",
        "Token {0}",
        " Bearer {0}",
        "Bearer {0} ",
        "Bearer {0}\n",
        "Bearer {0}.",
        "Bearer {0}=",
        "Bearer .{0}",
        "Bearer Bearer {0}",
        "Bearer {0},Bearer {0}",
        "Bearer {0}, Bearer x.y.z",
        "Bearer x.y.z,Bearer {0}",
        "Bearer {0};{0}",
        'Bearer "{0}"',
        "",
        "Bearer",
        "Bearer ",
    ],
)
def test_any_other_form_of_the_header_is_refused(world: World, form: str) -> None:
    assert judged(world, form.format(world.token())) == REFUSED


def test_only_the_identity_source_is_read_since_the_answer_is_kept_under_it(world: World) -> None:
    good = f"Bearer {world.token()}"
    elsewhere = {
        "headers": {"authorization": good, "cookie": f"token={world.token()}"},
        "queryStringParameters": {"access_token": world.token(), "authorization": good},
        "rawQueryString": f"access_token={world.token()}",
    }
    assert judged(world, "Bearer x.y.z", **elsewhere) == REFUSED
    assert judged(world, good, "Bearer x.y.z", **elsewhere) == REFUSED
    assert judged(world, **elsewhere) == REFUSED


def test_a_token_that_has_only_expired_passes_with_its_end_for_the_functions_to_refuse(world: World) -> None:
    answer = judged(world, f"Bearer {world.token(exp=world.now - 86_400)}")
    assert answer == {"isAuthorized": True, "context": {"sub": "alice", "exp": world.now - 86_400}}


WRONG_BESIDE: list[dict[str, Any]] = [
    {"aud": "other"}, {"iss": "https://evil.example"}, {"sub": ""}, {"nbf": 1 << 40}, {"exp": None}, {"exp": "0"}
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_BESIDE)
def test_an_expired_token_with_anything_else_wrong_is_refused(world: World, wrong: dict[str, Any]) -> None:
    assert judged(world, f"Bearer {world.token(**{'exp': world.now - 1, **wrong})}") == REFUSED


def test_an_expired_token_of_another_signer_is_refused(world: World) -> None:
    stranger = Signer("ES256", world.signer.key_id)
    assert judged(world, f"Bearer {stranger.sign(world.claims(exp=world.now - 1))}") == REFUSED


def test_keys_that_cannot_be_had_are_an_error_and_no_refusal(world: World) -> None:
    world.published = []
    with pytest.raises(KeysUnavailableError):
        judged(world, f"Bearer {world.token()}")


def test_a_refusal_is_logged_with_its_reason_and_no_part_of_the_token(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    token = world.token(aud="somebody-else", sub="mallory")
    with caplog.at_level(logging.DEBUG):
        assert judged(world, f"Bearer {token}") == REFUSED
    (record,) = caplog.records
    assert record.__dict__["reason"] == "audience"
    written = str(record.__dict__)
    assert not [part for part in (*token.split("."), "mallory", "somebody-else") if part in written]


def test_of_a_flood_of_refusals_one_line_a_minute_and_reason_is_logged_and_the_rest_is_counted(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    service = AuthorizerService(world.verifier, Sampler(world.clock))
    with caplog.at_level(logging.INFO):
        for _ in range(500):
            assert service.judge({"identitySource": ["Bearer x.y.z"]}) == REFUSED
            assert service.judge({"identitySource": ["nothing"]}) == REFUSED
        world.clock.pass_seconds(60)
        service.judge({"identitySource": ["nothing"]})
    told = [(record.__dict__["reason"], record.__dict__["left_out"]) for record in caplog.records]
    assert told == [("malformed", 0), ("no_bearer_token", 0), ("no_bearer_token", 499)]


ENVIRONMENT = {"JWT_ISSUER": "https://issuer.example/", "JWT_AUDIENCE": "unstuck", "TOKEN_ALGORITHM": "ES256"}


def test_the_keys_are_below_the_issuer_unless_told_otherwise() -> None:
    found = from_environment({**ENVIRONMENT, "JWKS_URL": ""})
    keys = "https://issuer.example/.well-known/jwks.json"
    assert found == Settings("https://issuer.example/", "unstuck", "ES256", jwks_url=keys)
    assert from_environment({**ENVIRONMENT, "JWKS_URL": "https://k.example/"}).jwks_url == "https://k.example/"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"TOKEN_ALGORITHM": "none"}, "TOKEN_ALGORITHM"),
        ({"TOKEN_ALGORITHM": ""}, "TOKEN_ALGORITHM"),
        ({"TOKEN_ALGORITHM": "ES256,HS256"}, "TOKEN_ALGORITHM"),
        ({"TOKEN_AUDIENCE_CLAIM": "azp"}, "TOKEN_AUDIENCE_CLAIM"),
        ({"JWT_ISSUER": ""}, "JWT_ISSUER"),
        ({"JWT_AUDIENCE": ""}, "JWT_AUDIENCE"),
        ({"TOKEN_ALGORITHM": "HS256"}, "JWT_SECRET_PARAMETER"),
    ],
)
def test_a_configuration_that_cannot_be_right_is_an_error_that_names_the_variable(
    changed: dict[str, str], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        from_environment(ENVIRONMENT | changed)


def test_a_function_without_its_configuration_lets_nobody_in(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="TOKEN_ALGORITHM"):
        handler.handler({"identitySource": [f"Bearer {world.token()}"]}, None)


@dataclass
class Ssm:
    """Powertools' provider of parameters, with the effect of a read."""

    value: str | Exception

    def get(self, name: str, *, max_age: int, decrypt: bool) -> str:
        assert (name, decrypt) == ("/unstuck/jwt-secret", True)
        assert max_age <= 300
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def test_the_secret_is_read_as_it_was_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret_over(Ssm("s" * 32), monkeypatch).find({"kid": "any"}) == b"s" * 32


def test_a_secret_that_cannot_be_read_or_is_too_short_is_an_error_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    for value in ("short-secret", "", "s" * 31, GetParameterError("of s3cret cause")):
        with pytest.raises(KeysUnavailableError) as error:
            secret_over(Ssm(value), monkeypatch).find({})
        assert "short-secret" not in str(error.value)
        assert error.value.__cause__ is None


def secret_over(ssm: Ssm, monkeypatch: pytest.MonkeyPatch) -> Any:
    from functions.authorizer import secret

    monkeypatch.setattr(secret, "SSMProvider", lambda **_: ssm)
    return secret.SharedSecret("/unstuck/jwt-secret")
