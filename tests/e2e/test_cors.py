"""CORS as a browser enforces it: a page of an allowed origin reads what it needs, another's gets nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from local.stack import LocalStack
from tests.e2e.browser import Page, opened, serving
from tests.e2e.owner import Owner, own_text

SCRIPT = """
const {api, token, body, own} = SETTINGS;
const found = {};
async function ask(name, path, options) {
  try {
    const answer = await fetch(api + path, options);
    const headers = {};
    for (const header of ["ETag", "Retry-After", "RateLimit", "RateLimit-Policy", "Location", "Idempotency-Replayed"])
      headers[header] = answer.headers.get(header);
    found[name] = {status: answer.status, headers, body: answer.status === 204 ? null : await answer.json()};
  } catch (error) {
    found[name] = {refused: error.name};
  }
}
const headers = {"authorization": `Bearer ${token}`, "content-type": "application/json", "idempotency-key": "once"};
await ask("health", "/v1/health");
await ask("read", `/v1/generations/${own}`, {headers: {"authorization": `Bearer ${token}`, "if-none-match": '"x"'}});
await ask("create", "/v1/generations", {method: "POST", headers, body});
await ask("again", "/v1/generations", {method: "POST", headers, body});
await ask("decide", `/v1/generations/${own}/suggestions/1`,
          {method: "PATCH", headers, body: JSON.stringify({decision: "rejected"})});
await ask("dismiss", `/v1/generations/${own}`, {method: "DELETE", headers});
await fetch("/", {method: "POST", body: JSON.stringify(found)});
"""


@contextmanager
def allowing(stack: LocalStack, page: Page | None) -> Iterator[None]:
    """Have the API allow the page's origin beside its own, as the parameter AllowedOrigins does at a deploy."""
    gateway = stack.client("apigatewayv2")
    [api] = [each for each in gateway.get_apis()["Items"] if each["ApiId"] in stack.api_url]
    own = api["CorsConfiguration"]
    more = [f"http://127.0.0.1:{page.port}"] if page else []
    gateway.update_api(ApiId=api["ApiId"], CorsConfiguration={**own, "AllowOrigins": [*own["AllowOrigins"], *more]})
    try:
        yield
    finally:
        gateway.update_api(ApiId=api["ApiId"], CorsConfiguration=own)


def found_by_a_page(stack: LocalStack, owner: Owner, profile: Path, *, allowed: bool) -> dict[str, Any]:
    own = owner.submit()
    owner.wait_for_end(own)
    settings = {
        "api": stack.api_url,
        "token": stack.token(owner.name),
        "body": json.dumps({"source_text": own_text(), "model": "local/cards"}),
        "own": own,
    }
    with (
        serving(SCRIPT.replace("SETTINGS", json.dumps(settings))) as page,
        allowing(stack, page if allowed else None),
    ):
        return dict(opened(page, profile))


@pytest.mark.timeout(400)
def test_a_page_of_an_allowed_origin_reads_the_headers_that_it_polls_by(
    stack: LocalStack, alice: Owner, tmp_path: Path
) -> None:
    found = found_by_a_page(stack, alice, tmp_path / "profile", allowed=True)
    assert {name: answer.get("status") for name, answer in found.items()} == {
        "health": 200,
        "read": 200,
        "create": 202,
        "again": 202,
        "decide": 200,
        "dismiss": 204,
    }, found
    created, again = found["create"], found["again"]
    alice.generations.append(created["body"]["generation_id"])
    alice.wait_for_end(created["body"]["generation_id"])
    assert found["read"]["headers"]["ETag"].startswith('"')
    assert int(created["headers"]["Retry-After"]) > 0
    assert ";r=" in created["headers"]["RateLimit"]
    assert ";q=" in created["headers"]["RateLimit-Policy"]
    assert urljoin("/v1/generations", created["headers"]["Location"]) == created["body"]["urls"]["self"]
    assert (again["headers"]["Idempotency-Replayed"], again["body"]) == ("true", created["body"])


@pytest.mark.timeout(400)
def test_a_page_of_another_origin_gets_nothing(stack: LocalStack, alice: Owner, tmp_path: Path) -> None:
    found = found_by_a_page(stack, alice, tmp_path / "profile", allowed=False)
    names = ("health", "read", "create", "again", "decide", "dismiss")
    assert found == {name: {"refused": "TypeError"} for name in names}
    # Each of those that would have changed something was stopped at its preflight.
    assert [each["generation_id"] for each in alice.http.get("/v1/generations").json()["generations"]] == (
        alice.generations
    )
    cards = alice.look(alice.generations[0])["output"]["suggestions"]
    assert {card["state"] for card in cards} == {"proposed"}
