"""The TypeScript client and its hooks against the running stack: vitest gets the API's address and tokens."""

import uuid

import httpx
import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner
from tests.node import MISSING, NPM, npm

needs_node = pytest.mark.skipif(NPM is None, reason=MISSING)
pytestmark = pytest.mark.timeout(420)


def run(stack: LocalStack, owner: Owner, *files: str) -> None:
    """Run these of the client's tests as `owner`, who then answers for every generation that they made."""
    npm(
        "clients/typescript",
        "run",
        "test:stack",
        "--",
        *files,
        timeout_seconds=380,
        UNSTUCK_URL=stack.api_url,
        UNSTUCK_TOKEN=stack.token(owner.name),
        UNSTUCK_OTHER_TOKEN=stack.token(f"other-{uuid.uuid4()}"),
        UNSTUCK_EXPIRED_TOKEN=stack.token(owner.name, ttl_seconds=-600),
    )
    heads = (item["sk"] for item in faults.items(stack, owner.name) if item["sk"].startswith("G#"))
    owner.generations.extend(sk.removeprefix("G#") for sk in heads)
    assert owner.generations, "no test has made anything"


def test_a_page_may_read_every_header_that_the_client_reads(stack: LocalStack) -> None:
    origin = stack.parameters["AllowedOrigins"].split(",")[0]
    answer = httpx.get(f"{stack.api_url}/v1/health", headers={"origin": origin})
    exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    # Cache-Control, which it reads as well, may always be read.
    assert {"retry-after", "etag", "idempotency-replayed", "date"} <= exposed


# Two at a time, since most of each is waiting. Starting vitest takes seconds as well.
@needs_node
def test_the_typescript_client_its_hooks_the_proxy_routes_and_the_guide_for_migrating_do_their_part(
    stack: LocalStack, alice: Owner
) -> None:
    run(stack, alice, "--fileParallelism", "--maxWorkers=2", "client", "hooks", "stack/live", "proxy", "migrating")


@needs_node
def test_the_typescript_client_polls_where_nothing_is_pushed(stack: LocalStack, alice: Owner) -> None:
    with faults.denied(stack, "push", "execute-api:ManageConnections"):
        run(stack, alice, "stack/unpushed")


@needs_node
def test_the_typescript_client_comes_back_when_a_limit_tells_it_to(stack: LocalStack, alice: Owner) -> None:
    with faults.environment(stack, "create", RATE_LIMITS="*=2/6"):
        run(stack, alice, "limits")
