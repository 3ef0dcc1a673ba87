"""docs/auth.md: with the parameters that it gives for a provider, a token as it shows it gets in, and others do not."""

import json
import re
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml

from functions.authorizer.jwks import Jwks
from functions.authorizer.settings import from_environment
from functions.authorizer.tokens import Keys, TokenRefusedError, TokenVerifier
from tests.factories import START, FakeClock
from tests.unit.authorizer_world import signer

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "auth.md").read_text(encoding="utf-8")
SECRET = b"a-secret-of-more-than-32-bytes-that-only-tests-know"
PROVIDERS = (
    "Supabase, signing keys (ES256)",
    "Supabase, the older shared secret (HS256)",
    "Cognito",
    "Auth0",
    "Clerk",
)


class OneSecret:
    def find(self, _header: Any) -> bytes:
        return SECRET


def section(title: str) -> str:
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[2]


def parameters(title: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z]\w+)=(\S+)$", section(title), re.MULTILINE))


def claims(title: str) -> dict[str, Any]:
    (block,) = re.findall(r"^```json\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)
    return dict(json.loads(block))


def verifier(given: dict[str, str], **more: str) -> tuple[TokenVerifier, Any]:
    """As the deployed function makes it from those parameters, and what signs for its issuer."""
    gateway = given["TokenVerifier"] == "gateway"
    found = from_environment(
        {
            "JWT_ISSUER": given["JwtIssuer"],
            "JWT_AUDIENCE": given["JwtAudience"],
            "TOKEN_ALGORITHM": "RS256" if gateway else given["TokenAlgorithm"],
            "JWT_SECRET_PARAMETER": given.get("JwtSecretParameter", ""),
            # API Gateway's own authorizer takes either; the function needs a setting.
            "TOKEN_AUDIENCE_CLAIM": "aud-or-client-id" if gateway else "aud",
            **more,
        }
    )
    clock = FakeClock()
    if found.algorithm == "HS256":
        return TokenVerifier(found, OneSecret(), clock), lambda said: jwt.encode(said, SECRET, "HS256")
    own = signer(found.algorithm)
    published = json.dumps({"keys": [own.jwk]}).encode()
    keys: Keys = Jwks(found.jwks_url, found.algorithm, clock, lambda _url: published)
    return TokenVerifier(found, keys, clock), own.sign


@pytest.mark.parametrize("title", PROVIDERS)
def test_a_token_of_the_provider_gets_in_with_the_documented_parameters(title: str) -> None:
    judge, sign = verifier(parameters(title))
    said = claims(title)
    assert said["iat"] == START.timestamp()
    assert judge.verify(sign(said)).subject == said["sub"]


@pytest.mark.parametrize("title", PROVIDERS)
@pytest.mark.parametrize("claim", ["iss", "sub", "exp", "aud"])
def test_a_token_that_lacks_what_the_page_says_it_has_does_not(title: str, claim: str) -> None:
    judge, sign = verifier(parameters(title))
    said = claims(title)
    lacking = "client_id" if claim == "aud" and "aud" not in said else claim
    with pytest.raises(TokenRefusedError):
        judge.verify(sign({name: value for name, value in said.items() if name != lacking}))


@pytest.mark.parametrize("title", PROVIDERS)
def test_no_provider_takes_the_token_of_another(title: str) -> None:
    judge, sign = verifier(parameters(title))
    for other in PROVIDERS:
        if claims(other)["iss"] != claims(title)["iss"]:
            with pytest.raises(TokenRefusedError):
                judge.verify(sign(claims(other)))


def test_cognitos_access_token_needs_the_option_that_the_page_names() -> None:
    judge, sign = verifier(parameters("Cognito"), TOKEN_AUDIENCE_CLAIM="aud")
    with pytest.raises(TokenRefusedError, match="audience"):
        judge.verify(sign(claims("Cognito")))
    assert "`TokenAudienceClaim=aud-or-client-id`" in section("Cognito")


@pytest.mark.parametrize("title", PROVIDERS)
def test_the_documented_parameters_are_the_templates(title: str) -> None:
    class Loader(yaml.SafeLoader):
        """Passes over CloudFormation's short forms: no parameter has one."""

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    known = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)["Parameters"]  # noqa: S506
    for name, value in parameters(title).items():
        assert value in known[name].get("AllowedValues", [value]), name
        assert re.search(known[name].get("AllowedPattern", ""), value), name
