"""The local page's server only serves its own page's files, and its faults only to that page."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from local.page import PageServer
from local.stack import LocalStack

API = "http://127.0.0.1:4566/_aws/execute-api/abc/$default"


def a_stack() -> LocalStack:
    """Return as much of a stack as a server needs that does nothing to it."""
    variables = {"HEARTBEAT_SECONDS": "0.5", "LEASE_SECONDS": "5", "DISPATCH_GRACE_SECONDS": "10"}
    functions = SimpleNamespace(
        get_function_configuration=lambda **_: {"Environment": {"Variables": variables}},
    )
    stack = SimpleNamespace(
        api_url=API,
        function_names={"process": "process"},
        client=lambda _service: functions,
        token=lambda sub, ttl_seconds: f"a token of {sub} for {ttl_seconds} s",
    )
    return cast(LocalStack, stack)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    directory = tmp_path / "dist"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>The page</title>")
    (directory / "assets" / "main.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("not the page's")
    (directory / "link.txt").symlink_to(tmp_path / "secret.txt")
    return directory


@pytest.fixture
def server(dist: Path) -> Iterator[PageServer]:
    with PageServer(a_stack(), dist) as server:
        server.stack_is_up()
        yield server


def ask_for_a_token(server: PageServer, **headers: str) -> httpx.Response:
    headers = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return httpx.post(f"{server.url}faults/tokens", content='{"sub": "ada"}', headers=headers)


def test_the_page_and_its_files_are_served_with_their_types(server: PageServer) -> None:
    page, script = httpx.get(server.url), httpx.get(f"{server.url}assets/main.js")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "The page" in page.text
    assert (script.text, script.headers["content-type"]) == ("export {};", "text/javascript; charset=utf-8")
    assert httpx.get(f"{server.url}assets/other.js").status_code == 404


def test_the_page_may_talk_to_its_own_api_and_to_nobody_else(server: PageServer) -> None:
    headers = httpx.get(server.url).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == "'self' http://127.0.0.1:4566 ws://127.0.0.1:4566"
    assert policy["img-src"] == "'self' data: http://127.0.0.1:4566"
    assert policy["frame-ancestors"] == "'none'"
    assert not any("unsafe" in values for values in policy.values()), "no inline script, and no inline style"
    assert not {"script-src", "style-src", "font-src"} & set(policy), "the default holds"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/link.txt", "//etc/passwd", "/%00"],
)
def test_nothing_outside_the_page_is_served(server: PageServer, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path)  # unchanged: httpx would normalise it
        answer = connection.getresponse()
        assert answer.status == 404
        assert b"not the page's" not in answer.read()
    finally:
        connection.close()


def test_without_a_built_page_it_is_said_how_to_build_one(tmp_path: Path) -> None:
    with PageServer(a_stack(), tmp_path / "none") as server:
        answer = httpx.get(server.url)
        assert answer.status_code == 503
        assert "npm run build" in answer.text


def test_before_the_stack_is_up_there_is_nothing_to_configure_and_nothing_to_hurt(dist: Path) -> None:
    with PageServer(a_stack(), dist) as server:
        assert httpx.get(f"{server.url}config.json").status_code == 503
        assert ask_for_a_token(server).status_code == 503


def test_the_page_itself_and_a_command_line_may_use_the_faults(server: PageServer) -> None:
    for origin in server.origins:
        assert ask_for_a_token(server, origin=origin, sec_fetch_site="same-origin").status_code == 200
    answer = ask_for_a_token(server)
    assert answer.json()["token"] == "a token of ada for 3600 s"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://elsewhere.example.com"}, 403),
        ({"origin": "http://localhost:5173"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"host": "elsewhere.example.com"}, 421),
        ({"host": "127.0.0.1.elsewhere.example.com"}, 421),
    ],
)
def test_another_page_can_do_nothing_with_the_faults(server: PageServer, headers: dict[str, str], status: int) -> None:
    answer = ask_for_a_token(server, **headers)
    assert answer.status_code == status
    assert "token of" not in answer.text
    assert "access-control-allow-origin" not in answer.headers


def test_another_page_cannot_read_what_works_here(server: PageServer) -> None:
    answer = httpx.get(f"{server.url}faults", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("tokens", "{}"),
        ("tokens", '{"sub": ""}'),
        ("tokens", f'{{"sub": "{"a" * 129}"}}'),
        ("tokens", '{"sub": 1}'),
        ("tokens", "no json"),
        ("tokens", "[]"),
        ("kill", "{}"),
        ("freeze", '{"generation_id": "x"}'),
        ("freeze", '{"generation_id": "x", "seconds": 0}'),
        ("freeze", '{"generation_id": "x", "seconds": 61}'),
        ("freeze", '{"generation_id": "x", "seconds": NaN}'),
        ("freeze", '{"generation_id": "x", "seconds": true}'),
        ("lose", '{"sub": null}'),
    ],
)
def test_what_a_fault_does_not_take_is_refused_with_the_reason(server: PageServer, path: str, body: str) -> None:
    answer = httpx.post(f"{server.url}faults/{path}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    error: dict[str, Any] = answer.json()["error"]
    assert error["message"]


def test_there_are_no_other_calls(server: PageServer) -> None:
    json = {"content-type": "application/json"}
    assert httpx.get(f"{server.url}faults/kill").status_code == 404
    assert httpx.post(f"{server.url}faults/all", content="{}", headers=json).status_code == 404
    assert httpx.post(server.url, content="{}", headers=json).status_code == 404
    assert httpx.post(f"{server.url}faults/kill", content=" " * 5000, headers=json).status_code == 413
