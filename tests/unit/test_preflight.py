"""Preflight's findings in values, names, quotas, log policies and an issuer; it leaves everything else alone."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from operations.deployment import NotFoundError
from operations.preflight import account, plan
from operations.preflight.found import Found
from operations.preflight.issuer import issuer
from operations.preflight.rights import NEEDS, principal
from tests.tokens import Signer

pytestmark = pytest.mark.any_kinds

THREE = {"JwtIssuer": "https://id.example", "JwtAudience": "apps", "AllowedOrigins": "https://a.example"}
QUOTA = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}


def planned(stack: str = "unstuck", **given: str) -> plan.Plan:
    return plan.Plan(stack, plan.read_template(), {**THREE, **given}, {})


def codes(found: Iterable[Found]) -> list[str]:
    listed = list(found)
    for each in listed:
        assert each.says.endswith("."), each
        assert each.do.endswith("."), each
    return sorted(each.code for each in listed)


def test_the_three_values_and_the_defaults_are_fine() -> None:
    assert codes(plan.values(planned())) == []
    assert codes(plan.names(planned(), "eu-central-1")) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"JwtAudience": ""}, "value_missing"),
        ({"AllowedOrigins": ""}, "value_missing"),
        ({"Heartbeat": "10"}, "value_unknown"),
        ({"HeartbeatSeconds": "ten"}, "value_refused"),
        ({"HeartbeatSeconds": "900"}, "value_refused"),
        ({"ProcessTimeoutSeconds": "45"}, "value_refused"),
        ({"AcceptCreates": "False"}, "value_refused"),
        ({"JwtIssuer": "id.example"}, "value_refused"),
        ({"RateLimits": "*=5/300,*=6/300"}, "value_refused"),
        ({"AllowedOrigins": "https://a.example,https://b.example/"}, "origin_odd"),
        ({"AllowedOrigins": "*"}, "origin_odd"),
        ({"AllowedOrigins": "https://a.example, https://b.example"}, "origin_odd"),
        ({"AllowedOrigins": "http://a.example"}, "origin_without_tls"),
    ],
)
def test_a_value_that_would_not_do_is_found(given: dict[str, str], code: str) -> None:
    assert codes(plan.values(planned(**given))) == [code]


def test_what_the_stack_has_stays_unless_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "deploy.toml"
    path.write_text(
        'JwtAudience = "web"\nAllowedOrigins = ["https://a.example", "https://b.example"]\nMaxRunning = 3\n'
    )
    values = plan.read_values(path, ["LeaseSeconds=50", "DefaultModel=a=b"])
    kept = {"JwtIssuer": "https://kept.example", "LeaseSeconds": "45"}
    found = plan.Plan("unstuck", plan.read_template(), values, kept)
    wanted = ("JwtIssuer", "JwtAudience", "AllowedOrigins", "MaxRunning", "LeaseSeconds", "DefaultModel", "BatchSize")
    seen = ["https://kept.example", "web", "https://a.example,https://b.example", "3", "50", "a=b", "10"]
    assert [found.value(name) for name in wanted] == seen


@pytest.mark.parametrize(("text", "more"), [("JwtIssuer: x", []), (None, []), ("", ["JwtIssuer"])])
def test_a_file_or_a_pair_that_is_none_is_refused(tmp_path: Path, text: str | None, more: list[str]) -> None:
    path = tmp_path / "deploy.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NotFoundError):
        plan.read_values(path, more)


def test_a_stacks_name_that_is_too_long_for_the_page_is_fine_without_it() -> None:
    long, region = "unstuck-of-the-department-of-long-names-staging", "ap-southeast-2"
    assert codes(plan.names(planned(long), region)) == []
    assert codes(plan.names(planned(long, WebPage="enabled"), region)) == ["name_too_long"]
    assert codes(plan.names(planned("unstuck-staging", WebPage="enabled"), region)) == []
    assert codes(plan.names(planned("u" * 128, WebPage="enabled"), region)) == ["name_too_long", "name_too_long"]


def test_a_name_that_cloudformation_or_ssm_refuses_is_found() -> None:
    assert codes(plan.names(planned("my_app"), "eu-west-1")) == ["stack_name_odd"]
    assert codes(plan.names(planned("AWS-unstuck"), "eu-west-1")) == ["key_name_reserved"]
    named = {"ProviderKeyParameter": "/keys/a", "JwtSecretParameter": "/keys/b"}
    assert codes(plan.names(planned("aws-unstuck", **named), "eu-west-1")) == []


def test_every_name_of_the_template_that_holds_the_stacks_has_a_length_that_is_known() -> None:
    """Where CloudFormation makes a name up, it makes it fit."""
    fine = {"AWS::ApiGatewayV2::Api", "AWS::CloudWatch::Dashboard", "AWS::KMS::Alias"}  # 128, 255 and 256 characters
    named = {
        each["Type"]
        for each in plan.read_template()["Resources"].values()
        if any(
            key
            in {
                "Name",
                "AliasName",
                "DashboardName",
                "BucketName",
                "FunctionName",
                "QueueName",
                "TableName",
                "RoleName",
            }
            and "AWS::StackName" in json.dumps(value)
            for key, value in pairs(each["Properties"])
        )
    }
    assert named <= fine | {kind for kind, _ in plan._LIMITS}
    assert {kind for kind, _ in plan._LIMITS} <= named


def pairs(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pairs(inner)


@pytest.mark.parametrize("quota", [10, 15, 17])
def test_in_a_small_account_the_advice_leaves_room_for_the_sweeper_and_callers(quota: int) -> None:
    limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": quota}
    [found] = account.concurrency(planned(), limit)
    assert found.code == "concurrency_too_small"
    advised = dict(part.split(" = ") for part in found.do.rstrip(".").rpartition("set ")[2].split(" and "))
    values = {name: text.strip('"') for name, text in advised.items()}
    assert sum(map(int, values.values())) + 3 <= quota
    assert codes(plan.values(planned(**values))) == []
    assert codes(account.concurrency(planned(**values), limit)) == []


def test_an_account_too_small_for_two_and_two_workers_gets_no_advice_that_does_not_fit() -> None:
    [found] = account.concurrency(planned(), {"ConcurrentExecutions": 5, "UnreservedConcurrentExecutions": 5})
    assert "MaximumConcurrency =" not in found.do


def test_a_reservation_for_the_sweeper_must_leave_a_hundred() -> None:
    with_parameter = plan.read_template()
    with_parameter["Parameters"]["SweeperReservedConcurrency"] = {"Type": "String", "Default": "", "Description": "x"}

    def found(reserved: str, quota: int) -> list[str]:
        given = {**THREE, "SweeperReservedConcurrency": reserved}
        limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": quota}
        return codes(account.concurrency(plan.Plan("unstuck", with_parameter, given, {}), limit))

    assert found("2", 102) == []
    assert found("2", 101) == ["cannot_reserve"]
    assert found("2", 10) == ["cannot_reserve", "concurrency_too_small"]
    assert found("", 1000) == ["sweeper_shares"]
    assert found("", 101) == [], "it cannot be had there"


def policies(count: int, *, delivery: int | None = None, resource: str = "arn:aws:logs:x") -> list[dict[str, Any]]:
    made = [{"policyName": f"p{number}", "policyDocument": "{}"} for number in range(count)]
    if delivery is not None:
        statement = {"Principal": {"Service": "delivery.logs.amazonaws.com"}, "Resource": resource}
        document = json.dumps({"Statement": [statement]})
        made.append({"policyName": "AWSLogDeliveryWrite", "policyDocument": document.ljust(delivery)})
    return made


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (policies(0), []),
        (policies(9), []),
        (policies(10), ["log_policies_full"]),
        (policies(9, delivery=500), []),
        (policies(9, delivery=5_000), ["log_policy_long"]),
        (policies(9, delivery=5_000, resource="*"), []),
    ],
)
def test_a_log_policy_that_does_not_fit_is_found(listed: list[dict[str, Any]], expected: list[str]) -> None:
    assert codes(account.log_policies(listed)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, []),
        ("UPDATE_COMPLETE", []),
        ("ROLLBACK_COMPLETE", ["stack_stuck"]),
        ("UPDATE_ROLLBACK_FAILED", ["stack_stuck"]),
        ("UPDATE_IN_PROGRESS", ["stack_busy"]),
    ],
)
def test_a_stack_that_takes_no_update_is_found(status: str | None, expected: list[str]) -> None:
    assert codes(account.stack_state("unstuck", status)) == expected


RSA, EC = Signer("RS256").jwk, Signer("ES256").jwk
DISCOVERY = "https://id.example/.well-known/openid-configuration"
KEYS = "https://id.example/keys"


def web(**pages: Any) -> Callable[[str], bytes]:
    """The web: a discovery document and keys, with a test's own pages in their place. An absent page is an error."""
    found: dict[str, Any] = {DISCOVERY: {"issuer": "https://id.example", "jwks_uri": KEYS}, KEYS: {"keys": [RSA]}}
    found |= {{"discovery": DISCOVERY, "keys": KEYS}.get(name, name): page for name, page in pages.items()}

    def fetch(url: str) -> bytes:
        if found.get(url) is None:
            raise OSError("HTTP Error 404: Not Found")
        page = found[url]
        return page if isinstance(page, bytes) else json.dumps(page).encode()

    return fetch


def resolve(host: str) -> list[str]:
    return {"id.example": ["8.8.8.8"], "inside.example": ["10.0.0.7"]}[host]


def test_an_issuer_that_api_gateway_can_read_is_fine() -> None:
    assert codes(issuer(planned(), web(), resolve)) == []
    slash = web(discovery={"issuer": "https://id.example/", "jwks_uri": KEYS})
    assert codes(issuer(planned(JwtIssuer="https://id.example/"), slash, resolve)) == []


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ({"discovery": None}, ["discovery_unreadable"]),
        ({"discovery": b"<html>"}, ["discovery_unreadable"]),
        ({"discovery": b"[" * 100_000}, ["discovery_unreadable"]),
        ({"discovery": {"issuer": "https://id.example"}}, ["keys_unreadable"]),
        ({"discovery": {"issuer": "https://id.example/", "jwks_uri": KEYS}}, ["issuer_differs"]),
        ({"keys": None}, ["keys_unreadable"]),
        ({"keys": {"kty": "RSA"}}, ["keys_unreadable"]),
        ({"keys": {"keys": []}}, ["no_key_fits"]),
        ({"keys": {"keys": [EC]}}, ["no_key_fits"]),
        ({"keys": {"keys": [{**RSA, "use": "enc"}]}}, ["no_key_fits"]),
        ({"keys": {"keys": [{name: RSA[name] for name in RSA if name != "kid"}]}}, ["no_key_fits"]),
        ({"keys": {"keys": [EC, None, RSA]}}, []),
    ],
)
def test_an_issuer_that_api_gateway_cannot_read_is_found(pages: dict[str, Any], expected: list[str]) -> None:
    assert codes(issuer(planned(), web(**pages), resolve)) == expected


def test_an_issuer_of_elliptic_keys_is_sent_to_the_function() -> None:
    [found] = issuer(planned(), web(keys={"keys": [EC]}), resolve)
    assert "ES256" in found.says
    assert "TokenVerifier to function" in found.do


def test_addresses_without_tls_or_inside_a_network_are_found() -> None:
    plain = {"issuer": "https://id.example", "jwks_uri": "http://inside.example/keys"}
    fetch = web(discovery=plain, **{"http://inside.example/keys": {"keys": [RSA]}})
    assert codes(issuer(planned(), fetch, resolve)) == ["issuer_not_https", "issuer_not_public"]


def test_the_function_reads_the_keys_of_its_own_algorithm_and_no_discovery() -> None:
    given = {"TokenVerifier": "function", "TokenAlgorithm": "ES256"}
    own = {"https://id.example/.well-known/jwks.json": {"keys": [EC]}}
    assert codes(issuer(planned(**given), web(discovery=None, **own), resolve)) == []
    assert codes(issuer(planned(**given, JwksUrl=KEYS), web(discovery=None), resolve)) == ["no_key_fits"]
    assert codes(issuer(planned(**given | {"TokenAlgorithm": "HS256"}), web(discovery=None), resolve)) == []


def test_the_rights_of_every_type_of_the_template_are_known() -> None:
    every = {each["Type"] for each in plan.read_template()["Resources"].values()}
    assert every - NEEDS.keys() == set()


def test_only_what_the_values_ask_for_needs_rights() -> None:
    page = {"AWS::CloudFront::Distribution", "AWS::ApiGatewayV2::DomainName"}
    assert not page & planned().resource_types()
    assert page <= planned(WebPage="enabled", DomainName="api.a.example").resource_types()


@pytest.mark.parametrize(
    ("arn", "source"),
    [
        ("arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/ann"),
        ("arn:aws:sts::1:assumed-role/Deployer/ann@a.example", "arn:aws:iam::1:role/Deployer"),
        ("arn:aws:iam::1:root", None),
    ],
)
def test_a_session_has_the_policies_of_its_role(arn: str, source: str | None) -> None:
    assert principal(arn) == source
