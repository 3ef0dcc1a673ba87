"""Deploys the real template onto a running MiniStack with the real SAM CLI.

Owns the deploy and the settings that MiniStack needs after it. It must not change the template or leave a part of it
out.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import yaml
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as SETTINGS
from botocore.exceptions import ClientError

from local.build import sam_environment
from local.emulator import ACCESS_KEY, REGION
from local.processes import Child, ChildFailedError

STACK_NAME = "unstuck"
ARTIFACT_BUCKET = "unstuck-artifacts"
DEPLOY_TIMEOUT_SECONDS = 180
_LIVE_FUNCTIONS = ("LiveFunctionName", "PushFunctionName", "ActionsFunctionName", "ProcessFunctionName")


def client(service: str, endpoint: str, key: str = ACCESS_KEY) -> Any:
    """A boto3 client of MiniStack's root user, which has all rights. `key`: that of another process's stack."""
    session = boto3.session.Session(key, key, region_name=REGION, botocore_session=_own_session())
    config = Config(
        connect_timeout=5,
        read_timeout=70,
        retries={"mode": "standard", "total_max_attempts": 3},
        proxies={},
        s3={"addressing_style": "path"},
    )
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


def _own_session() -> botocore.session.Session:
    """A session that ignores the developer's variables and files, whose profiles and settings must not affect the
    stack."""
    variables = {name: (None, None, default, cast) for name, (_, _, default, cast) in SETTINGS.items()}
    files: dict[str, Any] = dict.fromkeys(("config_file", "credentials_file"), (None, None, None, None))
    return botocore.session.Session(session_vars={**variables, **files})


def environment(endpoint: str) -> dict[str, str]:
    """The variables that lead AWS's own tools to MiniStack, as its root user."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }


def put_provider_key(endpoint: str, name: str, key: str) -> None:
    """Store the model API's key as a user of AWS does: a SecureString, made before the deploy."""
    client("ssm", endpoint).put_parameter(Name=name, Value=key, Type="SecureString", Overwrite=True)


def deploy(endpoint: str, tree: Path, parameters: Mapping[str, str], state: Path) -> dict[str, str]:
    """`sam deploy` the built tree; returns the stack's outputs. Raises ChildFailedError with sam's output."""
    storage = client("s3", endpoint)
    with suppress(storage.exceptions.BucketAlreadyOwnedByYou):  # a stack whose state was kept has it
        storage.create_bucket(Bucket=ARTIFACT_BUCKET)
    argv: list[str | Path] = [
        *(Path(sys.executable).with_name("sam"), "deploy", "--template-file", tree / "template.yaml"),
        *("--stack-name", STACK_NAME, "--s3-bucket", ARTIFACT_BUCKET, "--capabilities", "CAPABILITY_IAM"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar", "--parameter-overrides"),
        *(f'{name}="{value}"' for name, value in parameters.items()),
    ]
    env = sam_environment(state / "sam") | {
        "HOME": str(state / "home"),
        "TMPDIR": str(state / "tmp"),
        "LANG": "C.UTF-8",
        **environment(endpoint),
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    try:
        Child("sam deploy", argv, env=env, cwd=state, log=state / "deploy.log").finish(DEPLOY_TIMEOUT_SECONDS)
    except ChildFailedError as failure:
        for reason in _refused(endpoint):
            failure.add_note(reason)  # the log ends with a long rollback; the reason is far above it
        raise
    stack = client("cloudformation", endpoint).describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _refused(endpoint: str) -> list[str]:
    """Return each resource that the deploy could not create, with the reason."""
    try:
        events = client("cloudformation", endpoint).describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    except ClientError:  # the deploy failed before there was a stack
        return []
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed]


def settle(endpoint: str, tree: Path, outputs: Mapping[str, str], origins: str) -> None:
    """Correct the deploy where MiniStack differs from AWS. docs/aws.md lists these differences and their tests.

    - Repeats two settings through their own APIs, because MiniStack's CloudFormation stores them unreadably. It keeps
      CORS under the template's names and reads it under the API's. It leaves a numeric parameter inside ScalingConfig
      as text, on which the queue's poller fails.
    - Removes three conditions that it enforces. The bucket's policy requires TLS, which loopback lacks. The rights to
      the users' keys require an encryption context, and those to delete require partition keys. MiniStack's IAM sees
      neither.
    - Sets the address of the WebSocket API.
    """
    template = yaml.safe_load((tree / "template.yaml").read_text())
    cors = template["Resources"]["Api"]["Properties"]["CorsConfiguration"]
    configuration = {**cors, "AllowOrigins": origins.split(",")}
    client("apigatewayv2", endpoint).update_api(ApiId=outputs["ApiId"], CorsConfiguration=configuration)
    client("s3", endpoint).delete_bucket_policy(Bucket=outputs["BucketName"])
    iam = client("iam", endpoint)
    for role in (outputs[f"{name}RoleName"] for name in ("Create", "Status", "Actions", "Process", "Sweeper")):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                statement.get("Condition", {}).pop("Null", None)
            iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    functions = client("lambda", endpoint)
    for source in functions.list_event_source_mappings()["EventSourceMappings"]:
        if "ScalingConfig" not in source:
            continue
        scaling = {"MaximumConcurrency": int(source["ScalingConfig"]["MaximumConcurrency"])}
        functions.update_event_source_mapping(UUID=source["UUID"], ScalingConfig=scaling)
    if "LiveApiId" in outputs:
        _settle_live(functions, endpoint, outputs)


def live_stage(endpoint: str, outputs: Mapping[str, str]) -> str:
    """Where the stage of the WebSocket API is, for posts to open connections."""
    return f"{endpoint}/_aws/execute-api/{outputs['LiveApiId']}/live"


def _settle_live(functions: Any, endpoint: str, outputs: Mapping[str, str]) -> None:
    """Make the WebSocket API reachable for browsers and functions; the template names it by its host on AWS."""
    stage = live_stage(endpoint, outputs)
    here = {"LIVE_URL": stage.replace("http", "ws", 1), "LIVE_ENDPOINT": stage}
    for name in _LIVE_FUNCTIONS:
        configuration = functions.get_function_configuration(FunctionName=outputs[name])
        variables = configuration["Environment"]["Variables"]
        known = {variable: value for variable, value in here.items() if variable in variables}
        functions.update_function_configuration(
            FunctionName=outputs[name], Environment={"Variables": {**variables, **known}}
        )
