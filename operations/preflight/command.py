"""`unstuck preflight`: checks the account for problems before a deploy, with the operator's rights. Changes nothing."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operations.deployment import NotFoundError
from operations.preflight import account, plan
from operations.preflight.found import Found, Level, as_json, as_text
from operations.preflight.issuer import issuer
from operations.preflight.rights import rights

CLEAN, FOUND = 0, 1
_PATIENT = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--stack", default="unstuck", help="the name of the stack to deploy (unstuck)")
    command.add_argument("--parameters", type=Path, help="the file of the template's parameters, such as deploy.toml")
    command.add_argument("--region", help="the stack's region, if your AWS configuration has another")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("values", nargs="*", metavar="Name=value", help="parameters in addition to the file")


def run(given: argparse.Namespace) -> int:
    """Print the findings; return 1 if there is a fault. Raises NotFoundError, and botocore's errors."""
    asked = _Asked(given)
    found = list(asked.everything())
    about = {"account": asked.account, "region": asked.region, "caller": asked.caller, "stack": given.stack}
    if given.json:
        print(json.dumps(as_json(about, found), indent=2))
    else:
        print(as_text(" · ".join(about.values()), found))
    return FOUND if any(each.level is Level.FAULT for each in found) else CLEAN


class _Asked:
    """One account and region, and the planned deployment."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._session = boto3.Session(region_name=given.region)
        if not self._session.region_name:
            raise NotFoundError("no region is set: pass --region, or set AWS_DEFAULT_REGION")
        self.region: str = self._session.region_name
        identity = self._client("sts").get_caller_identity()
        self.account, self.caller = str(identity["Account"]), str(identity["Arn"])
        stack = self._stack(given.stack)
        self._status = stack.get("StackStatus")
        kept = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
        values = plan.read_values(given.parameters, given.values)
        self._plan = plan.Plan(given.stack, plan.read_template(), values, kept)

    def _client(self, service: str) -> Any:
        return self._session.client(service, config=_PATIENT)  # type: ignore[call-overload]

    def _stack(self, name: str) -> dict[str, Any]:
        try:
            return dict(self._client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return {}

    def everything(self) -> Iterator[Found]:
        """Run all checks. A check that the caller may not make is a notice, and the others still run."""
        yield from plan.values(self._plan)
        yield from plan.names(self._plan, self.region)
        yield from account.stack_state(self._plan.stack, self._status)
        yield from issuer(self._plan)
        for about, look in (
            ("the caller's rights", self._rights),
            ("Lambda's quota", self._concurrency),
            ("log policies", self._log_policies),
            ("the keys in SSM", self._secrets),
            ("the certificate", self._certificate),
        ):
            try:
                yield from look()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                says = f"{about[0].upper()}{about[1:]} cannot be read ({code})."
                yield Found("not_asked", says, f"Allow {error.operation_name}, and run preflight again.", Level.NOTICE)

    def _rights(self) -> Iterator[Found]:
        names = {"partition": self.caller.split(":")[1], "region": self.region, "account": self.account}
        types = self._plan.resource_types()
        yield from rights(self._client("iam"), self.caller, types, names | {"stack": self._plan.stack})

    def _concurrency(self) -> Iterator[Found]:
        yield from account.concurrency(self._plan, self._client("lambda").get_account_settings()["AccountLimit"])

    def _log_policies(self) -> Iterator[Found]:
        pages = self._client("logs").get_paginator("describe_resource_policies").paginate()
        yield from account.log_policies([each for page in pages for each in page["resourcePolicies"]])

    def _secrets(self) -> Iterator[Found]:
        wanted, ssm = self._plan, self._client("ssm")
        if wanted.value("LlmProtocol") != "bedrock":
            name = wanted.value("ProviderKeyParameter") or f"/{wanted.stack}/openrouter-api-key"
            yield from account.secret(ssm, "ProviderKeyParameter", name)
        if wanted.holds("SecretVerifies"):
            name = wanted.value("JwtSecretParameter") or f"/{wanted.stack}/jwt-secret"
            yield from account.secret(ssm, "JwtSecretParameter", name, shortest=32)

    def _certificate(self) -> Iterator[Found]:
        if self._plan.value("DomainName") and (arn := self._plan.value("DomainCertificateArn")):
            yield from account.certificate(self._client("acm"), arn, self._plan.value("DomainName"), self.region)
