"""The local stack shows functions what AWS would show them, and enforces what AWS would enforce."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.emulator import RUNTIME_PACKAGES
from local.processes import environments
from local.stack import KEY_PARAMETER, LocalStack, StackOptions

ORIGIN = "http://localhost:5173"
UNKNOWN = "01940000-0000-7000-8000-000000000001"
# Lambda's own variables (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html) ...
FROM_LAMBDA = {
    "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT",
    "LANG", "PATH", "PYTHONPATH", "TZ",
}  # fmt: skip
# ... and what only an emulator needs: where AWS is, where /tmp is, and its own bookkeeping.
FROM_THE_EMULATOR = {
    "AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_ENDPOINT_URL", "PWD", "TMPDIR", "_LAMBDA_FUNCTION_ARN",
    "_LAMBDA_LAYERS_DIRS", "_LAMBDA_TIMEOUT",
}  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(StackOptions(state_dir=tmp_path_factory.mktemp("stack"))) as running:
        yield running


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_function_sees_the_templates_variables_lambdas_and_nothing_of_this_machine(stack: LocalStack) -> None:
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.function_names["sweeper"])
    stack.invoke("sweeper")
    (pid,) = stack.worker_pids("sweeper")
    seen = dict(environments())[pid]
    assert set(seen) == FROM_LAMBDA | FROM_THE_EMULATOR | set(configuration["Environment"]["Variables"])
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA"), "the role's own temporary credentials"
    packages = {entry.name for entry in Path(seen["PYTHONPATH"]).iterdir()} - {"__pycache__"}
    assert packages == set(RUNTIME_PACKAGES)


def test_a_call_without_a_valid_token_is_turned_away_by_the_gateway(stack: LocalStack) -> None:
    url = f"{stack.api_url}/v1/generations/{UNKNOWN}"
    assert httpx.get(url).status_code == 401
    for token in (stack.token(ttl_seconds=-60), stack.token(audience="somebody-else"), "no.token.atall"):
        assert httpx.get(url, headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert httpx.get(url, headers={"authorization": f"Bearer {stack.token()}"}).status_code == 404


def test_a_web_page_of_an_allowed_origin_may_call_and_reads_the_headers_it_needs(stack: LocalStack) -> None:
    url = f"{stack.api_url}/v1/generations"
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,idempotency-key"}
    allowed = httpx.options(url, headers={"origin": ORIGIN, **ask})
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "Retry-After" in allowed.headers["access-control-expose-headers"]
    refused = httpx.options(url, headers={"origin": "https://elsewhere.example.com", **ask})
    assert "access-control-allow-origin" not in refused.headers


def test_a_function_may_do_what_its_role_says_until_that_is_denied(stack: LocalStack) -> None:
    token = {"authorization": f"Bearer {stack.token()}"}
    url = f"{stack.api_url}/v1/generations/{UNKNOWN}"
    stack.deny("status", "dynamodb:GetItem")
    try:
        assert httpx.get(url, headers=token, timeout=30).status_code >= 500
    finally:
        stack.allow_again("status")
    assert httpx.get(url, headers=token, timeout=30).status_code == 404


def test_the_providers_key_is_a_secure_string_and_in_no_functions_configuration(stack: LocalStack) -> None:
    parameter = stack.client("ssm").get_parameter(Name=KEY_PARAMETER, WithDecryption=True)["Parameter"]
    assert parameter["Type"] == "SecureString"
    for name in stack.function_names.values():
        configuration = stack.client("lambda").get_function_configuration(FunctionName=name)
        assert parameter["Value"] not in str(configuration)


def test_the_deployed_event_sources_have_the_templates_settings(stack: LocalStack) -> None:
    sources = stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    queues = [source for source in sources if "ScalingConfig" in source]
    assert sorted((source["BatchSize"], source["ScalingConfig"]["MaximumConcurrency"]) for source in queues) == [
        (1, 5),
        (10, 10),
    ]
    [stream] = [source for source in sources if source not in queues]
    assert (stream["BatchSize"], stream["ParallelizationFactor"], stream["StartingPosition"]) == (100, 2, "LATEST")


def test_a_function_finds_the_websocket_api_where_it_is_here_and_not_where_aws_has_it(stack: LocalStack) -> None:
    for name, variable in (("live", "LIVE_URL"), ("push", "LIVE_ENDPOINT"), ("actions", "LIVE_ENDPOINT")):
        configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.function_names[name])
        address = configuration["Environment"]["Variables"][variable]
        assert address.partition("://")[2] == stack.live_stage.partition("://")[2]


def test_a_second_stack_at_the_same_time_is_another_world(stack: LocalStack) -> None:
    with LocalStack(StackOptions(parameters={"LeaseSeconds": "1.5"})) as other:
        assert other.endpoint != stack.endpoint
        key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        other.client("dynamodb").put_item(TableName=other.table_name, Item=key)
        assert "Item" not in stack.client("dynamodb").get_item(TableName=stack.table_name, Key=key)
        name = other.function_names["process"]
        configuration = other.client("lambda").get_function_configuration(FunctionName=name)
        assert configuration["Environment"]["Variables"]["LEASE_SECONDS"] == "1.5"
        state = other.state
    assert not state.exists()
