"""Every route answers unreadable data with a specific code, and nothing else is affected."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.domain.generation import Generation
from shared.http.response import respond
from shared.store.table import Table
from shared.store.whole import Store
from tests.factories import (
    LONG_TEXT,
    SETTINGS,
    FakeClock,
    a_step,
    an_acceptance,
    moto_dynamodb,
    s3_beside,
)
from tests.unit.deployed import ROUTES, Service, deployed

pytestmark = pytest.mark.any_kinds

OF_ONE = {route for route in ROUTES if "{generation_id}" in route}
TOO_LARGE = {"text": "".join(f"{number:x}" for number in range(300_000))}


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def service(store: Store, clock: FakeClock, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with deployed(store, clock, dynamodb, monkeypatch) as found:
        yield found


DAMAGES: dict[str, dict[str, Any]] = {
    "no status": {"status": None},
    "a status that is a number": {"status": {"N": "7"}},
    "a kind that is a number": {"kind": {"N": "7"}},
    "a kind that is a list": {"kind": {"L": []}},
    "a session that is a number": {"session_id": {"N": "1"}},
    "a stage that is a map": {"stage": {"M": {}}},
    "a time that is a word": {"created_at": {"S": "yesterday"}},
    "no time of creation": {"created_at": None},
    "a time beyond all calendars": {"deadline_at": {"N": "9e20"}},
    "a count that is a list": {"version": {"L": []}},
    "a cost that is a word": {"cost_usd": {"S": "much"}},
    "a reserve that is a map": {"reserved_usd": {"M": {}}},
    "a time of its own call that is a word": {"call": {"M": {"seconds": {"S": "long"}}}},
    "a model of its call that is a number": {"call": {"M": {"model": {"N": "1"}}}},
    "an error without a code": {"error": {"M": {"message": {"S": "x"}}}},
    "an error whose code is a number": {"error": {"M": {"message": {"S": "x"}, "code": {"N": "1"}}}},
    "a type that the store never writes": {"stage": {"SS": ["a"]}},
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("made", ["running", "failed", "succeeded"])
def test_every_route_of_a_damaged_head_says_so(service: Service, name: str, made: str) -> None:
    head: Generation = getattr(service, made)()
    service.damage(f"G#{head.generation_id}", **DAMAGES[name])
    assert {route: service.code(route, head) for route in OF_ONE} == dict.fromkeys(OF_ONE, "unreadable")


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_head_costs_its_owner_nothing_beside_it(service: Service, name: str) -> None:
    odd, sound = service.running(), service.succeeded()
    service.damage(f"G#{odd.generation_id}", **DAMAGES[name])
    answered, feed = service.call("GET /v1/generations")
    assert answered == 200
    assert [row["generation_id"] for row in feed["generations"]] == [sound.generation_id]
    assert service.call("GET /v1/generations/{generation_id}", sound)[0] == 200
    assert service.call("GET /v1/usage")[0] == 200
    assert service.call("POST /v1/generations", None, {"source_text": LONG_TEXT})[0] == 202


@pytest.mark.parametrize("field", ["deadline_at", "heartbeat_at", "not_before", "due_at", "progress_at", "started_at"])
@pytest.mark.parametrize("moment", ["253402300799", "-62135596800", "0"])
def test_a_time_at_the_end_of_all_calendars_is_no_fault_of_the_caller_or_the_code(
    service: Service, field: str, moment: str
) -> None:
    head = service.running()
    service.damage(f"G#{head.generation_id}", **{field: {"N": moment}})
    for route in OF_ONE:
        assert service.code(route, head) not in {"internal_error", "unavailable"}, route


def test_a_status_that_only_a_newer_version_knows_is_shown_as_not_begun_and_can_be_canceled(service: Service) -> None:
    head = service.running()
    service.damage(f"G#{head.generation_id}", status={"S": "parked"})
    answered, shown = service.call("GET /v1/generations/{generation_id}", head)
    assert (answered, shown["status"]) == (200, "pending")
    assert service.code("POST /v1/generations/{generation_id}/retry", head) == "not_retryable"
    answered, shown = service.call("POST /v1/generations/{generation_id}/cancel", head)
    assert (answered, shown["status"]) == (200, "canceled")


BROKEN_STEPS: list[dict[str, Any]] = [
    {"result": {"B": b"no zlib"}},
    {"result": None},
    {"position": {"S": "first"}},
    {"model": {"N": "7"}},
    {"result": {"B": zlib.compress(b"[1]")}},
]


@pytest.mark.parametrize("broken", BROKEN_STEPS, ids=str)
def test_an_output_that_is_damaged_is_no_success_without_one(service: Service, broken: dict[str, Any]) -> None:
    head = service.succeeded()
    service.damage(f"S#{head.generation_id}#cards", **broken)
    one = "GET /v1/generations/{generation_id}"
    assert service.code(one, head) == "unreadable"
    assert service.code("POST /v1/generations/{generation_id}/suggestions", head) == "unreadable"
    assert service.call(f"{one}/events", head)[0] == service.call(f"{one}/input", head)[0] == 200
    assert service.call("GET /v1/generations")[0] == 200


def test_an_output_whose_object_or_step_is_gone_is_no_success_without_one(service: Service) -> None:
    lost, gone = service.succeeded(TOO_LARGE), service.succeeded()
    key = {"pk": {"S": service.owner}, "sk": {"S": f"S#{gone.generation_id}#cards"}}
    service.dynamodb.delete_item(TableName=SETTINGS.table_name, Key=key)
    assert service.store.ground.objects.delete_some(service.owner) == 1
    for head in (lost, gone):
        assert service.code("GET /v1/generations/{generation_id}", head) == "unreadable"


@pytest.mark.parametrize("broken", BROKEN_STEPS, ids=str)
def test_a_step_that_is_damaged_keeps_no_generation_from_its_end(service: Service, broken: dict[str, Any]) -> None:
    for end in ("cancel", "expire"):
        head = service.running()
        service.store.worker.store_step(head, a_step(service.clock))
        service.damage(f"S#{head.generation_id}#cards", **broken)
        if end == "cancel":
            assert service.call("POST /v1/generations/{generation_id}/cancel", head)[1]["status"] == "canceled"
        else:
            service.clock.pass_seconds(SETTINGS.deadline_seconds + 1)
            assert service.call("GET /v1/generations/{generation_id}", head)[1]["status"] == "failed"


def test_a_damaged_event_costs_the_timeline_that_line(service: Service) -> None:
    head = service.failed()
    service.call("GET /v1/generations/{generation_id}/events", head)
    for name, event in {"a": {}, "b": {"name": {"N": "1"}, "at": {"N": "1"}, "attempt": {"N": "1"}}}.items():
        item = {"pk": {"S": service.owner}, "sk": {"S": f"E#{head.generation_id}#{name}"}} | event
        service.dynamodb.put_item(TableName=SETTINGS.table_name, Item=item)
    answered, body = service.call("GET /v1/generations/{generation_id}/events", head)
    assert (answered, [line["name"] for line in body["events"]]) == (200, ["created", "started", "failed"])


def test_a_damaged_review_costs_the_feed_that_output_alone(service: Service) -> None:
    odd, sound = service.succeeded(), service.succeeded()
    for head in (odd, sound):
        service.store.reviews.review(head, an_acceptance(service.clock, head))
    service.damage(f"R#{odd.generation_id}", verdicts={"B": b"no zlib"})
    assert service.code("GET /v1/generations/{generation_id}", odd) == "unreadable"
    event: Any = {"fields": "output"}
    answer = respond(
        {
            "routeKey": "GET /v1/generations",
            "requestContext": {"requestId": "r", "authorizer": {"jwt": {"claims": {"sub": service.owner}}}},
            "queryStringParameters": event,
        },
        ROUTES,
    )
    rows = {row["generation_id"]: row for row in json.loads(answer["body"])["generations"]}
    assert rows[odd.generation_id]["output_omitted"] is True
    assert "output" in rows[sound.generation_id]


def test_a_damaged_card_costs_the_list_that_card_alone(service: Service) -> None:
    cards = []
    for _ in range(3):
        head = service.succeeded()
        change = an_acceptance(service.clock, head)
        service.store.reviews.review(head, change)
        cards.append(change.cards[0].card_id)
    service.damage(f"C#{cards[1]}", fields={"B": b"no zlib"})
    answered, body = service.call("GET /v1/cards")
    assert (answered, [card["card_id"] for card in body["cards"]]) == (200, [cards[2], cards[0]])
    for route in ("GET /v1/cards/{card_id}", "DELETE /v1/cards/{card_id}"):
        assert service.call(route, card_id=cards[1])[1]["code"] == "unreadable"


def test_a_damaged_day_or_state_of_the_limits_is_told_as_such(service: Service) -> None:
    service.failed()
    day = f"U#{service.clock.now().date().isoformat()}"
    service.damage(day, cost_usd={"S": "much"})
    assert service.call("GET /v1/usage")[1]["code"] == "unreadable"
    service.damage(day, cost_usd={"N": "0"})
    service.damage("L#create", windows={"S": "none"})
    assert service.call("GET /v1/usage")[1]["code"] == "unreadable"
    assert service.call("POST /v1/generations", None, {"source_text": LONG_TEXT})[1]["code"] == "unreadable"


class Denied:
    """S3 to a caller who may not list the bucket: what is gone is refused as what may not be read is."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            try:
                return getattr(self._s3, name)(**given)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                    raise
                said: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
                raise ClientError(said, error.operation_name) from error

        return call


@pytest.mark.parametrize("may_list", [True, False])
@pytest.mark.parametrize("lost", ["first step", "second step", "picture", "input"])
def test_a_retry_goes_on_from_what_is_not_lost(
    service: Service, lost: str, may_list: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = {"name": "2-s2-1.png", "content_type": "image/png", "bytes": 1, "sha256": "", "width": 1, "height": 1}
    second = TOO_LARGE if lost == "second step" else {"images": [picture]}
    head = service.failed(TOO_LARGE if lost == "first step" else {"a": 1}, second, {"c": 3})
    s3 = s3_beside(service.dynamodb)
    if lost == "input":
        service.damage(
            f"I#{head.generation_id}",
            content=None,
            content_object={"S": service.store.ground.objects.key_of(head.key, "input")},
        )
    elif lost != "picture":
        service.store.ground.objects.delete_some(service.owner)
    if not may_list:
        monkeypatch.setattr(service.store.ground.objects, "_client", lambda: Denied(s3))
    answered, body = service.call("POST /v1/generations/{generation_id}/retry", head)
    if lost == "input":
        assert (answered, body["code"]) == (409, "not_retryable")
        return
    assert answered == 202
    new = service.store.reads.get(replace(head, generation_id=body["generation_id"]).key)
    assert new is not None
    assert new.steps_done == len(service.store.reads.get_steps(new.key)) == (0 if lost == "first step" else 1)


def test_a_rescue_that_is_denied_fails_no_read_beside_it(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = [service.running() for _ in range(3)]
    service.clock.pass_seconds(10 * SETTINGS.lease_seconds)

    def denied(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "UpdateItem")

    for write in ("update", "put", "transact", "delete"):
        monkeypatch.setattr(Table, write, denied)
    reads = [route for route in ROUTES if route.startswith("GET ") and "card" not in route]
    for route in reads:
        answered, _ = service.call(route, heads[0] if route in OF_ONE else None)
        assert answered in (200, 503 if route == "GET /v1/health" else 200), route
