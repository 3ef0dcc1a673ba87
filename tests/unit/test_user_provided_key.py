"""A key of the user's own, given with a create or a retry: taken, sealed, stored with the head, and never shown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from functions.actions.bodies import Retry
from functions.actions.retry import RetryService
from functions.create.service import CreateService, Envelope
from shared.aws.sealing import Seal
from shared.domain.errors import KeyReusedError, SealUnavailableError
from shared.domain.generation import Called, ErrorInfo, Generation, GenerationKey, Totals, Usage
from shared.domain.limits import Policy
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response, respond
from shared.store.marshalling import unmarshal
from shared.store.whole import Store
from tests.canary import Secret
from tests.factories import LONG_TEXT, SETTINGS, FakeClock, RecordingDispatch, moto_dynamodb
from tests.unit.requests import a_request, body_of

pytestmark = pytest.mark.any_kinds

KEY, OTHER = "sk-or-v1-of-a-user", "sk-or-v1-another-one"
BODY = {"source_text": LONG_TEXT, "user_provided_key": KEY}
NO_KEYS = [
    " ",
    "short",
    "with a space in it",
    "tab\tin-it-",
    "ümlaut-in-it",
    "x" * 513,
    "line-feed-at-the-end\n",
    7,
    "",
]


class Down(Seal):
    """KMS does not answer."""

    def close(self, secret: str, key: GenerationKey) -> bytes:
        raise SealUnavailableError("AccessDeniedException")


@dataclass
class Desk:
    """Both services over one store, and what is in the table of their owner."""

    store: Store
    clock: FakeClock
    seal: Seal | None
    dispatch: RecordingDispatch = field(default_factory=RecordingDispatch)

    def __post_init__(self) -> None:
        self.owner = f"owner {self.clock.token()}"

    def create(self, body: Mapping[str, Any] = BODY, idempotency_key: str | None = None) -> Response:
        request = a_request(self.owner, dict(body))
        headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
        return self.creating(Request({**request.event, "headers": headers}))

    def creating(self, request: Request) -> Response:
        service = CreateService(self.store.admission, self.dispatch, self.clock, SETTINGS, Policy({}), self.seal)
        return service.create(request)

    def retry(self, head: Generation, body: Any = None) -> Response:
        service = RetryService(self.store.retries, self.dispatch, self.clock, SETTINGS, Policy({}), self.seal)
        return service.retry(a_request(self.owner, body, generation_id=head.generation_id))

    def head(self, answer: Response) -> Generation:
        found = self.store.reads.get(GenerationKey(self.owner, body_of(answer)["generation_id"]))
        assert found is not None
        return found

    def opened(self, head: Generation) -> str:
        sealed = self.store.worker.user_keys.get_user_key(head)
        assert sealed is not None
        assert self.seal is not None
        return self.seal.open(sealed, head.key)

    def failed(self, head: Generation) -> Generation:
        held = self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), (head.kind,))
        self.store.worker.fail(held, Totals(0, Usage()), ErrorInfo("user_key_refused", "No."))
        found = self.store.reads.get(head.key)
        assert found is not None
        return found

    def items(self) -> list[dict[str, Any]]:
        found = self.store.ground.table.query(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": self.owner}}
        )
        return [unmarshal(item) for item in found]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Desk:
    kms = boto3.client("kms", region_name="eu-central-1")
    return Desk(store, clock, Seal(lambda: kms, kms.create_key()["KeyMetadata"]["Arn"]))


def problem_of(act: Any) -> ProblemError:
    with pytest.raises(ProblemError) as problem:
        act()
    return problem.value


def test_a_key_is_sealed_for_its_generation_and_stored_with_the_head(desk: Desk) -> None:
    head = desk.head(desk.create())
    assert head.own_key
    assert desk.opened(head) == KEY
    assert desk.dispatch.sent == [head]


def test_a_create_without_a_key_asks_nothing_of_kms(desk: Desk) -> None:
    desk.seal = Down(dict, "key")
    assert not desk.head(desk.create({"source_text": LONG_TEXT})).own_key
    assert not desk.head(desk.create({"source_text": LONG_TEXT, "user_provided_key": None})).own_key


def test_the_key_itself_is_in_no_item(desk: Desk) -> None:
    desk.create(idempotency_key="key-1")
    found = desk.items()
    assert {item["sk"][:2] for item in found} == {"G#", "I#", "K#", "Y#"}
    secret = Secret(KEY)
    assert [item["sk"] for item in found if secret.is_in(item)] == []


def test_a_body_with_a_key_does_not_show_it() -> None:
    for model in (kind.model_validate({"user_provided_key": KEY}) for kind in (Envelope, Retry)):
        assert KEY not in repr(model)
        assert KEY not in str(model.model_dump())
        assert KEY not in model.model_dump_json()


@pytest.mark.parametrize("key", NO_KEYS)
def test_what_is_no_key_is_refused_and_not_echoed(desk: Desk, key: Any) -> None:
    problem = problem_of(lambda: desk.create({**BODY, "user_provided_key": key}))
    assert problem.code == "validation_failed"
    assert {error["field"] for error in problem.errors or []} == {"user_provided_key"}
    assert len(str(key)) < 5 or str(key) not in json.dumps(problem.errors)
    assert desk.items() == []


def test_a_deployment_that_takes_no_keys_says_so(desk: Desk) -> None:
    desk.seal = None
    problem = problem_of(desk.create)
    assert [(error["field"], error["code"]) for error in problem.errors or []] == [("user_provided_key", "not_taken")]
    assert desk.items() == []
    old = desk.failed(desk.head(desk.create({"source_text": LONG_TEXT})))
    problem = problem_of(lambda: desk.retry(old, {"user_provided_key": KEY}))
    assert [error["code"] for error in problem.errors or []] == ["not_taken"]


def test_while_kms_is_down_the_answer_is_503_and_nothing_is_stored(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.seal = Down(dict, "key")
    event = {**a_request(desk.owner, BODY).event, "routeKey": "POST /v1/generations"}
    answer = respond(event, {"POST /v1/generations": desk.creating})
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (503, "unavailable")
    assert int(answer["headers"]["retry-after"]) > 0
    assert (desk.items(), desk.dispatch.sent) == ([], [])
    assert "AccessDeniedException" in caplog.text
    assert KEY not in caplog.text


def test_an_idempotency_key_with_another_key_is_another_request(desk: Desk) -> None:
    first = desk.create(idempotency_key="key-1")
    again = desk.create(idempotency_key="key-1")
    assert (again.headers["idempotency-replayed"], again.body) == ("true", first.body)
    for other in ({**BODY, "user_provided_key": OTHER}, {"source_text": LONG_TEXT}):
        with pytest.raises(KeyReusedError):
            desk.create(other, idempotency_key="key-1")
    assert desk.opened(desk.head(first)) == KEY, "a replay leaves the key as it was"


def test_a_retry_takes_the_key_anew(desk: Desk) -> None:
    old = desk.failed(desk.head(desk.create()))
    new = desk.head(desk.retry(old, {"user_provided_key": OTHER}))
    assert (new.own_key, new.retry_of) == (True, old.generation_id)
    assert desk.opened(new) == OTHER


@pytest.mark.parametrize("body", [None, {}, {"from": "start"}, {"user_provided_key": None}])
def test_a_retry_without_the_key_that_the_old_one_had_is_refused_and_changes_nothing(desk: Desk, body: Any) -> None:
    old = desk.failed(desk.head(desk.create()))
    assert problem_of(lambda: desk.retry(old, body)).code == "user_key_required"
    found = desk.store.reads.get(old.key)
    assert found == old, "it can still be retried"


def test_a_second_click_is_answered_as_the_first_whether_it_brings_the_key_or_not(desk: Desk) -> None:
    old = desk.failed(desk.head(desk.create()))
    first = desk.retry(old, {"user_provided_key": OTHER})
    for body in (None, {"user_provided_key": KEY}):
        assert desk.retry(old, body).body == first.body
    assert desk.opened(desk.head(first)) == OTHER


def test_a_retry_may_bring_a_key_where_the_old_one_had_none(desk: Desk) -> None:
    old = desk.failed(desk.head(desk.create({"source_text": LONG_TEXT})))
    assert desk.opened(desk.head(desk.retry(old, {"user_provided_key": KEY}))) == KEY
