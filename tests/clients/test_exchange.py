"""When a call is repeated, after which pause, when it is given up, and what its error says."""

import json
import random

import pytest

from tests.clients.scripted import ID, LOST, Service, accepted, answer, generation, problem
from unstuck import operations
from unstuck.errors import (
    ApiError,
    BadAnswerError,
    ConflictError,
    InvalidRequestError,
    LimitReachedError,
    NotFoundError,
    ServiceError,
    UnauthorizedError,
    UnreachableError,
)
from unstuck.exchange import Patience
from unstuck.flow import Answer
from unstuck.requests import CreateFlashcards

TEXT = CreateFlashcards(source_text="x" * 1000)


def look(service: Service, **conditions: object) -> object:
    return service.run(operations.get(service.conditions(**conditions), ID, None, None))


def test_a_create_whose_answer_is_lost_is_repeated_under_the_same_key() -> None:
    service = Service([LOST, problem(503, "unavailable"), accepted(idempotency_replayed="true")])
    found = service.run(operations.create(service.conditions(), TEXT, None))
    assert found.replayed
    keys = {headers["idempotency-key"] for headers in service.headers}
    assert len(service.asked) == 3
    assert len(keys) == 1
    assert len(keys.pop()) == 36


def test_two_creates_have_two_keys() -> None:
    service = Service([accepted(), accepted()])
    for _ in range(2):
        service.run(operations.create(service.conditions(), TEXT, None))
    assert len({headers["idempotency-key"] for headers in service.headers}) == 2


def test_the_error_of_a_create_carries_the_key_to_go_on_with() -> None:
    service = Service([LOST] * 4)
    with pytest.raises(UnreachableError) as caught:
        service.run(operations.create(service.conditions(), TEXT, "mine"))
    assert caught.value.idempotency_key == "mine"


def test_pauses_double_and_stay_in_their_upper_half() -> None:
    for chance, pauses in ((0.0, [0.25, 0.5, 1.0]), (1.0, [0.5, 1.0, 2.0])):
        service = Service([LOST] * 4, chance=lambda chance=chance: chance)  # type: ignore[misc]
        with pytest.raises(UnreachableError):
            look(service)
        assert service.slept == pauses


def test_pauses_are_not_alike() -> None:
    service = Service([LOST] * 4, chance=random.Random(1).random)
    with pytest.raises(UnreachableError):
        look(service)
    assert len({pause / 2**place for place, pause in enumerate(service.slept)}) == 3


def test_a_pause_is_no_longer_than_its_cap() -> None:
    patience = Patience(seconds=1e9, tries=None)
    assert patience.pause(LOST, tries=200, spent_seconds=0.0, chance=0.999) == pytest.approx(15.0, abs=0.1)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_repeated(status: int) -> None:
    service = Service([answer(status, {"message": "busy"}), answer(200, generation())])
    look(service)
    assert len(service.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 418, 422])
def test_what_fails_again_is_not_repeated(status: int) -> None:
    service = Service([answer(status, {"message": "no"})])
    with pytest.raises(ApiError) as caught:
        look(service)
    assert not caught.value.retryable
    assert service.slept == []


def test_a_retry_after_is_kept_to() -> None:
    service = Service([problem(429, "too_many_running", retry_after="7"), answer(200, generation())])
    look(service)
    assert service.slept == [7.0]


def test_a_retry_after_may_be_a_date() -> None:
    service = Service([answer(503, retry_after="Thu, 01 Jan 1970 00:16:47 GMT"), answer(200, generation())])
    look(service)
    assert service.slept == [7.0]


@pytest.mark.parametrize("nonsense", ["soon", "-1", "", "9" * 400, "Thu, 99 Jan 1970 00:00:00 GMT", "²"])
def test_a_retry_after_that_is_none_is_ignored_or_given_up_at(nonsense: str) -> None:
    service = Service([answer(503, retry_after=nonsense), answer(200, generation())])
    try:
        look(service)
    except ServiceError:
        assert service.slept == []  # longer than anybody waits
    else:
        assert service.slept == [0.25]


def test_a_limit_that_lasts_longer_than_the_patience_is_an_error_at_once() -> None:
    service = Service([problem(429, "rate_limited", retry_after="297")])
    with pytest.raises(LimitReachedError) as caught:
        service.run(operations.create(service.conditions(), TEXT, None))
    assert (caught.value.code, caught.value.retryable, caught.value.retry_after) == ("rate_limited", True, 297.0)
    assert service.slept == []


def test_slow_answers_count_towards_the_patience() -> None:
    service = Service([LOST, LOST], call_seconds=20.0)
    with pytest.raises(UnreachableError):
        look(service)
    assert len(service.asked) == 2


def test_a_token_is_renewed_once_where_it_can_be() -> None:
    refused = answer(401, {"message": "Unauthorized"})
    service = Service([refused, answer(200, generation())])
    look(service, renews_tokens=True)
    assert service.slept == []
    service = Service([refused, refused])
    with pytest.raises(UnauthorizedError):
        look(service, renews_tokens=True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, LimitReachedError),
        (500, ServiceError),
        (503, ServiceError),
    ],
)
def test_both_forms_of_error_are_read(status: int, kind: type[ApiError]) -> None:
    impatient = Patience(tries=1)
    for body, code, request_id in (
        (problem(status, "some_code").body, "some_code", "r-1"),
        (json.dumps({"message": "Gateway's own"}).encode(), f"http_{status}", "gw-1"),
        (json.dumps({"message": None}).encode(), f"http_{status}", "gw-1"),
        (b"<html>a proxy's page</html>", f"http_{status}", "gw-1"),
        (b"", f"http_{status}", "gw-1"),
    ):
        service = Service([Answer(status, {"apigw-requestid": "gw-1"}, body)])
        with pytest.raises(kind) as caught:
            look(service, calls=impatient)
        assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, code, request_id)
        assert caught.value.generation_id == ID
        assert "html" not in str(caught.value)


def test_what_is_wrong_with_which_field_is_told() -> None:
    body = json.loads(problem(400, "validation_failed").body)
    body["errors"] = [{"field": "source_text", "code": "string_too_short", "message": "at least 1000 characters"}]
    service = Service([answer(400, body)])
    with pytest.raises(InvalidRequestError, match="source_text: at least 1000 characters") as caught:
        look(service)
    assert caught.value.errors[0].code == "string_too_short"


@pytest.mark.parametrize(
    "other",
    [
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b"\xff"),
        Answer(200, {}, b"[" * 200_000),
        answer(200, {"generation_id": ID}),
        answer(200, generation(version="many")),  # type: ignore[arg-type]
        answer(302, generation(), location="https://elsewhere.example/"),
        Answer(101, {}),
    ],
)
def test_an_answer_that_is_not_the_apis_is_an_error_and_not_repeated(other: Answer) -> None:
    service = Service([other])
    with pytest.raises(BadAnswerError) as caught:
        look(service)
    assert caught.value.code == "invalid_answer"
    assert not caught.value.retryable


def test_what_a_newer_service_adds_is_kept() -> None:
    service = Service([answer(200, generation(colour="blue", kind="haiku", status="succeeded", output={"lines": []}))])
    found = service.run(operations.get(service.conditions(), ID, None, None))
    assert found.output == {"lines": []}
    assert found.model_extra == {"colour": "blue"}


@pytest.mark.parametrize("generation_id", ["a/../../me", "a?limit=1", "a#b", "ä b", "a%2e"])
def test_an_id_leads_nowhere_else(generation_id: str) -> None:
    path = operations.path_of(generation_id)
    assert path.startswith("/v1/generations/")
    assert not set("/?# ") & set(path.removeprefix("/v1/generations/"))


@pytest.mark.parametrize("generation_id", ["", ".", ".."])
def test_an_id_that_would_name_another_path_is_refused(generation_id: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        operations.path_of(generation_id)


def test_a_key_of_the_users_own_is_in_no_repr() -> None:
    request = CreateFlashcards(source_text="text", user_provided_key="sk-or-secret")
    service = Service([LOST] * 4)
    with pytest.raises(UnreachableError) as caught:
        service.run(operations.create(service.conditions(), request, None))
    assert "sk-or-secret" not in f"{request!r} {service.asked[0]!r} {caught.value!r} {vars(caught.value)}"
    assert (service.asked[0].body or {})["user_provided_key"] == "sk-or-secret"
