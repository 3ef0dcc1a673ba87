"""`unstuck preflight` against an account: each thing that the account lacks is found, and nothing is changed."""

import json
import secrets
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.deployment import client, environment
from local.emulator import start_emulator
from operations.command import main
from operations.preflight.issuer import fetch
from tests.integration.provider_servers import head, raw_server, saying, self_signed
from tests.tokens import Issuer

KEY = "/unstuck/openrouter-api-key"
SECRET = "/unstuck/jwt-secret"
VALUES = ("JwtIssuer=https://id.example", "JwtAudience=apps", "AllowedOrigins=https://a.example")
BY_SECRET = (*VALUES, "TokenVerifier=function", "TokenAlgorithm=HS256")
"""An issuer that needs no request: all findings are the account's."""

Preflight = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    emulator = start_emulator(tmp_path_factory.mktemp("emulator"))
    try:
        yield emulator.url
    finally:
        emulator.child.stop()


@pytest.fixture
def preflight(endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Preflight:
    for name, value in environment(endpoint).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = main(["preflight", "--json", *(arguments or BY_SECRET)])
        return code, dict(json.loads(capsys.readouterr().out))

    return run


@pytest.fixture
def store(endpoint: str) -> Iterator[Callable[..., None]]:
    """Store a secret; gone after the test."""
    ssm, stored = client("ssm", endpoint), []

    def put(name: str, value: str, kind: str = "SecureString", **more: str) -> None:
        ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True, **more)
        stored.append(name)

    yield put
    ssm.delete_parameters(Names=stored)


def codes(found: dict[str, Any], level: str = "fault") -> list[str]:
    return sorted(each["code"] for each in found["findings"] if each["level"] == level)


def test_an_account_that_has_all_is_fine_and_says_who_and_where(
    preflight: Preflight, store: Callable[..., None]
) -> None:
    store(KEY, "sk-made-up")
    store(SECRET, secrets.token_hex(16))
    code, found = preflight()
    assert (code, codes(found)) == (0, []), found
    assert "root_user" in codes(found, "notice")
    assert (found["region"], found["stack"]) == ("us-east-1", "unstuck")
    assert found["caller"].startswith("arn:aws:")


def test_keys_that_are_not_there_are_found_by_the_stacks_own_names(preflight: Preflight) -> None:
    code, found = preflight("--stack", "unstuck-staging", *BY_SECRET)
    assert (code, codes(found)) == (1, ["key_missing", "key_missing"])
    assert "/unstuck-staging/openrouter-api-key" in json.dumps(found)
    assert "/unstuck-staging/jwt-secret" in json.dumps(found)


@pytest.mark.parametrize(
    ("key", "kind", "expected"),
    [
        ("sk-made-up", "String", "key_not_secure"),
        ("  \n", "SecureString", "key_empty"),
        ("sk-made-up\n", "SecureString", "key_odd"),
        ("sk-made-\u00fcp", "SecureString", "key_odd"),
    ],
)
def test_a_key_that_no_server_would_take_is_found_and_not_shown(
    preflight: Preflight, store: Callable[..., None], key: str, kind: str, expected: str
) -> None:
    store(KEY, key, kind)
    store(SECRET, secrets.token_hex(16))
    code, found = preflight()
    assert (code, codes(found)) == (1, [expected])
    assert key.strip() == "" or key.strip() not in json.dumps(found, ensure_ascii=False)


def test_a_key_encrypted_with_a_key_of_ones_own_is_found(
    preflight: Preflight, store: Callable[..., None], endpoint: str
) -> None:
    store(KEY, "sk-made-up", KeyId=client("kms", endpoint).create_key()["KeyMetadata"]["KeyId"])
    store(SECRET, "short")
    assert codes(preflight()[1]) == ["key_of_own_kms", "key_short"]


def test_bedrock_needs_no_key(preflight: Preflight, store: Callable[..., None]) -> None:
    store(SECRET, secrets.token_hex(16))
    assert codes(preflight(*BY_SECRET, "LlmProtocol=bedrock")[1]) == []


def test_more_workers_than_the_account_runs_are_found(preflight: Preflight, store: Callable[..., None]) -> None:
    store(KEY, "sk-made-up")
    store(SECRET, secrets.token_hex(16))
    code, found = preflight(*BY_SECRET, "MaximumConcurrency=900", "IsolatedMaximumConcurrency=200")
    assert (code, codes(found)) == (1, ["concurrency_too_small"])


def test_a_region_without_room_for_one_more_log_policy_is_found(
    preflight: Preflight, store: Callable[..., None], endpoint: str
) -> None:
    store(KEY, "sk-made-up")
    store(SECRET, secrets.token_hex(16))
    logs = client("logs", endpoint)
    statement = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "logs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    names = [f"taken-{number}" for number in range(10)]
    for name in names:
        logs.put_resource_policy(policyName=name, policyDocument=document)
    try:
        assert codes(preflight()[1]) == ["log_policies_full"]
    finally:
        for name in names:
            logs.delete_resource_policy(policyName=name)


def test_a_certificate_that_is_not_there_or_of_another_region_is_found(
    preflight: Preflight, store: Callable[..., None], endpoint: str
) -> None:
    store(KEY, "sk-made-up")
    store(SECRET, secrets.token_hex(16))
    absent = "arn:aws:acm:{}:000000000000:certificate/0f0f0f0f-1111-4222-8333-444444444444"
    given = (*BY_SECRET, "DomainName=api.a.example")
    assert codes(preflight(*given, f"DomainCertificateArn={absent.format('us-east-1')}")[1]) == ["certificate_missing"]
    assert codes(preflight(*given, f"DomainCertificateArn={absent.format('us-west-2')}")[1]) == [
        "certificate_elsewhere"
    ]
    other = client("acm", endpoint).request_certificate(DomainName="*.b.example")["CertificateArn"]
    assert "certificate_of_another" in codes(preflight(*given, f"DomainCertificateArn={other}")[1])


def test_an_issuer_is_asked_for_its_keys_at_the_address_that_the_verifier_would_ask(
    preflight: Preflight, store: Callable[..., None]
) -> None:
    store(KEY, "sk-made-up")
    with Issuer("ES256") as issuer:
        values = (f"JwtIssuer={issuer.url}", *VALUES[1:], "TokenVerifier=function")
        here = ["issuer_not_https", "issuer_not_public"]
        assert codes(preflight(*values, "TokenAlgorithm=ES256")[1]) == here
        assert codes(preflight(*values, "TokenAlgorithm=EdDSA")[1]) == [*here, "no_key_fits"]
        assert set(issuer.asked) == {"/.well-known/jwks.json"}
        issuer.status = 500
        assert codes(preflight(*values, "TokenAlgorithm=ES256")[1]) == [*here, "keys_unreadable"]
        by_gateway = (f"JwtIssuer={issuer.url}", *VALUES[1:])
        assert codes(preflight(*by_gateway)[1]) == ["discovery_unreadable", *here]


def test_a_caller_without_rights_is_told_which_and_is_told_the_rest_all_the_same(
    preflight: Preflight, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = client("iam", endpoint)
    iam.create_user(UserName="deployer")
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=document)

    looks = ("iam:SimulatePrincipalPolicy", "cloudformation:*", "logs:*", "ssm:DescribeParameters", "ssm:GetParameter")
    most = ("apigateway:*", "lambda:*", "sqs:*", "s3:*", "kms:*", "scheduler:*", "cloudwatch:*", "dynamodb:*")
    allow(*looks, *most)
    code, found = preflight()
    assert code == 1
    assert codes(found) == ["key_missing", "key_missing", "rights_missing"]
    [missing] = [each["says"] for each in found["findings"] if each["code"] == "rights_missing"]
    assert "iam:CreateRole" in missing
    assert "lambda:" not in missing
    assert "cloudfront:" not in missing, "no page is asked for"
    allow(*looks, *most, "iam:*")
    assert "rights_missing" not in codes(preflight()[1])
    allow("cloudformation:*")
    code, found = preflight()
    assert {"rights_unknown", "not_asked"} <= set(codes(found, "notice"))
    assert "rights_missing" not in codes(found)


@pytest.mark.usefixtures("preflight")
def test_without_a_region_or_a_file_it_could_not_look(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preflight", "--parameters", str(tmp_path / "deploy.toml")]) == 2
    assert "deploy.example.toml" in capsys.readouterr().err
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert main(["preflight"]) == 2
    assert "--region" in capsys.readouterr().err


@pytest.mark.usefixtures("preflight")
def test_the_report_for_a_person_has_each_finding_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight", *BY_SECRET]) == 1
    told = capsys.readouterr().out
    assert told.index("fault  key_missing") < told.index("notice  root_user")
    assert "aws ssm put-parameter" in told
    assert told.rstrip().endswith("2 to fix before the deploy.")


def test_keys_are_read_over_tls_that_somebody_vouches_for_and_no_redirect_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with raw_server(saying(head(), b'{"keys": []}'), tls) as server:
        url = server.base_url.replace("http:", "https:") + "/keys"
        with pytest.raises(OSError, match="certificate"):
            fetch(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch(url) == b'{"keys": []}'
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
    with raw_server(saying(moved, b"")) as server, pytest.raises(OSError, match="302"):
        fetch(server.base_url + "/keys")
