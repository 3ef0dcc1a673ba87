"""Every fault that a client met, from a real server, to both clients: neither sticks, storms, starts twice, or tells.

Each client runs all rows at once, and no row takes longer than its few backoffs.
"""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.clients.fault_proxy import ROWS, Proxy, fault_proxy, jwt
from tests.node import ENVIRONMENT, MISSING, NODE, ROOT, npm
from unstuck.client import Client
from unstuck.errors import UnstuckError

STOP_SECONDS = 3.0
"""How long those rows run whose service stays away."""
UNREACHABLE = {"network_error", "unreachable", "timeout", "stopped", "wait_timeout", "http_503"}
TOKENS: dict[str, list[str]] = {
    **{row: [jwt("ada")] for row in ROWS},
    "renewed_after_401": ["old", "new"],
    "renewed_after_403": ["old", "new"],
    "blocked_while_expired": [jwt("ada", "expired", -60.0), jwt("ada")],
    "token_that_hangs": ["hangs"],
    "token_that_is_none": ["secret-\nvery-secret"],
    "another_user": [jwt("ada"), jwt("bob")],
}
ENDS = {
    "another_user": {"another_user"},
    "token_that_hangs": {"timeout", "token_unavailable"},
    "token_that_is_none": {"token_unavailable"},
    "retry_after_2147484": UNREACHABLE,
    "retry_after_86400": UNREACHABLE,
}


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with fault_proxy() as running:
        yield running


def with_python(proxy: Proxy) -> dict[str, Any]:
    with ThreadPoolExecutor(len(ROWS)) as pool:
        return dict(zip(ROWS, pool.map(lambda row: _one(f"{proxy.url}/py/{row}", row), ROWS), strict=True))


def _one(url: str, row: str) -> dict[str, Any]:
    given = list(TOKENS[row])
    hangs = given == ["hangs"]

    def token() -> str:
        if hangs:
            raise TimeoutError  # how long it is waited for: test_renewing
        return given.pop(0) if len(given) > 1 else given[0]

    limit = STOP_SECONDS if row in ENDS else 60.0
    try:
        with Client(url, token) as client:
            return {"status": client.create_and_wait({"kind": "story"}, timeout_seconds=limit).status}
    except UnstuckError as error:
        return {"error": error.code, "shown": f"{error!r} {error} {error.__cause__!r} {vars(error)}"}


def with_typescript(proxy: Proxy) -> dict[str, Any]:
    npm("clients/typescript", "run", "build")
    given = {"url": proxy.url, "rows": list(ROWS), "tokens": TOKENS, "stopAfterMs": STOP_SECONDS * 1000}
    script = str(ROOT / "tests" / "clients" / "through_proxy.mjs")
    assert NODE is not None
    done = subprocess.run(  # noqa: S603 - our own script
        [NODE, script, json.dumps(given)], env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def python_ends(proxy: Proxy) -> dict[str, Any]:
    return with_python(proxy)


@pytest.fixture(scope="module")
def typescript_ends(proxy: Proxy) -> dict[str, Any]:
    if NODE is None:
        pytest.skip(MISSING)
    return with_typescript(proxy)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("client", ["py", "ts"])
def test_a_client_outlasts_the_fault(client: str, row: str, proxy: Proxy, request: pytest.FixtureRequest) -> None:
    ended = request.getfixturevalue("python_ends" if client == "py" else "typescript_ends")[row]
    played = proxy.played.get((client, row))
    if row in ENDS:
        assert ended.get("error") in ENDS[row], ended
    else:
        assert ended.get("status") == "succeeded", ended
    for token in TOKENS[row]:
        assert token not in ended.get("shown", "")
        assert "very-secret" not in ended.get("shown", "")
    if played is not None:
        assert len(played.calls) <= 12, "a storm"
        assert len(played.made) <= 1, "started twice"
        assert set(played.made.values()) <= {"ada", "new"}, "under another's token"
