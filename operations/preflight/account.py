"""Checks of the account: concurrency, room for a log policy, keys in SSM, a certificate, a stack that takes updates."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from operations.preflight.found import Found, Level
from operations.preflight.plan import Plan

UNRESERVED_AT_LEAST = 100
"""The concurrency that Lambda keeps for functions without a reservation (docs.aws.amazon.com/lambda, reserved
concurrency)."""
_SWEEPER, _HTTP = 1, 2
"""Concurrency to keep free of workers: for the sweeper, a create and a poll."""
_POLICIES, _POLICY_CHARACTERS, _ONE_MORE = 10, 5_120, 200
_STUCK = {
    "ROLLBACK_COMPLETE": "Its first deploy failed. Delete it: sam delete.",
    "ROLLBACK_FAILED": "Its first deploy failed. Delete it: sam delete.",
    "DELETE_FAILED": "Delete it again, and retain what cannot be deleted: "
    "aws cloudformation delete-stack --retain-resources.",
    "UPDATE_ROLLBACK_FAILED": "Continue the rollback: aws cloudformation continue-update-rollback.",
    "REVIEW_IN_PROGRESS": "A first deploy was prepared but not started. Deploy again, or delete the stack.",
}


def concurrency(plan: Plan, limit: dict[str, Any]) -> Iterator[Found]:
    """Find what Lambda's quota does not allow. `limit` is AccountLimit of GetAccountSettings."""
    quota, free = int(limit["ConcurrentExecutions"]), int(limit["UnreservedConcurrentExecutions"])
    reserved = plan.number("SweeperReservedConcurrency")
    if reserved and free - reserved < UNRESERVED_AT_LEAST:
        yield Found(
            "cannot_reserve",
            f"{free} of Lambda's {quota} concurrent executions are unreserved, and {UNRESERVED_AT_LEAST} "
            f"must stay unreserved. The sweeper cannot reserve {reserved}.",
            "Leave SweeperReservedConcurrency empty until the quota is raised (Service Quotas, Lambda, Concurrent "
            "executions).",
        )
        reserved = 0
    workers = plan.number("MaximumConcurrency") + plan.number("IsolatedMaximumConcurrency")
    others = _HTTP if reserved else _HTTP + _SWEEPER
    room = free - reserved - others
    if workers > room:
        yield _too_small(workers, free, room)
    elif (
        not reserved
        and free - _SWEEPER - 1 >= UNRESERVED_AT_LEAST
        and "SweeperReservedConcurrency" in (plan.template["Parameters"])
    ):
        yield Found(
            "sweeper_shares",
            "The sweeper shares its concurrency with all functions of the account, and they can use it up.",
            'Set SweeperReservedConcurrency = "2"; the quota allows it.',
            Level.NOTICE,
        )


def _too_small(workers: int, free: int, room: int) -> Found:
    isolated = max(2, room // 3)
    main = max(2, room - isolated)
    do = "Request a higher quota (Service Quotas, Lambda, Concurrent executions, L-B99A9384). "
    if main + isolated <= room:
        do += f'Until then set MaximumConcurrency = "{main}" and IsolatedMaximumConcurrency = "{isolated}".'
    else:
        do += "Otherwise workers would use the concurrency that creates, polls and the sweeper need."
    says = (
        f"Lambda runs {free} executions at once for this account, and the queues may start {workers} workers. "
        "Creates, polls and "
    )
    return Found("concurrency_too_small", f"{says}the sweeper would be refused.", do)


def log_policies(policies: list[dict[str, Any]]) -> Iterator[Found]:
    """Find why API Gateway could not set up its access log. `policies` are all of DescribeResourcePolicies."""
    delivery = [each for each in policies if "delivery.logs.amazonaws.com" in each.get("policyDocument", "")]
    if not delivery and len(policies) >= _POLICIES:
        yield Found(
            "log_policies_full",
            f"CloudWatch Logs has {len(policies)} resource policies in this region, the maximum, and none "
            "lets log delivery write. The stage's access log cannot be set up.",
            "Delete an unused one (aws logs delete-resource-policy), or merge two.",
        )
    for each in delivery:
        if len(each["policyDocument"]) + _ONE_MORE > _POLICY_CHARACTERS and '"*"' not in each["policyDocument"]:
            yield Found(
                "log_policy_long",
                f"The resource policy {each['policyName']} has {len(each['policyDocument'])} of "
                f"{_POLICY_CHARACTERS} characters. One more log group does not fit, so the deploy fails at the stage.",
                "Replace its list of log groups with a pattern: aws logs put-resource-policy.",
            )


def secret(ssm: Any, parameter: str, name: str, shortest: int = 1) -> Iterator[Found]:
    """Find why a function could not use the SecureString `name`, the value of `parameter`. Shows no secret."""
    store = f"Store it: aws ssm put-parameter --type SecureString --name {name} (docs/deploying.md)."
    listed = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
    if not listed:
        yield Found("key_missing", f"SSM has no parameter {name}, which {parameter} names.", store)
        return
    if listed[0]["Type"] != "SecureString":
        yield Found(
            "key_not_secure", f"{name} is a {listed[0]['Type']}: it is stored in plain text.", f"Delete it. {store}"
        )
    elif listed[0].get("KeyId", "alias/aws/ssm") != "alias/aws/ssm":
        yield Found(
            "key_of_own_kms",
            f"{name} is encrypted with {listed[0]['KeyId']}. No role of the template has kms:Decrypt for that key.",
            "Store it with the account's default key for SSM, or add the permission to the role.",
        )
    try:
        value = str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except ClientError as error:
        says = f"{name} could not be read ({error.response['Error']['Code']}), so its value is not checked."
        yield Found(
            "key_unseen",
            says,
            "Check the value yourself, or allow ssm:GetParameter and run preflight again.",
            Level.NOTICE,
        )
        return
    if not value.strip():
        yield Found("key_empty", f"{name} contains only blanks.", store)
    elif value != value.strip() or not value.isascii() or not value.isprintable():
        says = f"{name} contains blanks or control characters, such as a newline. No server accepts such a key."
        yield Found("key_odd", says, store)
    elif len(value) < shortest:
        yield Found("key_short", f"{name} has fewer than {shortest} characters.", "Store the issuer's complete secret.")


def certificate(acm: Any, arn: str, domain: str, region: str) -> Iterator[Found]:
    """Find why API Gateway would refuse the certificate of a custom domain."""
    if arn.split(":")[3] != region:
        says = f"The certificate is in {arn.split(':')[3]}, and the stack in {region}."
        yield Found("certificate_elsewhere", says, "Request one in the stack's region.")
        return
    try:
        found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        yield Found("certificate_missing", f"ACM does not show {arn} ({code}).", "Correct DomainCertificateArn.")
        return
    if found["Status"] != "ISSUED":
        says = f"The certificate is {found['Status']}, not ISSUED."
        yield Found("certificate_not_issued", says, "Validate it: create its DNS record.")
    covered = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
    if not {domain, f"*.{domain.partition('.')[2]}"} & covered:
        says = f"The certificate is for {', '.join(sorted(covered))}, not for {domain}."
        yield Found("certificate_of_another", says, "Request one for DomainName.")


def stack_state(stack: str, status: str | None) -> Iterator[Found]:
    """Find a stack that takes no update; None means that it does not exist yet."""
    if status in _STUCK:
        yield Found("stack_stuck", f"The stack {stack} is {status}, and takes no update.", _STUCK[status])
    elif status is not None and status.endswith("_IN_PROGRESS"):
        yield Found("stack_busy", f"The stack {stack} is {status}.", "Wait until that ends.")
