"""The one place where an error becomes an answer: problem+json that tells the caller what they may know."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from shared.domain.codes.problems import PROBLEMS
from shared.domain.errors import LeaseLostError, StoreUnavailableError
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response, Route, respond
from tests.unit.emf import metrics_of

ROUTE = "GET /v1/generations/{generation_id}"
EVENT = {"routeKey": ROUTE, "requestContext": {"requestId": "r-1"}}


def failing_with(error: BaseException) -> Route:
    def fail(_request: Request) -> Response:
        raise error

    return fail


def answered(route: Route, event: Mapping[str, Any] = EVENT) -> tuple[int, dict[str, Any], dict[str, str]]:
    answer = respond(event, {ROUTE: route})
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


@pytest.mark.parametrize("code", PROBLEMS)
def test_each_problem_has_its_status_title_code_and_the_requests_id(code: str) -> None:
    status, body, headers = answered(failing_with(ProblemError(code)))
    assert (status, headers["content-type"]) == (PROBLEMS[code].status, "application/problem+json")
    assert body == {
        "type": f"/v1/openapi.json#/x-problems/{code}",
        "title": PROBLEMS[code].title,
        "status": status,
        "code": code,
        "request_id": "r-1",
    }


def test_a_problem_tells_its_detail_and_the_fields_at_fault() -> None:
    wrong = [{"field": "source_text", "code": "string_too_short", "message": "Too short."}]
    _, body, _ = answered(failing_with(ProblemError("validation_failed", detail="See errors.", errors=wrong)))
    assert (body["detail"], body["errors"]) == ("See errors.", wrong)


def test_a_store_that_is_not_to_be_reached_is_a_503_that_says_when_to_come_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, body, headers = answered(failing_with(StoreUnavailableError("ThrottlingException")))
    assert (status, body["code"], headers["retry-after"]) == (503, "unavailable", "2")
    assert "Throttling" not in json.dumps(body)
    assert metrics_of(capsys.readouterr().out) == {"Errors": [1]}


@pytest.mark.parametrize("error_type", [RuntimeError, KeyError, LeaseLostError])
def test_an_unexpected_error_is_a_500_that_shows_nothing_of_its_cause_and_is_measured(
    error_type: type[Exception], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    status, body, headers = answered(failing_with(error_type("secret cause")))
    assert (status, body["code"]) == (500, "internal_error")
    assert "secret" not in json.dumps(body) + json.dumps(headers)
    assert metrics_of(capsys.readouterr().out) == {"Errors": [1]}
    assert "secret cause" in caplog.text, "the log must hold the cause"


def test_a_problem_of_the_callers_is_not_measured_as_a_fault_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    answered(failing_with(ProblemError("not_found")))
    assert capsys.readouterr().out == ""


def test_a_route_that_the_function_does_not_have_is_a_500() -> None:
    status, body, _ = answered(failing_with(AssertionError()), EVENT | {"routeKey": "PUT /v1/nowhere"})
    assert (status, body["code"]) == (500, "internal_error")


def test_an_end_of_the_process_is_not_caught() -> None:
    with pytest.raises(KeyboardInterrupt):
        respond(EVENT, {ROUTE: failing_with(KeyboardInterrupt())})


def test_an_answer_is_json_of_its_own_characters_that_nobody_may_store() -> None:
    answer = respond(EVENT, {ROUTE: lambda _request: Response(200, {"text": "Größe 😀"}, {"etag": '"1-0"'})})
    assert answer == {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store", "etag": '"1-0"'},
        "body": '{"text":"Größe 😀"}',
    }


def test_an_answer_without_a_body_has_an_empty_one() -> None:
    assert respond(EVENT, {ROUTE: lambda _request: Response(304)})["body"] == ""


def test_the_route_is_given_the_call_that_came() -> None:
    answer = respond(EVENT, {ROUTE: lambda request: Response(200, {"request_id": request.request_id})})
    assert json.loads(answer["body"]) == {"request_id": "r-1"}


@pytest.mark.parametrize("body", [{"status": "pending"}, '{"openapi": "3.1.0"}', None])
def test_head_answers_what_get_does_but_for_the_body(body: Any) -> None:
    response = Response(200, body, {"etag": '"7-0"', "cache-control": "public"})
    got = respond(EVENT, {ROUTE: lambda _request: response})
    head = respond({**EVENT, "routeKey": ROUTE.replace("GET", "HEAD")}, {ROUTE: lambda _request: response})
    assert head == {**got, "body": ""}


def test_head_of_what_fails_has_the_status_and_the_headers_of_the_failure() -> None:
    event = {**EVENT, "routeKey": ROUTE.replace("GET", "HEAD")}
    answer = respond(event, {ROUTE: failing_with(ProblemError("not_found"))})
    assert (answer["statusCode"], answer["body"]) == (404, "")
    assert answer["headers"]["content-type"] == "application/problem+json"
