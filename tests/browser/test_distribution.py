"""The page's place on AWS, as far as an emulator can show it: CloudFormation makes it, and it names the right API."""

import json
from typing import Any

import pytest

from local.stack import LocalStack


@pytest.fixture
def outputs(stack: LocalStack) -> dict[str, str]:
    found = stack.client("cloudformation").describe_stacks(StackName="unstuck")["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def test_the_distribution_leads_to_the_pages_bucket_and_names_the_api_that_was_made(
    stack: LocalStack, outputs: dict[str, str]
) -> None:
    cloudfront = stack.client("cloudfront")
    distribution = cloudfront.get_distribution(Id=outputs["PageDistributionId"])["Distribution"]
    assert outputs["PageUrl"] == f"https://{distribution['DomainName']}"
    [origin] = distribution["DistributionConfig"]["Origins"]["Items"]
    assert origin["DomainName"].startswith(f"{outputs['PageBucketName']}.s3.")
    policy_id = distribution["DistributionConfig"]["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]
    found = cloudfront.get_response_headers_policy(Id=policy_id)["ResponseHeadersPolicy"]
    headers: dict[str, Any] = found["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    csp = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert f"connect-src 'self' https://{outputs['ApiId']}.execute-api." in csp
    assert f" https://{outputs['BucketName']}.s3." in csp


def test_the_pages_bucket_lets_this_distribution_in_and_nobody_else(stack: LocalStack, outputs: dict[str, str]) -> None:
    policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=outputs["PageBucketName"])["Policy"])
    [allowed] = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert allowed["Condition"]["StringEquals"]["AWS:SourceArn"].endswith(f"/{outputs['PageDistributionId']}")
    assert allowed["Action"] == "s3:GetObject"
