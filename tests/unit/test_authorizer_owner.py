"""The caller, as a function reads it: from API Gateway's claims of the token, no matter who verified it."""

import json
from typing import Any

import pytest

from functions.actions.handler import ROUTES as ACTIONS
from functions.create.handler import ROUTES as CREATE
from functions.live.handler import ROUTES as LIVE
from functions.status.handler import ROUTES as STATUS
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import respond
from shared.store.table import Table

NOW = 1_767_225_600


def request(authorizer: Any, *, moment: float = NOW, **more: Any) -> Request:
    context = {"requestId": "r-1", "timeEpoch": int(moment * 1000), "authorizer": authorizer}
    return Request({"requestContext": context, **more})


def code_of(asked: Request) -> str:
    with pytest.raises(ProblemError) as problem:
        _ = asked.owner
    return problem.value.code


@pytest.mark.parametrize(
    "authorizer",
    [
        {"jwt": {"claims": {"sub": "alice", "exp": str(NOW + 1)}, "scopes": None}},
        {"lambda": {"sub": "alice", "exp": NOW + 1}},
    ],
)
def test_the_owner_is_the_same_whoever_verified_the_token(authorizer: Any) -> None:
    assert request(authorizer).owner == "alice"


@pytest.mark.parametrize("subject", [None, "", "a" * 129, "böb", "tab\there", "\x00", 7, ["alice"], {"a": 1}])
def test_the_same_subjects_are_refused_whoever_verified_the_token(subject: Any) -> None:
    assert code_of(request({"jwt": {"claims": {"sub": subject}}})) == "unsupported_subject"
    assert code_of(request({"lambda": {"sub": subject, "exp": NOW + 60}})) == "unsupported_subject"


def test_a_decision_that_the_gateway_kept_ends_with_its_token() -> None:
    kept = {"lambda": {"sub": "alice", "exp": NOW}}
    assert request(kept, moment=NOW - 0.001).owner == "alice"
    for later in (0, 0.001, 300):
        assert code_of(request(kept, moment=NOW + later)) == "token_expired"


def test_a_gateway_that_hands_numbers_over_as_text_changes_nothing() -> None:
    assert request({"lambda": {"sub": "alice", "exp": str(NOW + 1)}}).owner == "alice"
    assert code_of(request({"lambda": {"sub": "alice", "exp": str(NOW)}})) == "token_expired"


@pytest.mark.parametrize("authorizer", [{}, {"jwt": {}}, {"lambda": {}}, {"lambda": {"sub": "alice"}}, {"iam": {}}])
def test_a_call_that_nobody_verified_has_no_owner(authorizer: Any) -> None:
    with pytest.raises(KeyError):
        _ = request(authorizer).owner


def test_nothing_that_the_caller_writes_names_the_owner() -> None:
    written: dict[str, Any] = {
        "headers": {"authorization": "Bearer x.y.z", "x-user": "mallory"},
        "queryStringParameters": {"sub": "mallory"},
        "pathParameters": {"sub": "mallory"},
        "body": '{"sub": "mallory", "user_id": "mallory"}',
    }
    assert request({"lambda": {"sub": "alice", "exp": NOW + 60}}, **written).owner == "alice"


ROUTES = {**CREATE, **STATUS, **ACTIONS, **LIVE}
WITH_TOKEN = sorted(set(ROUTES) - {"GET /v1/openapi.json", "GET /v1/health"})


@pytest.mark.parametrize("route", WITH_TOKEN)
def test_every_route_refuses_an_expired_token_before_it_asks_for_anything(
    route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authorizer lets such a token through, so that its refusal differs from others."""
    for name in ("TABLE_NAME", "QUEUE_URL", "ISOLATED_QUEUE_URL"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(Table, "_send", _sends_nothing)
    event = {
        "routeKey": route,
        "requestContext": {
            "requestId": "r-1",
            "timeEpoch": NOW * 1000,
            "authorizer": {"lambda": {"sub": "alice", "exp": NOW - 1}},
        },
        "pathParameters": {"generation_id": "01940000-0000-7000-8000-000000000000", "number": "1"},
        "headers": {},
        "body": "{}",
    }
    answer = respond(event, ROUTES)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (401, "token_expired")


def _sends_nothing(*_arguments: Any, **_options: Any) -> None:
    raise AssertionError("the table was asked")
