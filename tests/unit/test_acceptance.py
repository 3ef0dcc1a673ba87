"""The 202 of a start, and the answers of a refused one, with the headers that clients rely on."""

import json
from typing import Any

import pytest

from shared.domain.errors import AdmissionRefusedError, KeyReusedError
from shared.domain.generation import Asked
from shared.domain.idempotency import hash_of
from shared.domain.limits import Limit, Rate
from shared.http.acceptance import answer_admitted, key_of
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Route, respond
from shared.store.admission import Admitted
from tests.factories import FakeClock, RecordingDispatch, a_generation
from tests.unit.requests import a_request

RATE = Rate(Limit("create", 5, 300), 4, 297)
RATE_HEADERS = {"ratelimit-policy": '"create";q=5;w=300', "ratelimit": '"create";r=4;t=297'}


def request_with(**headers: str) -> Request:
    return Request({"headers": headers, "requestContext": {"requestId": "r-1"}})


CREATE = Request({"routeKey": "POST /v1/generations"})


def answered(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    def fail(_request: Request) -> Any:
        raise error

    routes: dict[str, Route] = {"POST /v1/generations": fail}
    event = {"routeKey": "POST /v1/generations", "requestContext": {"requestId": "r-1"}}
    answer = respond(event, routes)
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


def test_what_was_let_in_is_dispatched_and_told_what_is_left(clock: FakeClock) -> None:
    dispatch, head = RecordingDispatch(), a_generation(clock)
    answer = answer_admitted(CREATE, Admitted(head.generation_id, head, RATE), Asked(), 2.0, dispatch, clock.now())
    assert dispatch.sent == [head]
    assert answer.status == 202
    assert RATE_HEADERS.items() <= answer.headers.items()
    assert "idempotency-replayed" not in answer.headers


def test_what_was_let_in_before_gets_the_same_answer_says_so_and_starts_nothing(clock: FakeClock) -> None:
    dispatch, head = RecordingDispatch(), a_generation(clock)
    first = answer_admitted(CREATE, Admitted(head.generation_id, head, None), Asked(), 6.75, dispatch, clock.now())
    again = answer_admitted(CREATE, Admitted(head.generation_id, None, None), Asked(), 6.75, dispatch, clock.now())
    assert again.body == first.body
    assert again.headers == {**first.headers, "idempotency-replayed": "true"}
    assert first.headers["retry-after"] == "7"
    assert dispatch.sent == [head]


@pytest.mark.parametrize(
    "code",
    ["rate_limited", "too_many_running", "daily_spend_reached", "monthly_spend_reached", "deployment_spend_reached"],
)
@pytest.mark.parametrize("rate", [RATE, None])
def test_a_limit_that_is_reached_is_a_429_that_says_when_to_come_back(code: str, rate: Rate | None) -> None:
    status, body, headers = answered(AdmissionRefusedError(code, 297, rate))
    assert (status, body["code"], headers["retry-after"]) == (429, code, "297")
    assert headers["content-type"] == "application/problem+json"
    assert {name: value for name, value in headers.items() if "ratelimit" in name} == (RATE_HEADERS if rate else {})


def test_a_key_of_another_request_is_a_422() -> None:
    status, body, headers = answered(KeyReusedError())
    assert (status, body["code"]) == (422, "idempotency_key_reused")
    assert "retry-after" not in headers


def test_a_request_without_a_key_has_none() -> None:
    assert key_of(request_with(), {}) is None


def test_a_key_is_bound_to_what_is_asked() -> None:
    asked = {"create": {"kind": "flashcards"}}
    key = key_of(a_request("alice", {}, idempotency_key='"k"'), asked)
    assert key is not None
    assert (key.owner, key.key, key.body_hash) == ("alice", "k", hash_of(asked))


@pytest.mark.parametrize("header", ["", '""', "a b"])
def test_a_header_that_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(ProblemError) as problem:
        key_of(request_with(**{"idempotency-key": header}), {})
    assert problem.value.code == "idempotency_key_invalid"
