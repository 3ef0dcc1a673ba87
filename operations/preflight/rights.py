"""The rights that a deploy needs, by the types of the template's resources, and whether the caller has them."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from operations.preflight.found import Found, Level

Need = tuple[str, tuple[str, ...]]
"""The ARN of a resource as the stack would name it, and CloudFormation's actions on it, on the caller's behalf."""

_GATEWAY = (
    "arn:{partition}:apigateway:{region}::/apis/a",
    tuple(f"apigateway:{verb}" for verb in ("POST", "GET", "PATCH", "DELETE")),
)
_DOMAIN = "arn:{partition}:apigateway:{region}::/domainnames/a", ("apigateway:POST", "apigateway:GET")
_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{stack}-Function-1"
_S3 = "arn:{partition}:s3:::{stack}-bucket-1"

NEEDS: Mapping[str, Need] = {
    "AWS::ApiGatewayV2::Api": _GATEWAY,
    "AWS::ApiGatewayV2::ApiMapping": _DOMAIN,
    "AWS::ApiGatewayV2::Authorizer": _GATEWAY,
    "AWS::ApiGatewayV2::DomainName": _DOMAIN,
    "AWS::ApiGatewayV2::Integration": _GATEWAY,
    "AWS::ApiGatewayV2::IntegrationResponse": _GATEWAY,
    "AWS::ApiGatewayV2::Route": _GATEWAY,
    "AWS::ApiGatewayV2::RouteResponse": _GATEWAY,
    # The access log: API Gateway sets up its delivery on the caller's behalf.
    "AWS::ApiGatewayV2::Stage": (
        "*",
        ("logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
    ),
    "AWS::CloudFront::Distribution": (
        "arn:{partition}:cloudfront::{account}:distribution/*",
        ("cloudfront:CreateDistribution", "cloudfront:GetDistribution", "cloudfront:UpdateDistribution"),
    ),
    "AWS::CloudFront::OriginAccessControl": (
        "arn:{partition}:cloudfront::{account}:origin-access-control/*",
        ("cloudfront:CreateOriginAccessControl", "cloudfront:GetOriginAccessControl"),
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        "arn:{partition}:cloudfront::{account}:response-headers-policy/*",
        ("cloudfront:CreateResponseHeadersPolicy", "cloudfront:GetResponseHeadersPolicy"),
    ),
    "AWS::CloudWatch::Alarm": (
        "arn:{partition}:cloudwatch:{region}:{account}:alarm:{stack}-Alarm-1",
        ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"),
    ),
    "AWS::CloudWatch::Dashboard": (
        "arn:{partition}:cloudwatch::{account}:dashboard/{stack}-{region}",
        ("cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"),
    ),
    "AWS::DynamoDB::Table": (
        "arn:{partition}:dynamodb:{region}:{account}:table/{stack}-Table-1",
        (
            *("dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive"),
            "dynamodb:UpdateContinuousBackups",
        ),
    ),
    "AWS::IAM::Role": (
        "arn:{partition}:iam::{account}:role/{stack}-Role-1",
        (
            "iam:CreateRole",
            "iam:GetRole",
            "iam:PutRolePolicy",
            "iam:PassRole",
            "iam:DeleteRolePolicy",
            "iam:DeleteRole",
        ),
    ),
    "AWS::KMS::Alias": ("arn:{partition}:kms:{region}:{account}:alias/{stack}-user-keys", ("kms:CreateAlias",)),
    "AWS::KMS::Key": (
        "arn:{partition}:kms:{region}:{account}:key/*",
        ("kms:CreateKey", "kms:DescribeKey", "kms:PutKeyPolicy", "kms:EnableKeyRotation", "kms:ScheduleKeyDeletion"),
    ),
    "AWS::Lambda::EventSourceMapping": (
        "arn:{partition}:lambda:{region}:{account}:event-source-mapping:*",
        ("lambda:CreateEventSourceMapping", "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"),
    ),
    "AWS::Lambda::Permission": (_FUNCTION, ("lambda:AddPermission", "lambda:RemovePermission")),
    "AWS::Logs::LogGroup": (
        "arn:{partition}:logs:{region}:{account}:log-group:{stack}-Log-1",
        ("logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"),
    ),
    "AWS::S3::Bucket": (
        _S3,
        (
            "s3:CreateBucket",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketPublicAccessBlock",
        ),
    ),
    "AWS::S3::BucketPolicy": (_S3, ("s3:PutBucketPolicy", "s3:GetBucketPolicy")),
    "AWS::SQS::Queue": (
        "arn:{partition}:sqs:{region}:{account}:{stack}-Queue-1",
        ("sqs:CreateQueue", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "sqs:DeleteQueue"),
    ),
    "AWS::Scheduler::Schedule": (
        "arn:{partition}:scheduler:{region}:{account}:schedule/default/{stack}-Schedule-1",
        ("scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"),
    ),
    "AWS::Serverless::Function": (
        _FUNCTION,
        (
            *("lambda:CreateFunction", "lambda:GetFunction", "lambda:UpdateFunctionCode"),
            *("lambda:UpdateFunctionConfiguration", "lambda:PutFunctionRecursionConfig", "lambda:DeleteFunction"),
        ),
    ),
    "AWS::Serverless::LayerVersion": (
        "arn:{partition}:lambda:{region}:{account}:layer:SharedLayer1",
        ("lambda:PublishLayerVersion", "lambda:GetLayerVersion", "lambda:DeleteLayerVersion"),
    ),
}
"""Some actions that each type needs: enough to see that a caller may not create it. Not a policy to use."""

_THE_DEPLOY: Need = (
    "arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/*",
    ("cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet"),
)


def principal(arn: str) -> str | None:
    """Return the principal whose policies apply to a caller; None for the root user. A session has its role's
    policies."""
    head, _, name = arn.partition(":assumed-role/")
    if name:
        return f"{head.replace(':sts:', ':iam:')}:role/{name.partition('/')[0]}"
    return None if arn.endswith(":root") else arn


def rights(iam: Any, arn: str, types: set[str], names: Mapping[str, str]) -> Iterator[Found]:
    """Find the actions that the caller's policies deny. A check that is not allowed is a notice; the deploy will
    show."""
    source = principal(arn)
    if source is None:
        yield Found(
            "root_user",
            "These are the credentials of the account's root user, whose rights cannot be limited.",
            "Create a role for deploys, and use it.",
            Level.NOTICE,
        )
        return
    needs = [_THE_DEPLOY, *(NEEDS[each] for each in sorted(types & NEEDS.keys()))]
    refused: set[str] = set()
    try:
        if ":role/" in source:
            source = str(
                iam.get_role(RoleName=source.rpartition("/")[2])["Role"]["Arn"]
            )  # a session's name has no path
        for resource, actions in dict.fromkeys(needs):
            answer = iam.simulate_principal_policy(
                PolicySourceArn=source, ActionNames=list(actions), ResourceArns=[resource.format(**names)]
            )
            refused |= {
                each["EvalActionName"] for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"
            }
    except ClientError as error:
        yield Found(
            "rights_unknown",
            f"The rights of {arn} could not be checked ({error.response['Error']['Code']}).",
            "Allow iam:SimulatePrincipalPolicy and iam:GetRole and run preflight again, or try the deploy.",
            Level.NOTICE,
        )
        return
    if refused:
        yield Found(
            "rights_missing",
            f"{arn} lacks rights that the deploy needs: {', '.join(sorted(refused))}.",
            "Allow them, or deploy with another role. This check does not include an organization's limits.",
        )
