"""Lenient input of the API: ids in any case, integers with a fraction of zero, HEAD in place of GET."""

from collections.abc import Callable
from urllib.parse import urljoin

import httpx
import pytest

from functions.status.handler import ROUTES as STATUS
from local.stack import LocalStack
from tests.e2e.owner import Owner

ABSENT = "01900000-0000-7000-8000-000000000000"
PATHS = sorted(route.removeprefix("GET ") for route in STATUS)
FREE = {"/v1/health", "/v1/openapi.json"}


def test_an_id_in_upper_case_is_the_same_for_every_call(alice: Owner) -> None:
    generation_id = alice.submit()
    path = f"/v1/generations/{generation_id.upper()}"
    alice.wait_for_end(generation_id)
    for call in ("", "/events", "/input"):
        answer = alice.http.get(path + call)
        assert answer.status_code == 200, answer.text
        assert generation_id.upper() not in answer.text
    assert alice.http.get(path).json()["generation_id"] == generation_id
    decided = alice.http.patch(f"{path}/suggestions/1.0", json={"decision": "accepted"})
    assert (decided.status_code, decided.json()["generation_id"]) == (200, generation_id)
    many = alice.http.post(f"{path}/suggestions", json={"decisions": [{"number": 2.0, "decision": "rejected"}]})
    assert [(each["number"], each["state"]) for each in many.json()["suggestions"]] == [(2, "rejected")]
    assert [card["generation_id"] for card in alice.http.get("/v1/cards").json()["cards"]] == [generation_id]
    canceled = alice.http.post(f"{path}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "succeeded")
    assert alice.http.delete(path).status_code == 204
    assert alice.http.get("/v1/generations", params={"limit": "5.0"}).json()["generations"] == []


def test_an_integer_with_a_fraction_of_zero_is_the_same_request(alice: Owner) -> None:
    key = {"idempotency-key": "as-a-javascript-number", "content-type": "application/json"}
    text = '{"kind": "image", "prompt": "A lighthouse", "model": "local/image", "count": %s}'
    answers = [alice.http.post("/v1/generations", content=text % count, headers=key) for count in ("1", "1.0", "1e0")]
    assert [answer.status_code for answer in answers] == [202] * 3, answers[-1].text
    assert {answer.json()["generation_id"] for answer in answers} == {answers[0].json()["generation_id"]}
    alice.generations.append(answers[0].json()["generation_id"])
    alice.wait_for_end(alice.generations[0])


def test_head_answers_as_get_does_without_a_body(alice: Owner) -> None:
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    for path in PATHS:
        address = path.replace("{generation_id}", generation_id)
        got, head = alice.http.get(address), alice.http.head(address)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("etag", "content-type", "cache-control", "retry-after"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)
    absent = alice.http.head(f"/v1/generations/{ABSENT}")
    assert (absent.status_code, absent.content) == (404, b"")


@pytest.mark.parametrize("path", PATHS)
def test_head_wants_the_token_that_get_wants(stack: LocalStack, path: str) -> None:
    answer = httpx.head(stack.api_url + path.replace("{generation_id}", ABSENT), timeout=30)
    assert answer.status_code == (200 if path in FREE else 401)


def test_the_location_leads_to_the_generation_from_wherever_the_api_was_called(stack: LocalStack, alice: Owner) -> None:
    """MiniStack serves the API below a path, as AWS does below a stage, and at its own host name."""
    api_id = stack.api_url.split("/")[-2]
    token = {"authorization": f"Bearer {stack.token(alice.name)}"}
    named = token | {"host": f"{api_id}.execute-api.localhost"}
    for base, headers in ((stack.api_url, token), (stack.endpoint, named)):
        body = {"kind": "assistant", "sentence": "I want to run a marathon", "model": "local/refuse"}
        made = httpx.post(f"{base}/v1/generations", json=body, headers=headers, timeout=30)
        alice.generations.append(made.json()["generation_id"])
        assert alice.wait_for_end(alice.generations[-1])["status"] == "failed"
        assert found(made, headers) == alice.generations[-1]
        again = httpx.post(f"{base}/v1/generations/{alice.generations[-1]}/retry", headers=headers, timeout=30)
        alice.generations.append(again.json()["generation_id"])
        alice.wait_for_end(alice.generations[-1])
        assert found(again, headers) == alice.generations[-1]


def found(answer: httpx.Response, headers: dict[str, str]) -> str:
    address = urljoin(str(answer.request.url), answer.headers["location"])
    return str(httpx.get(address, headers=headers, timeout=30).json()["generation_id"])


REFUSED: dict[str, Callable[[LocalStack], httpx.Response]] = {
    "no token": lambda stack: ask(stack, f"/v1/generations/{ABSENT}", None),
    "an expired token": lambda stack: ask(stack, f"/v1/generations/{ABSENT}", stack.token("a", ttl_seconds=-60)),
    "no route": lambda stack: ask(stack, "/v1/nothing", stack.token("a")),
}


def ask(stack: LocalStack, path: str, token: str | None) -> httpx.Response:
    headers = {"origin": stack.options.allowed_origins[0]} | ({"authorization": f"Bearer {token}"} if token else {})
    return httpx.get(stack.api_url + path, headers=headers, timeout=30)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_gateway_itself_answers_has_no_more_cors_headers_than_aws_promises(
    stack: LocalStack, name: str
) -> None:
    """docs/aws.md: AWS promises them for an integration's answers alone, so no client may rest on more."""
    answer = REFUSED[name](stack)
    assert answer.status_code == (404 if name == "no route" else 401)
    assert list(answer.json()) == ["message"]
    assert not [header for header in answer.headers if header.startswith("access-control-")]
