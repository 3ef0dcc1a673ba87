"""The emulator's port only answers this stack's own tools, its functions and its API's routes, and no web page."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.deployment import client
from local.emulator import ACCESS_KEY, REGION, Emulator, start_emulator
from local.guard import KEY_HEADER
from tests.e2e.browser import opened, serving

SCRIPT = """
const {port, key, names} = SETTINGS;
const found = {}, FUNCTIONS = "/2015-03-31/functions";
const signed = (name) => `AWS4-HMAC-SHA256 Credential=${name}/20260101/us-east-1/lambda/aws4_request, ` +
  "SignedHeaders=host, Signature=0";
const made = JSON.stringify({FunctionName: "planted", Runtime: "python3.13", Handler: "index.handler",
  Role: "arn:aws:iam::000000000000:role/x", Code: {ZipFile: ""}});
async function ask(name, host, path, options) {
  try {
    const answer = await fetch(`http://${host}:${port}${path}`, options);
    found[name] = `${answer.type} ${answer.status} ${(await answer.text()).slice(0, 60)}`;
  } catch (error) {
    found[name] = error.name;
  }
}
for (const host of names) for (const id of ["test", "000000000000", key]) {
  const query = `X-Amz-Credential=${id}%2F20260101%2Fus-east-1%2Flambda%2Faws4_request&X-Amz-Signature=0`;
  const at = `${host} ${id === key ? "ours" : id}`;
  const post = {method: "POST", body: made};
  await ask(`${at} create`, host, FUNCTIONS, {...post, headers: {authorization: signed(id)}});
  await ask(`${at} create unseen`, host, `${FUNCTIONS}?${query}`, {...post, mode: "no-cors"});
  await ask(`${at} invoke`, host, `${FUNCTIONS}/there/invocations?${query}`, {method: "POST", mode: "no-cors"});
  const target = {"x-amz-target": "DynamoDB_20120810.Scan", "content-type": "application/x-amz-json-1.0"};
  const scan = {method: "POST", body: '{"TableName": "there"}', headers: {authorization: signed(id), ...target}};
  await ask(`${at} scan`, host, "/", scan);
  await ask(`${at} bucket`, host, `/planted-${id.toLowerCase()}?${query}`, {method: "PUT", mode: "no-cors"});
  await ask(`${at} list`, host, `${FUNCTIONS}?${query}`);
}
await ask("reset", "127.0.0.1", "/_ministack/reset", {method: "POST", mode: "no-cors"});
await fetch("/", {method: "POST", body: JSON.stringify(found)});
"""
SIGNED = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
LIST = "/2015-03-31/functions"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = start_emulator(Path(tmp_path_factory.mktemp("guarded")))
    yield running
    running.child.stop()


def ask(emulator: Emulator, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers={"Host": f"127.0.0.1:{emulator.port}", **named})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def ours() -> str:
    return SIGNED.format(ACCESS_KEY)


def test_who_has_the_credentials_of_this_stack_may_do_everything(emulator: Emulator) -> None:
    client("s3", emulator.url).create_bucket(Bucket="mine")
    assert client("lambda", emulator.url).list_functions()["Functions"] == []


@pytest.mark.parametrize(
    "key",
    ["test", "000000000000", "123456789012", "AKIAIOSFODNN7EXAMPLE", pytest.param(ACCESS_KEY[:-1], id="a part of it")],
)
def test_no_other_key_is_the_root_users(emulator: Emulator, key: str) -> None:
    session = boto3.Session(key, key, region_name=REGION)
    for service, call in (("dynamodb", "list_tables"), ("lambda", "list_functions"), ("s3", "list_buckets")):
        found: Any = session.client(service, endpoint_url=emulator.url)  # type: ignore[call-overload]
        with pytest.raises(ClientError) as refused:
            getattr(found, call)()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


@pytest.mark.parametrize(
    "path", [LIST, "/", "/_ministack/reset", "/_ministack/sqs/messages", "/mine", "/_localstack/info"]
)
def test_without_credentials_nothing_is_answered(emulator: Emulator, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        status, headers = ask(emulator, path, method)
        assert status == 403, method
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "browser",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "same-origin"},
    ],
)
def test_no_page_is_answered_whatever_it_knows(emulator: Emulator, browser: dict[str, str]) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        status, headers = ask(emulator, LIST, method, Authorization=ours(), **browser)
        assert status == 403
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "", "[::ffff]"]
)
def test_a_name_of_somebody_elses_that_leads_here_is_refused(emulator: Emulator, host: str) -> None:
    for path in (LIST, "/_aws/execute-api/abcdef12/$default/v1/health", "/_ministack/health"):
        assert ask(emulator, path, Host=f"{host}:{emulator.port}", Authorization=ours())[0] == 403


def test_what_answers_says_nothing_of_other_origins(emulator: Emulator) -> None:
    status, headers = ask(emulator, LIST, Authorization=ours())
    assert status == 200
    assert not [name for name in headers if name.startswith("access-control-")]


def test_two_keys_in_one_request_are_none(emulator: Emulator) -> None:
    assert ask(emulator, LIST, Authorization=SIGNED.format("test"), **{KEY_HEADER: ACCESS_KEY})[0] == 403
    assert ask(emulator, f"{LIST}?X-Amz-Credential={ACCESS_KEY}/x", Authorization=SIGNED.format("test"))[0] == 403


@pytest.mark.timeout(400)
def test_a_foreign_page_in_a_browser_can_make_invoke_and_read_nothing(emulator: Emulator, tmp_path: Path) -> None:
    table, functions = client("dynamodb", emulator.url), client("lambda", emulator.url)
    buckets = [each["Name"] for each in client("s3", emulator.url).list_buckets()["Buckets"]]
    table.create_table(
        TableName="there",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    table.put_item(TableName="there", Item={"pk": {"S": "a secret"}})
    settings = {"port": emulator.port, "key": ACCESS_KEY, "names": ["127.0.0.1", "localhost", "rebound.example"]}
    with serving(SCRIPT.replace("SETTINGS", json.dumps(settings))) as page:
        found = opened(page, tmp_path / "profile", "--host-resolver-rules=MAP rebound.example 127.0.0.1")
    assert len(found) == 3 * 3 * 6 + 1
    assert {answer for answer in found.values() if "opaque" not in answer} == {"TypeError"}, found
    assert not any("secret" in answer for answer in found.values())
    assert functions.list_functions()["Functions"] == []
    assert [each["Name"] for each in client("s3", emulator.url).list_buckets()["Buckets"]] == buckets
    assert table.scan(TableName="there")["Items"] == [{"pk": {"S": "a secret"}}], "nor was anything reset"


def handshake(emulator: Emulator, path: str, host: str, **headers: str) -> int:
    """Return the status that an upgrade is answered with; 404 is the emulator's own word, and 403 the guard's."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
    connection.request("GET", path, headers={"Host": host, **upgrade, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.fixture(scope="module")
def socket_path(emulator: Emulator) -> str:
    """The path of a WebSocket API that lets everybody in."""
    gateway = client("apigatewayv2", emulator.url)
    api = gateway.create_api(Name="open", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    gateway.create_stage(ApiId=api["ApiId"], StageName="live")
    return f"/_aws/execute-api/{api['ApiId']}/live"


def test_a_websocket_is_reached_below_an_api_and_nowhere_else(emulator: Emulator, socket_path: str) -> None:
    here = f"127.0.0.1:{emulator.port}"
    assert handshake(emulator, socket_path, here, Origin="http://127.0.0.1:5173") == 101
    assert handshake(emulator, socket_path, f"localhost:{emulator.port}") == 101
    for host in ("evil.example", f"evil.example:{emulator.port}", "127.0.0.1.evil.example"):
        assert handshake(emulator, socket_path, host) != 101, "a name of somebody else's that leads here"
    for path in ("/", "/mqtt", "/_ministack/health", "/event/realtime", f"/x{socket_path}"):
        assert handshake(emulator, path, here) != 101, path


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_no_page_and_nobody_without_credentials_reaches_an_open_websocket(
    emulator: Emulator, socket_path: str, method: str
) -> None:
    path = f"{socket_path}/@connections/0123456789abcdef"
    assert ask(emulator, path, method)[0] == 403
    assert ask(emulator, path, method, authorization=ours(), origin="http://127.0.0.1:5173")[0] == 403
    assert ask(emulator, path, method, authorization=ours())[0] == 410, "the emulator's own answer"
