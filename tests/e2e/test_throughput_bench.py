"""The throughput bench's own function, on a stack as it is deployed."""

import httpx

from bench.throughput import ceiling
from bench.throughput.load import CEILING_PATH
from local.stack import LocalStack, StackOptions
from tests.e2e.conftest import SHORT


def test_the_bench_finds_the_http_api_beside_the_one_of_live_connections() -> None:
    with LocalStack(StackOptions(parameters=SHORT)) as stack:
        protocols = sorted(each["ProtocolType"] for each in stack.client("apigatewayv2").get_apis()["Items"])
        assert protocols == ["HTTP", "WEBSOCKET"]
        ceiling.deploy(stack)
        url = f"{stack.api_url}{CEILING_PATH}"
        assert httpx.get(url, timeout=60).status_code == 401
        answer = httpx.get(url, headers={"authorization": f"Bearer {stack.token('alice')}"}, timeout=60)
        assert (answer.status_code, answer.json()) == (200, {})
