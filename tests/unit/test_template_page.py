"""The template's promises about the page: only CloudFront reads its bucket, and it only calls its own API."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.page import content_security_policy
from tests.unit.test_template import TEMPLATE, _Loader

PAGE = ("PageBucket", "PageBucketPolicy", "PageAccess", "PageHeaders", "PageDistribution")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(), _Loader))  # noqa: S506 - a SafeLoader


@pytest.fixture(scope="module")
def page(template: dict[str, Any]) -> dict[str, Any]:
    return {name: template["Resources"][name]["Properties"] for name in PAGE}


def policy_of(text: str) -> dict[str, list[str]]:
    directives = (part.split() for part in text.split(";"))
    return {name: values for name, *values in directives}


def test_there_is_no_page_unless_it_is_asked_for(template: dict[str, Any]) -> None:
    assert template["Parameters"]["WebPage"]["Default"] == "disabled"
    assert template["Conditions"]["HasWebPage"] == {"Fn::Equals": [{"Ref": "WebPage"}, "enabled"]}
    conditional = {name for name, each in template["Resources"].items() if each.get("Condition") == "HasWebPage"}
    assert conditional == set(PAGE)
    of_cloudfront = {name for name, each in template["Resources"].items() if "CloudFront" in each["Type"]}
    assert of_cloudfront < conditional
    outputs = {name for name, each in template["Outputs"].items() if each.get("Condition") == "HasWebPage"}
    assert outputs == {"PageUrl", "PageBucketName", "PageDistributionId"}


def test_nothing_that_is_always_there_needs_the_page(template: dict[str, Any]) -> None:
    for name, resource in template["Resources"].items():
        if resource.get("Condition") != "HasWebPage":
            assert not re.search(r"Page(Bucket|Access|Headers|Distribution)", str(resource)), name


def test_the_pages_bucket_is_private_and_encrypted(page: dict[str, Any]) -> None:
    bucket = page["PageBucket"]
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert "WebsiteConfiguration" not in bucket, "a website has no TLS, and must be public"


def test_only_this_distribution_reads_the_bucket_and_only_with_tls(page: dict[str, Any]) -> None:
    assert page["PageBucketPolicy"]["Bucket"] == {"Ref": "PageBucket"}
    deny, allow = page["PageBucketPolicy"]["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Action"]) == ("Deny", "s3:*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert deny["Resource"] == [{"Fn::GetAtt": ["PageBucket", "Arn"]}, {"Fn::Sub": "${PageBucket.Arn}/*"}]
    assert allow["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert (allow["Action"], allow["Resource"]) == ("s3:GetObject", {"Fn::Sub": "${PageBucket.Arn}/*"})
    source = allow["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
    assert source.endswith(":distribution/${PageDistribution}")


def test_the_distribution_signs_what_it_asks_the_bucket(page: dict[str, Any]) -> None:
    access = page["PageAccess"]["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")
    assert access["OriginAccessControlOriginType"] == "s3"
    [origin] = page["PageDistribution"]["DistributionConfig"]["Origins"]
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["PageAccess", "Id"]}
    assert origin["DomainName"] == {"Fn::GetAtt": ["PageBucket", "RegionalDomainName"]}


def test_the_page_is_only_read_and_only_over_https(page: dict[str, Any]) -> None:
    distribution = page["PageDistribution"]["DistributionConfig"]
    behavior = distribution["DefaultCacheBehavior"]
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behavior["AllowedMethods"]) == {"GET", "HEAD"}
    assert behavior["ResponseHeadersPolicyId"] == {"Ref": "PageHeaders"}
    assert distribution["DefaultRootObject"] == "index.html"
    assert "Logging" not in distribution, "the viewers' addresses would be kept"
    assert "CacheBehaviors" not in distribution, "one behavior, so one policy for every path"


def test_every_answer_says_what_it_may_be_used_for(page: dict[str, Any]) -> None:
    headers = page["PageHeaders"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert all(header["Override"] is True for header in headers.values())
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert set(headers) >= {"ContentTypeOptions", "ContentSecurityPolicy"}


def test_the_page_may_talk_to_its_own_api_alone(page: dict[str, Any]) -> None:
    headers = page["PageHeaders"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    text, values = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    policy = policy_of(text)
    assert policy["connect-src"] == ["'self'", "https://${Host}${Live}"]
    host = "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
    socket = {"Fn::Sub": f" wss://{host.replace('${Api}', '${LiveApi}')}"}
    assert values == {
        "Host": {"Fn::If": ["HasDomain", {"Ref": "DomainName"}, {"Fn::Sub": host}]},
        "Live": {"Fn::If": ["IsLive", socket, ""]},
    }
    # The two forms that a signed URL's host can have: S3's own of a region, and in us-east-1 the one without.
    buckets = {"https://${Bucket.RegionalDomainName}", "https://${Bucket.DomainName}"}
    assert set(policy["img-src"]) == {"'self'", "data:"} | buckets
    assert not any("*" in value or "unsafe" in value for values in policy.values() for value in values)


def test_the_page_is_held_to_the_same_on_this_machine_and_on_aws(page: dict[str, Any]) -> None:
    headers = page["PageHeaders"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    there = policy_of(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"][0])
    here = policy_of(content_security_policy(""))

    def own(policy: dict[str, list[str]]) -> dict[str, list[str]]:
        return {name: [value for value in values if "://" not in value] for name, values in policy.items()}

    assert own(there) == own(here)


def test_the_docs_name_the_outputs_that_there_are(template: dict[str, Any]) -> None:
    text = (Path(TEMPLATE).parent / "docs" / "deploying.md").read_text(encoding="utf-8")
    section = text.partition("## 4. The page")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(Page\w+)`|the output (\w+)", section))
    assert {first or second for first, second in named} <= set(template["Outputs"])
    assert {"PageUrl", "PageBucketName"} <= {first for first, _ in named}
