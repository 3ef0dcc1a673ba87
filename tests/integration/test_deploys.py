"""`sam deploy` as docs/deploying.md has it, with samconfig.toml and a file of values, into an account that is empty."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.build import built_tree, host_architecture, sam_environment
from local.deployment import client, environment
from local.emulator import PROJECT, start_emulator

STAGING = "unstuck-staging"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0f0f0f0f-1111-4222-8333-444444444444"


@dataclass(frozen=True)
class Account:
    """An emulator as the AWS account, and a clone as a user who deploys has it."""

    endpoint: str
    clone: Path

    def values(self, name: str, **more: str) -> None:
        """Fill in a copy of the example."""
        text = (PROJECT / "deploy.example.toml").read_text(encoding="utf-8")
        wanted = {"JwtIssuer": "https://issuer.example", "JwtAudience": "apps", "AllowedOrigins": "https://a.example"}
        for parameter, value in wanted.items():
            assert f'{parameter} = ""' in text
            text = text.replace(f'{parameter} = ""', f'{parameter} = "{value}"')
        more = {"Architecture": host_architecture(), **more}
        lines = "".join(f'{parameter} = "{value}"\n' for parameter, value in more.items())
        (self.clone / name).write_text(text + lines, encoding="utf-8")

    def sam_deploy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Deploy, and answer the one question with yes."""
        env = sam_environment(self.clone / "sam") | environment(self.endpoint)
        return subprocess.run(  # noqa: S603 - our own sam
            [Path(sys.executable).with_name("sam"), "deploy", *arguments],
            input="y\n",
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            cwd=self.clone,
            env={**env, "HOME": str(self.clone), "LANG": "C.UTF-8", "SAM_CLI_POLL_DELAY": "0.2"},
        )

    def stack(self, name: str) -> dict[str, Any]:
        return dict(client("cloudformation", self.endpoint).describe_stacks(StackName=name)["Stacks"][0])

    def outputs(self, name: str) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.stack(name)["Outputs"]}

    def provider_key_of(self, name: str) -> tuple[str, str]:
        """Return the SSM parameter that the worker asks for, and the one that its role may read."""
        outputs = self.outputs(name)
        functions, iam = client("lambda", self.endpoint), client("iam", self.endpoint)
        found = functions.get_function_configuration(FunctionName=outputs["ProcessFunctionName"])
        policy = iam.get_role_policy(RoleName=outputs["ProcessRoleName"], PolicyName="process")["PolicyDocument"]
        [may] = [each["Resource"] for each in policy["Statement"] if each["Action"] == "ssm:GetParameter"]
        return found["Environment"]["Variables"]["PROVIDER_KEY_PARAMETER"], may.partition(":parameter")[2]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    state, clone = tmp_path_factory.mktemp("emulator"), tmp_path_factory.mktemp("clone")
    shutil.copy(PROJECT / "samconfig.toml", clone)
    (clone / ".aws-sam").mkdir()
    (clone / ".aws-sam" / "build").symlink_to(built_tree())
    emulator = start_emulator(state)
    try:
        yield Account(emulator.url, clone)
    finally:
        emulator.child.stop()


@pytest.fixture(scope="module")
def production(account: Account) -> Account:
    account.values("deploy.toml")
    done = account.sam_deploy("--parameter-overrides", "file://deploy.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    return account


def test_three_values_are_enough_and_the_key_is_named_after_the_stack(production: Account) -> None:
    given = {each["ParameterKey"]: each["ParameterValue"] for each in production.stack("unstuck")["Parameters"]}
    assert (given["JwtIssuer"], given["LeaseSeconds"]) == ("https://issuer.example", "40")
    assert production.provider_key_of("unstuck") == ("/unstuck/openrouter-api-key",) * 2
    assert (production.clone / "samconfig.toml").read_bytes() == (PROJECT / "samconfig.toml").read_bytes()


def test_a_second_environment_has_names_of_its_own_and_a_domain(production: Account) -> None:
    domain = {"DomainName": "api.example.com", "DomainCertificateArn": CERTIFICATE, "DomainPath": "backend"}
    production.values("deploy.staging.toml", DisableExecuteApiEndpoint="true", **domain)
    done = production.sam_deploy("--stack-name", STAGING, "--parameter-overrides", "file://deploy.staging.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert production.provider_key_of(STAGING) == (f"/{STAGING}/openrouter-api-key",) * 2
    one, other = production.outputs("unstuck"), production.outputs(STAGING)
    shared = {name for name in one.keys() & other.keys() if one[name] == other[name]}
    assert shared == set(), "nothing belongs to both"
    assert other["ApiUrl"] == "https://api.example.com/backend"
    gateway = client("apigatewayv2", production.endpoint)
    [mapping] = gateway.get_api_mappings(DomainName="api.example.com")["Items"]
    assert (mapping["ApiId"], mapping["Stage"], mapping["ApiMappingKey"]) == (other["ApiId"], "$default", "backend")
    closed = [gateway.get_api(ApiId=each["ApiId"]).get("DisableExecuteApiEndpoint", False) for each in (one, other)]
    assert closed == [False, True]


def test_an_upgrade_without_the_file_keeps_every_value_that_the_stack_has(production: Account) -> None:
    """Such as the name of the key, whose default was another before each stack had its own name in it."""
    before = ("ProviderKeyParameter=/shared/openrouter-api-key", "LeaseSeconds=50")
    for change in before:
        done = production.sam_deploy("--parameter-overrides", change)
        assert done.returncode == 0, done.stdout + done.stderr
    given = {each["ParameterKey"]: each["ParameterValue"] for each in production.stack("unstuck")["Parameters"]}
    assert (given["JwtIssuer"], given["LeaseSeconds"]) == ("https://issuer.example", "50")
    assert production.provider_key_of("unstuck") == ("/shared/openrouter-api-key",) * 2


def test_an_api_without_an_address_is_refused_with_what_to_set(production: Account) -> None:
    none = "DisableExecuteApiEndpoint=true"
    done = production.sam_deploy(
        *("--stack-name", "unstuck-refused", "--parameter-overrides", "file://deploy.toml", none)
    )
    assert done.returncode != 0
    assert "Set DomainName" in done.stdout + done.stderr
