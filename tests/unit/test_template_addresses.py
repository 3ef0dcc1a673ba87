"""Addresses of the API: API Gateway's own, your own domain, or both, but never neither."""

import re
from typing import Any

import pytest
import yaml

from tests.unit.test_template import TEMPLATE, _Loader, of_type

OWN_ADDRESS = {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(), _Loader))  # noqa: S506 - a SafeLoader


def takes(template: dict[str, Any], parameter: str, text: str) -> bool:
    return bool(re.search(template["Parameters"][parameter]["AllowedPattern"], text))


def test_by_default_there_is_no_domain_and_the_own_address_answers(template: dict[str, Any]) -> None:
    parameters, conditions = template["Parameters"], template["Conditions"]
    assert [parameters[name]["Default"] for name in ("DomainName", "DomainCertificateArn", "DomainPath")] == [""] * 3
    assert parameters["DisableExecuteApiEndpoint"]["Default"] == "false"
    assert conditions["HasDomain"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
    assert conditions["DisablesEndpoint"] == {"Fn::Equals": [{"Ref": "DisableExecuteApiEndpoint"}, "true"]}
    api = template["Resources"]["Api"]["Properties"]
    assert api["DisableExecuteApiEndpoint"] == {"Fn::If": ["DisablesEndpoint", True, False]}


def test_a_domain_leads_to_the_stage_over_tls_and_exists_only_where_it_is_named(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    [domain] = of_type(resources, "AWS::ApiGatewayV2::DomainName").values()
    [configuration] = domain["DomainNameConfigurations"]
    assert configuration == {
        "CertificateArn": {"Ref": "DomainCertificateArn"},
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }
    [mapping] = of_type(resources, "AWS::ApiGatewayV2::ApiMapping").values()
    assert (mapping["ApiId"], mapping["Stage"]) == ({"Ref": "Api"}, {"Ref": "Stage"})
    assert mapping["DomainName"] == {"Ref": "ApiDomain"}, "made before the mapping"
    assert mapping["ApiMappingKey"] == {"Fn::If": ["HasDomainPath", {"Ref": "DomainPath"}, {"Ref": "AWS::NoValue"}]}
    assert {resources[name]["Condition"] for name in ("ApiDomain", "ApiMapping")} == {"HasDomain"}


def test_the_output_names_the_address_that_clients_call(template: dict[str, Any]) -> None:
    outputs = template["Outputs"]
    below = {"Fn::If": ["HasDomainPath", {"Fn::Sub": "https://${DomainName}/${DomainPath}"}, _domain()]}
    assert outputs["ApiUrl"]["Value"] == {"Fn::If": ["HasDomain", below, OWN_ADDRESS]}
    for name in ("DomainTarget", "DomainTargetZoneId"):
        assert outputs[name]["Condition"] == "HasDomain"


def _domain() -> dict[str, str]:
    return {"Fn::Sub": "https://${DomainName}"}


def referred(condition: dict[str, Any]) -> str:
    """Return the one parameter that a condition is about."""
    [name] = re.findall(r"'Ref': '(\w+)'", str(condition))
    return str(name)


def test_a_domain_without_a_certificate_and_an_api_without_an_address_do_not_deploy(template: dict[str, Any]) -> None:
    needs = {}
    for rule in template["Rules"].values():
        [assertion] = rule["Assertions"]
        assert assertion["AssertDescription"].startswith("Set ")
        needs[referred(rule["RuleCondition"])] = referred(assertion["Assert"])
    assert needs == {"DomainName": "DomainCertificateArn", "DisableExecuteApiEndpoint": "DomainName"}


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("DomainName", "api.example.com", "https://api.example.com"),
        ("DomainName", "a-1.example.co.uk", "api.example.com/"),
        ("DomainName", "xn--bcher-kva.example", "-api.example.com"),
        ("DomainName", "", "localhost"),
        (
            "DomainCertificateArn",
            "arn:aws:acm:eu-central-1:123456789012:certificate/0f-1",
            "arn:aws:acm:::certificate/",
        ),
        ("DomainCertificateArn", "arn:aws-cn:acm:cn-north-1:123456789012:certificate/a", "0f1e2d3c"),
        ("DomainPath", "backend", "/backend"),
        ("DomainPath", "apps/unstuck", "apps//unstuck"),
        ("DomainPath", "", "backend/"),
    ],
)
def test_an_address_that_api_gateway_would_refuse_does_not_deploy(
    template: dict[str, Any], parameter: str, good: str, bad: str
) -> None:
    assert takes(template, parameter, good)
    assert not takes(template, parameter, bad)
