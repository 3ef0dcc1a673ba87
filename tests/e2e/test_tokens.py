"""The same template with TokenVerifier=function: an issuer that API Gateway's own authorizer cannot verify."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest

from local import deployment
from local.build import built_tree
from local.stack import LocalStack, StackOptions
from tests.e2e.conftest import SHORT
from tests.e2e.listening import Listener, heads_in, is_of, ticket
from tests.e2e.owner import Owner, eventually
from tests.tokens import AUDIENCE, Issuer, Signer, signed_by_hmac, unsigned

ABSENT = "/v1/generations/01940000-0000-7000-8000-000000000001"
SECRET = "made-up-for-this-test-and-long-enough-for-HS256"
SECRET_PARAMETER = "/unstuck/tests/jwt-secret"


class FunctionVerifies(LocalStack):
    """A stack for the users of a test's own issuer."""

    def __init__(self, issuer: Issuer, parameters: dict[str, str]) -> None:
        own = {"JwtIssuer": issuer.url, "JwtAudience": AUDIENCE, "TokenVerifier": "function"}
        super().__init__(StackOptions(parameters={**SHORT, **own, **parameters}))
        self.issuer = issuer

    def token(self, sub: str = "alice", *, audience: str = AUDIENCE, ttl_seconds: int = 3600) -> str:
        return self.issuer.token(sub, ttl_seconds, aud=audience)

    def call(self, authorization: str | None, path: str = ABSENT) -> httpx.Response:
        headers = {} if authorization is None else {"authorization": authorization}
        return httpx.get(self.api_url + path, headers=headers, timeout=30)

    def authorizer_statements(self) -> list[dict[str, Any]]:
        """The rights of the authorizer's deployed role."""
        role = self.role_names["authorizer"]
        document = self.client("iam").get_role_policy(RoleName=role, PolicyName="authorizer")["PolicyDocument"]
        return list(document["Statement"])


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer("ES256") as running:
        yield running


@pytest.fixture(scope="module")
def stack(issuer: Issuer) -> Iterator[FunctionVerifies]:
    """In place of the stack that the other end-to-end tests share."""
    with FunctionVerifies(issuer, {"TokenAlgorithm": "ES256"}) as running:
        yield running


def test_a_user_whose_token_api_gateway_could_not_verify_gets_their_flashcards(
    new_owner: Callable[[], Owner],
) -> None:
    alice, bob = new_owner(), new_owner()
    generation_id = alice.submit()
    assert alice.wait_for_end(generation_id)["status"] == "succeeded"
    assert bob.http.get(f"/v1/generations/{generation_id}").status_code == 404


def test_a_call_without_an_authorization_header_never_reaches_the_authorizer(stack: FunctionVerifies) -> None:
    for path in (ABSENT, f"{ABSENT}?access_token={stack.token()}&Authorization=Bearer%20{stack.token()}"):
        answer = stack.call(None, path)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def refused_tokens(issuer: Issuer) -> dict[str, str]:
    claims, kid = issuer.claims(), issuer.signer.key_id
    stranger = Signer("ES256", kid)
    return {
        "none": unsigned(claims, "none", kid=kid),
        "confusion": signed_by_hmac(claims, issuer.signer.pem, kid=kid),
        "stranger": stranger.sign(claims),
        "jwk": stranger.sign(claims, jwk=stranger.jwk),
        "jku": Signer("ES256").sign(claims, jku=f"{issuer.url}/evil.json"),
        "kid": Signer("ES256", "../../dev/null").sign(claims),
        "issuer": issuer.token(iss="https://evil.example"),
        "audience": issuer.token(aud=["somebody", "else"]),
        "expired, for another": issuer.token(ttl_seconds=-1, aud="another"),
        "endless": issuer.signer.sign({name: value for name, value in claims.items() if name != "exp"}),
        "early": issuer.token(nbf=claims["iat"] + 3600),
        "nobody": issuer.token(sub=""),
        "no token": "no.token.atall",
        "giant": issuer.token(padding="x" * 8192),
    }


def test_every_bad_token_is_refused_by_the_gateway_in_its_own_form(stack: FunctionVerifies, issuer: Issuer) -> None:
    for name, token in refused_tokens(issuer).items():
        answer = stack.call(f"Bearer {token}")
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"}), name
    assert set(issuer.asked) == {"/.well-known/jwks.json"}


def test_the_scheme_is_bearer_in_any_case_and_no_other(stack: FunctionVerifies) -> None:
    token = stack.token()
    assert [stack.call(f"{scheme} {token}").status_code for scheme in ("Bearer", "bearer", "BEARER")] == [404] * 3
    for authorization in (token, f"Basic {token}", f"Bearer{token}", f"Bearer {token}, Bearer {token}"):
        assert stack.call(authorization).status_code == 403, authorization.partition(" ")[0]


def test_two_authorization_headers_get_in_together_neither_way_round(stack: FunctionVerifies) -> None:
    pair = [("authorization", f"Bearer {stack.token()}"), ("authorization", "Bearer no.token.atall")]
    for headers in (pair, pair[::-1], [pair[0], pair[0]]):
        assert httpx.get(stack.api_url + ABSENT, headers=headers, timeout=30).status_code == 403


def test_a_token_that_has_only_expired_is_told_apart_from_one_that_is_no_good(
    stack: FunctionVerifies, issuer: Issuer
) -> None:
    answer = stack.call(f"Bearer {issuer.token(ttl_seconds=-3_600)}")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert answer.headers["content-type"] == "application/problem+json"
    origin = stack.options.allowed_origins[0]
    answer = httpx.get(
        stack.api_url + ABSENT, headers={"authorization": f"Bearer {issuer.token(ttl_seconds=-60)}", "origin": origin}
    )
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == origin, "so that a page can read it"


def test_a_kept_decision_does_not_outlive_its_token(stack: FunctionVerifies) -> None:
    authorization = f"Bearer {stack.token(ttl_seconds=3)}"
    assert stack.call(authorization).status_code == 404
    answer = eventually(lambda: stack.call(authorization), lambda found: found.status_code != 404)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_live_connection_is_its_owners_and_ends_with_a_token_that_the_function_has_verified(
    stack: FunctionVerifies, new_owner: Callable[[], Owner]
) -> None:
    alice, bob = new_owner(), new_owner()
    with httpx.Client(base_url=stack.api_url, timeout=30) as short:
        expires = time.time() + 8
        short.headers["authorization"] = f"Bearer {stack.token(alice.name, ttl_seconds=8)}"
        asked = ticket(short)
        assert expires - 1 <= asked["ends_at"] <= expires + 1
        with Listener(short, asked["url"]) as heard, Listener(alice.http) as longer:
            bobs, generation_id = bob.submit(), alice.submit()
            heard.wait_for_end(generation_id)
            bob.wait_for_end(bobs)
            eventually(lambda: short.post("/v1/live").status_code, lambda status: status == 401)
            eventually(time.time, lambda now: now > asked["ends_at"])
            before = len(heads_in(heard))
            longer.wait_for_end(alice.submit())
            assert len(heads_in(heard)) == before
            assert all(is_of(frame, generation_id) for frame in heads_in(heard))
    assert httpx.post(f"{stack.api_url}/v1/live", timeout=30).status_code == 401


def test_a_subject_that_is_no_owner_is_told_so_as_with_the_gateways_own_verifier(stack: FunctionVerifies) -> None:
    for subject in ("a" * 129, "böb", "tab\there"):
        answer = stack.call(f"Bearer {stack.token(subject)}")
        assert (answer.status_code, answer.json()["code"]) == (401, "unsupported_subject")


def test_the_issuer_may_be_down_once_its_keys_are_known(stack: FunctionVerifies, issuer: Issuer) -> None:
    assert stack.call(f"Bearer {stack.token()}").status_code == 404
    issuer.status = 503
    try:
        assert stack.call(f"Bearer {stack.token('bob')}").status_code == 404
    finally:
        issuer.status = 200


def test_the_authorizer_may_write_its_log_and_nothing_else(stack: FunctionVerifies) -> None:
    (statement,) = stack.authorizer_statements()
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]


def redeploy(stack: FunctionVerifies, **changed: str) -> None:
    """Give the running stack other parameters, as the next `sam deploy` does. Only the last test may."""
    parameters = stack.parameters | changed
    outputs = deployment.deploy(stack.endpoint, built_tree(), parameters, stack.state)
    deployment.settle(stack.endpoint, built_tree(), outputs, parameters["AllowedOrigins"])


def test_a_running_stack_can_be_given_another_way_to_verify(stack: FunctionVerifies) -> None:
    """An older Supabase project signs with a secret, which only the authorizer reads."""
    redeploy(stack, TokenAlgorithm="HS256", JwtSecretParameter=SECRET_PARAMETER)
    claims, from_key = stack.issuer.claims(), f"Bearer {stack.token('of ES256')}"
    good = f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"
    assert stack.call(good).status_code == 500, "a secret that cannot be read lets nobody in"
    stack.client("ssm").put_parameter(Name=SECRET_PARAMETER, Value=SECRET, Type="SecureString")
    assert stack.call(good).status_code == 404
    for bad in (jwt.encode(claims, SECRET + "!", "HS256"), signed_by_hmac(claims, stack.issuer.signer.pem)):
        assert stack.call(f"Bearer {bad}").status_code == 403
    assert stack.call(from_key).status_code == 403
    _, reading = stack.authorizer_statements()
    assert (reading["Action"], reading["Effect"]) == ("ssm:GetParameter", "Allow")
    assert reading["Resource"].endswith(f":parameter{SECRET_PARAMETER}")
    for name in stack.function_names.values():
        assert SECRET not in str(stack.client("lambda").get_function_configuration(FunctionName=name))

    redeploy(stack, TokenVerifier="gateway")
    answers = [stack.call(authorization) for authorization in (good, from_key)]
    assert [answer.status_code for answer in answers] == [401, 401], "API Gateway itself takes RSA alone"
    assert "authorizer" not in str(stack.client("lambda").list_functions()["Functions"]).lower()
