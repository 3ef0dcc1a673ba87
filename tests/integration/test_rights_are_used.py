"""Each right to the table and the bucket is used by its function's own calls, and each of their calls has its right."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest
import yaml

from functions.process.provider import Completion
from functions.process.provider.pictures import DrawnPicture
from functions.sweeper import handler as sweeper
from shared.domain.generation import Called, Generation, GenerationInput, Usage
from shared.domain.limits import Policy
from shared.domain.pictures import name_of
from shared.http.response import respond
from shared.store.admission import Admission, AdmissionStore
from shared.store.table import ConditionFailedError
from shared.store.whole import Store
from tests.factories import LONG_TEXT, SETTINGS, FakeClock, a_generation, a_step, an_input, moto_dynamodb, s3_beside
from tests.integration.worker_rig import Rig, answering
from tests.unit.deployed import ROUTES, Service, deployed
from tests.unit.test_template import TEMPLATE, _Loader, as_list, statements

LARGE = {"text": "".join(f"{number:x}" for number in range(300_000))}
WITHIN = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Use(NamedTuple):
    """One right that a call needs: of the table, whole or by its index, or of an object or a listing."""

    action: str
    resource: str


@dataclass
class Record:
    """The calls made while a function was named."""

    used: dict[str, set[Use]] = field(default_factory=dict)
    now: str | None = None

    @contextmanager
    def of(self, function: str) -> Iterator[None]:
        self.now = function
        try:
            yield
        finally:
            self.now = None

    def note(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        if self.now is not None:
            self.used.setdefault(self.now, set()).update(_uses(model.name, params))


def _uses(operation: str, params: dict[str, Any]) -> Iterator[Use]:
    if "ClientRequestToken" in str(params.get("body", "")) or operation == "TransactWriteItems":
        for item in json.loads(params["body"])["TransactItems"]:
            yield Use(f"dynamodb:{WITHIN[next(iter(item))]}", "table in a transaction")
        return
    path = params["url_path"].removeprefix("/").removeprefix(SETTINGS.bucket_name).removeprefix("/").partition("?")[0]
    match operation:
        case "ListObjectsV2":
            yield Use("s3:ListBucket", params["query_string"]["prefix"])
        case "DeleteObjects":
            for part in params["body"].decode().split("<Key>")[1:]:
                yield Use("s3:DeleteObject", part.partition("</Key>")[0])
        case "CopyObject":
            source = str(params["headers"]["x-amz-copy-source"]).partition("/")[2]
            yield from (Use("s3:GetObject", source), Use("s3:PutObject", path))
        case "GetObject" | "PutObject":
            yield Use(f"s3:{operation}", path)
        case _:
            index = "due" in params["body"].decode() and "IndexName" in params["body"].decode()
            yield Use(f"dynamodb:{operation}", "index" if index else "table")


class Right(NamedTuple):
    """One action of one statement."""

    action: str
    resource: str
    transaction_only: bool

    def allows(self, use: Use) -> bool:
        if use.action != self.action or (self.transaction_only and use.resource != "table in a transaction"):
            return False
        if use.action == "s3:ListBucket" or not use.action.startswith("s3:"):
            return (use.resource == "index") == ("/index/" in self.resource)
        return fnmatchcase(use.resource, self.resource.removeprefix("${Bucket.Arn}/"))


def rights_of(function: str) -> set[Right]:
    role = yaml.load(TEMPLATE.read_text(), _Loader)["Resources"][f"{function}Role"]["Properties"]  # noqa: S506
    found = set[Right]()
    for statement in statements(role):
        for resource in as_list(statement.get("Resource")):
            for action in as_list(statement["Action"]):
                if action.startswith(("dynamodb:", "s3:")):
                    place = resource.get("Fn::Sub") or str(resource) if isinstance(resource, dict) else str(resource)
                    found.add(Right(action, place, "EnclosingOperation" in str(statement.get("Condition"))))
    return {right for right in found if "Connections" not in right.resource}


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def service(store: Store, clock: FakeClock, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with deployed(store, clock, dynamodb, monkeypatch) as found:
        sweeper._sweep.cache_clear()
        yield found
        sweeper._sweep.cache_clear()


@pytest.fixture
def record(dynamodb: Any) -> Iterator[Record]:
    found = Record()
    events = [client.meta.events for client in (dynamodb, s3_beside(dynamodb))]
    for each in events:
        each.register("before-call", found.note)
    yield found
    for each in events:
        each.unregister("before-call", found.note)


def drew(service: Service, **changes: Any) -> Generation:
    """Return one that its worker stored a large step and a picture for."""
    new = a_generation(service.clock, user_id=service.owner, **changes)
    head = service.store.admission.admit(new, an_input(json.dumps(LARGE)), Admission(Policy({}, max_running=100))).head
    assert head is not None
    head = service.store.worker.claim(Called(head.key, head.fence), service.clock.token(), (head.kind,))
    name = name_of(head.fence, "cards", 1, "image/png")
    image = {"name": name, "content_type": "image/png", "bytes": 1, "sha256": "", "width": 1, "height": 1}
    step = a_step(service.clock)
    service.store.worker.store_step(head, replace(step, result=step.result | LARGE | {"images": [image]}))
    service.store.pictures.put_picture(head, name, b"x", "image/png")
    return head


def with_own_key(service: Service) -> Generation:
    """Return a generation that its owner pays for: its end deletes the key."""
    new = a_generation(service.clock, user_id=service.owner)
    head = service.store.admission.admit(new, an_input(), Admission(Policy({}), seal=lambda: b"sealed")).head
    assert head is not None
    return head


@dataclass
class Scene:
    """The places where a function is observed. Calls within `acting` are its own, the others only find it."""

    service: Service
    rig: Rig
    monkeypatch: pytest.MonkeyPatch
    acting: Callable[[], AbstractContextManager[None]]


def create(scene: Scene) -> None:
    service = scene.service
    with scene.acting(), scene.monkeypatch.context() as lost:
        for _ in range(2):
            assert service.call("POST /v1/generations", None, {"source_text": LONG_TEXT})[0] == 202

        def refused(*_: Any, **__: Any) -> Any:
            raise ConditionFailedError(None)

        lost.setattr(AdmissionStore, "create", refused)
        # No kind's texts are as large as an object; one of an operator's own may be.
        lost.setattr("shared.store.objects.MOST_IN_AN_ITEM", 10)
        assert service.call("POST /v1/generations", None, {"source_text": LONG_TEXT})[0] >= 500


def status(scene: Scene) -> None:
    service = scene.service
    head, stale, keyed = drew(service), service.running(), with_own_key(service)
    service.store.worker.succeed(head, service.store.reads.settled(head), "cards")
    feed = {"routeKey": "GET /v1/generations", "queryStringParameters": {"fields": "output"}}
    caller = {"requestId": "r", "authorizer": {"jwt": {"claims": {"sub": service.owner}}}}
    with scene.acting():
        for route in [route for route in ROUTES if route.startswith("GET ") and "card" not in route]:
            service.call(route, head)
        assert respond(feed | {"requestContext": caller}, ROUTES)["statusCode"] == 200
        for seconds in (SETTINGS.lease_seconds + 1, SETTINGS.deadline_seconds):
            service.clock.pass_seconds(seconds)
            service.call("GET /v1/generations/{generation_id}", stale)
            service.call("GET /v1/generations/{generation_id}", keyed)


def actions(scene: Scene) -> None:
    service = scene.service
    head, reviewed = drew(service), service.succeeded()
    with scene.acting():
        service.call("POST /v1/generations/{generation_id}/cancel", head)
        assert service.call("POST /v1/generations/{generation_id}/retry", head)[0] == 202
        accept = {"decision": "accepted"}
        service.call("PATCH /v1/generations/{generation_id}/suggestions/{number}", reviewed, accept)
        for _ in range(4):
            answered, body = service.call("DELETE /v1/me")
            service.clock.pass_seconds(100_000)
            if answered == 200 and body["done"]:
                break


def process(scene: Scene) -> None:
    rig, drawn = scene.rig, DrawnPicture("image/png", b"\x89PNG of a lighthouse", 512, 288)
    scene.monkeypatch.setattr("shared.store.objects.MOST_IN_AN_ITEM", 10)
    text = rig.pending(user_id=scene.service.owner)
    begun = rig.claimed(rig.pending(user_id=scene.service.owner))
    rig.store.worker.store_step(begun, a_step(rig.clock))
    begun, keyed = rig.lost(begun), with_own_key(scene.service)
    asked = GenerationInput({"prompt": "a lighthouse"}, "local/image", "1", "request")
    picture = rig.store.admission.create(a_generation(rig.clock, kind="image"), asked)
    with scene.acting():
        rig.run(text, answering())
        rig.run(begun)
        rig.run(keyed)
        rig.run(picture, lambda call: Completion("", "gen-1", call.request.model, Usage(1), (drawn,)))


class Lambda:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def sweep(scene: Scene) -> None:
    scene.service.running()
    with_own_key(scene.service)
    with scene.acting():
        for seconds in (SETTINGS.lease_seconds + 61, SETTINGS.deadline_seconds):
            scene.service.clock.pass_seconds(seconds)
            sweeper.handler({}, Lambda())


SCENES: dict[str, Callable[[Scene], None]] = {
    "Create": create,
    "Status": status,
    "Actions": actions,
    "Process": process,
    "Sweeper": sweep,
}


@pytest.mark.parametrize("function", SCENES)
def test_a_function_has_the_rights_that_its_calls_use_and_no_other(
    service: Service, record: Record, rig: Rig, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    SCENES[function](Scene(service, rig, monkeypatch, lambda: record.of(function)))
    rights, used = rights_of(function), record.used[function]
    assert [use for use in used if not any(right.allows(use) for right in rights)] == []
    assert [right for right in rights if not any(right.allows(use) for use in used)] == []
