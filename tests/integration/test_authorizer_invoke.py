"""The built authorizer under the real Lambda runtime client."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.build import built_tree
from local.lambda_runtime import BuiltFunction, built_function
from tests.tokens import AUDIENCE, Issuer

EVENT = Path(__file__).resolve().parents[2] / "events" / "authorizer.json"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the runtime interface emulator is a Linux program")


@pytest.fixture(scope="module", params=["ES256", "RS256", "EdDSA"])
def issuer(request: pytest.FixtureRequest) -> Iterator[Issuer]:
    with Issuer(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def authorizer(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltFunction]:
    variables = {
        "JWT_ISSUER": issuer.url,
        "JWT_AUDIENCE": AUDIENCE,
        "TOKEN_ALGORITHM": issuer.signer.algorithm,
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
    }
    with built_function(built_tree(), "authorizer", variables, tmp_path_factory.mktemp("authorizer")) as running:
        yield running


def event(token: str | None = None) -> dict[str, Any]:
    """The event of the file, with its own token."""
    found: dict[str, Any] = json.loads(EVENT.read_text())
    if token is not None:
        found["identitySource"] = [f"Bearer {token}"]
        found["headers"]["authorization"] = f"Bearer {token}"
    return found


def test_the_event_as_it_is_holds_no_token_and_is_refused(authorizer: BuiltFunction) -> None:
    assert authorizer.invoke(event()) == {"isAuthorized": False}


def test_a_token_of_the_issuer_gets_in_and_its_neighbours_do_not(authorizer: BuiltFunction, issuer: Issuer) -> None:
    answer = authorizer.invoke(event(issuer.token("alice")))
    assert (answer["isAuthorized"], answer["context"]["sub"]) == (True, "alice")
    for token in (issuer.token(aud="other"), issuer.token(sub=""), issuer.token()[:-8] + "AAAAAAAA"):
        assert authorizer.invoke(event(token)) == {"isAuthorized": False}
    expired = authorizer.invoke(event(issuer.token(ttl_seconds=-1)))
    assert expired["context"]["exp"] < time.time(), "which each function refuses, as it says"
    assert set(issuer.asked) == {"/.well-known/jwks.json"}


def test_the_log_has_the_reason_of_a_refusal_and_no_part_of_the_token(
    authorizer: BuiltFunction, issuer: Issuer
) -> None:
    token = issuer.token(iss="https://evil.example")
    assert authorizer.invoke(event(token)) == {"isAuthorized": False}
    log = authorizer.log()
    lines = [json.loads(line) for line in log.splitlines() if '"token refused"' in line]
    assert lines[-1]["reason"] == "issuer"
    assert not [part for part in (*token.split("."), "evil.example") if part in log]


def test_an_issuer_that_cannot_be_reached_is_an_error_and_lets_nobody_in(tmp_path: Path) -> None:
    with Issuer("ES256") as gone:
        token = gone.token()
    variables = {"JWT_ISSUER": gone.url, "JWT_AUDIENCE": AUDIENCE, "TOKEN_ALGORITHM": "ES256"}
    with built_function(built_tree(), "authorizer", variables, tmp_path) as function:
        answer = function.invoke(event(token))
    assert answer["errorType"] == "KeysUnavailableError"
    assert "isAuthorized" not in answer
