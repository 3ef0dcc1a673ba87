"""Every kind of bad input gets its documented answer over HTTP, and none is stored."""

import base64
import json
from typing import Any

import httpx
import pytest

from local.stack import LocalStack
from local.token_issuer import TokenIssuer
from tests.e2e import faults
from tests.e2e.owner import TEXT, Owner

ABSENT = "01900000-0000-7000-8000-000000000000"
GOOD = {"source_text": TEXT}

BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "invalid_json"),
    "not JSON": (b"{'source_text': 1}", 400, "invalid_json"),
    "a number that is not JSON": (b'{"source_text": NaN}', 400, "invalid_json"),
    "nested without end": (b"[" * 100_000, 400, "invalid_json"),
    "a list": (b"[]", 400, "invalid_json"),
    "an empty object": (b"{}", 400, "validation_failed"),
    "a wrong type": (json.dumps({"source_text": 12345}).encode(), 400, "validation_failed"),
    "too short": (json.dumps({"source_text": "x" * 999}).encode(), 400, "validation_failed"),
    "too short without its white space": (
        json.dumps({"source_text": " " * 5_000 + "x" * 999}).encode(),
        400,
        "validation_failed",
    ),
    "too long": (json.dumps({"source_text": "x" * 10_001}).encode(), 400, "validation_failed"),
    "an unknown field": (json.dumps({**GOOD, "sub": "mallory"}).encode(), 400, "validation_failed"),
    "an unknown kind": (json.dumps({**GOOD, "kind": "poem"}).encode(), 400, "validation_failed"),
    "a model that is not allowed": (json.dumps({**GOOD, "model": "big/model"}).encode(), 400, "validation_failed"),
    "an unknown prompt version": (json.dumps({**GOOD, "prompt_version": "99"}).encode(), 400, "validation_failed"),
    "a label too long": (json.dumps({**GOOD, "client_id": "c" * 65}).encode(), 400, "validation_failed"),
    "a label that is no label": (json.dumps({**GOOD, "session_id": "a b"}).encode(), 400, "validation_failed"),
    "nothing to be seen": (json.dumps({"source_text": "\u200b\u00ad\ufeff" * 500}).encode(), 400, "validation_failed"),
    "a sentence of nothing": (
        json.dumps({"kind": "assistant", "sentence": "\u2800" * 9}).encode(),
        400,
        "validation_failed",
    ),
    "half a surrogate pair": (json.dumps({"source_text": TEXT + "\ud800"}).encode(), 400, "invalid_encoding"),
    "300 KB": (json.dumps({"source_text": "x" * 300_000}).encode(), 413, "body_too_large"),
    "300 KB that are not JSON": (b"x" * 300_000, 413, "body_too_large"),
}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["title"]
    assert problem["type"].endswith(code)
    assert problem["request_id"]
    return problem


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_gets_its_documented_answer_and_stores_nothing(stack: LocalStack, alice: Owner, name: str) -> None:
    body, status, code = BODIES[name]
    answer = alice.http.post("/v1/generations", content=body, headers={"content-type": "application/json"})
    problem = assert_problem(answer, status, code)
    if code == "validation_failed":
        assert all({"field", "code", "message"} == set(error) for error in problem["errors"])
        assert problem["errors"]
    assert faults.items(stack, alice.name) == []


def test_every_error_of_a_body_is_told_at_once_and_none_echoes_the_input(alice: Owner) -> None:
    secret = "a-phrase-that-nobody-else-says"
    body = {
        "source_text": secret,
        "model": f"{secret} ",
        "kind": "flashcards",
        "client_id": f"{secret}!",
        secret: secret,
    }
    answer = alice.http.post("/v1/generations", json=body)
    problem = assert_problem(answer, 400, "validation_failed")
    assert {error["field"] for error in problem["errors"]} >= {"source_text", "model", "client_id"}
    assert secret not in answer.text.replace(f'"{secret}"', "")  # names the unknown field, but repeats no value


def raw_event(owner: str, body: bytes) -> dict[str, Any]:
    """API Gateway's form of a body whose type is not JSON: its bytes, in base64."""
    return {
        "version": "2.0",
        "routeKey": "POST /v1/generations",
        "headers": {"content-type": "application/octet-stream"},
        "requestContext": {"requestId": "raw", "authorizer": {"jwt": {"claims": {"sub": owner}}}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"source_text": "' + b"\xff\xfe" * 600 + b'"}', 400, "invalid_encoding"),
        (b"\xff" * 300_000, 413, "body_too_large"),
        (b"not json", 400, "invalid_json"),
    ],
)
def test_raw_bytes_are_refused_as_a_text_is(
    stack: LocalStack, alice: Owner, body: bytes, status: int, code: str
) -> None:
    answer = stack.invoke("create", raw_event(alice.name, body))
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (status, code)
    assert faults.items(stack, alice.name) == []


def test_json_whose_type_was_not_told_is_taken_all_the_same(stack: LocalStack, alice: Owner) -> None:
    answer = stack.invoke("create", raw_event(alice.name, json.dumps(GOOD).encode()))
    assert answer["statusCode"] == 202
    generation_id = json.loads(answer["body"])["generation_id"]
    alice.generations.append(generation_id)
    alice.wait_for_end(generation_id)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["none", "garbage", "expired", "another audience", "another issuer's"])
def test_a_call_without_a_good_token_is_401_and_stores_nothing(
    stack: LocalStack, alice: Owner, token: str, method: str
) -> None:
    headers = {
        "none": {},
        "garbage": {"authorization": "Bearer garbage"},
        "expired": {"authorization": f"Bearer {stack.token(alice.name, ttl_seconds=-60)}"},
        "another audience": {"authorization": f"Bearer {stack.token(alice.name, audience='another')}"},
        "another issuer's": {"authorization": f"Bearer {another_issuers_token(alice.name)}"},
    }[token]
    path = "/v1/generations" if method == "POST" else f"/v1/generations/{ABSENT}"
    answer = httpx.request(method, stack.api_url + path, headers=headers, json=GOOD if method == "POST" else None)
    assert answer.status_code == 401
    assert faults.items(stack, alice.name) == []


def another_issuers_token(sub: str) -> str:
    with TokenIssuer() as issuer:
        return issuer.token(sub)


@pytest.mark.parametrize("path", ["not-an-id", ABSENT.upper().replace("0", "G"), f"{ABSENT}0", "01900000", "%00", "é"])
def test_an_id_that_is_no_id_is_answered_as_an_absent_one(alice: Owner, path: str) -> None:
    problem = assert_problem(alice.http.get(f"/v1/generations/{path}"), 404, "not_found")
    absent = assert_problem(alice.http.get(f"/v1/generations/{ABSENT}"), 404, "not_found")
    assert {**problem, "request_id": ""} == {**absent, "request_id": ""}
