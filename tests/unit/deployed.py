"""The deployed functions' own routes and handlers over one store, as their owner and the scheduler call them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions.actions import handler as actions
from functions.create import handler as create
from functions.status import handler as status
from shared import wiring
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.settings import settings
from shared.http.response import respond
from shared.store.admission import Admission
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input

ROUTES = actions.ROUTES | create.ROUTES | status.ROUTES


@dataclass
class Service:
    """The deployed functions' own routes over one store, as its owner calls them."""

    store: Store
    clock: FakeClock
    dynamodb: Any
    owner: str

    def call(self, route: str, head: Generation | None = None, body: Any = None, **path: str) -> tuple[int, Any]:
        answer = respond(
            {
                "routeKey": route,
                "requestContext": {"requestId": "r", "authorizer": {"jwt": {"claims": {"sub": self.owner}}}},
                "headers": {},
                "pathParameters": ({"generation_id": head.generation_id, "number": "1"} if head else {}) | path,
                "body": None if body is None else json.dumps(body),
            },
            ROUTES,
        )
        text = answer["body"]
        return answer["statusCode"], json.loads(text) if text else None

    def code(self, route: str, head: Generation) -> str | int:
        """Return the answer's code of a call that needs the head; its status where it has none."""
        bodies = {
            "PATCH /v1/generations/{generation_id}/suggestions/{number}": {"decision": "accepted"},
            "POST /v1/generations/{generation_id}/suggestions": {"decisions": [{"number": 1, "decision": "accepted"}]},
        }
        answered, body = self.call(route, head, bodies.get(route))
        return str(body["code"]) if answered >= 400 else answered

    def running(self) -> Generation:
        new = a_generation(self.clock, user_id=self.owner)
        head = self.store.admission.admit(new, an_input(), Admission(Policy({}, max_running=100))).head
        assert head is not None
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), ("flashcards",))

    def failed(self, *results: Any) -> Generation:
        head = self.running()
        for position, result in enumerate(results, 1):
            step = a_step(self.clock, f"s{position}", position)
            self.store.worker.store_step(head, replace(step, result=result))
        self.store.worker.fail(head, Totals(len(results), Usage()), ErrorInfo("output_invalid", ""))
        return head

    def succeeded(self, result: Any = None) -> Generation:
        head = self.running()
        step = a_step(self.clock)
        self.store.worker.store_step(head, step if result is None else replace(step, result=result))
        self.store.worker.succeed(head, Totals(1, Usage(1)), "cards")
        ended = self.store.reads.get(head.key)
        assert ended is not None
        return ended

    def damage(self, sort_key: str, **attributes: Any) -> None:
        key = {"pk": {"S": self.owner}, "sk": {"S": sort_key}}
        found = self.dynamodb.get_item(TableName=SETTINGS.table_name, Key=key)["Item"] | attributes
        item = {name: value for name, value in found.items() if value is not None}
        self.dynamodb.put_item(TableName=SETTINGS.table_name, Item=item)


@contextmanager
def deployed(store: Store, clock: FakeClock, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Connect the functions to `store`, for a new owner."""
    variables = {
        "TABLE_NAME": SETTINGS.table_name,
        "QUEUE_URL": "q",
        "ISOLATED_QUEUE_URL": "i",
        "BUCKET_NAME": SETTINGS.bucket_name,
        "DEFAULT_MODEL": SETTINGS.default_model,
        "MAX_RUNNING": "100",
        "RATE_LIMITS": "*=100/300",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(wiring, "clock", clock)
    monkeypatch.setattr(wiring, "dispatch", lambda *_: RecordingDispatch())
    monkeypatch.setattr(wiring, "ground", lambda *_: store.ground)
    caches = (
        settings,
        status._ground,
        status._healer,
        actions._ground,
        actions._retries,
        create._service,
        status._health,
    )
    for each in caches:
        each.cache_clear()
    yield Service(store, clock, dynamodb, f"alice {clock.token()}")
    for each in caches:
        each.cache_clear()
