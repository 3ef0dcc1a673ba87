"""The counter where an owner asks: a generation that failed after its first step, and what may be done to it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.actions.ending import EndingService
from functions.actions.retry import RetryService
from shared.domain.generation import Called, ErrorInfo, Generation, GenerationKey, StoredStep, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.settings import Settings
from shared.http.request import Request
from shared.http.response import Response
from shared.store.reads import Reader
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input

ERROR = ErrorInfo("output_invalid", "The model's answer does not fit.")
PAID = Usage(1, 100, 50)


@dataclass
class Counter:
    """Where an owner asks; `head` is one that failed after its first step."""

    store: Store
    clock: FakeClock
    head: Generation
    dispatch: RecordingDispatch = field(default_factory=RecordingDispatch)
    policy: Policy = field(default_factory=lambda: Policy({}))
    settings: Settings = SETTINGS

    def request(self, body: Any = None, owner: str | None = None) -> Request:
        claims = {"authorizer": {"jwt": {"claims": {"sub": owner or self.head.user_id}}}, "requestId": "r-9"}
        path = {"generation_id": self.head.generation_id}
        text = None if body is None else json.dumps(body)
        return Request(
            {
                "routeKey": "POST /v1/generations/{generation_id}/retry",
                "requestContext": claims,
                "pathParameters": path,
                "body": text,
            }
        )

    def retry(self, body: Any = None, owner: str | None = None) -> Response:
        service = RetryService(self.store.retries, self.dispatch, self.clock, self.settings, self.policy)
        return service.retry(self.request(body, owner))

    def endings(self) -> EndingService:
        return EndingService(self.store.endings, self.store.timeline, self.clock)

    def dismiss(self, owner: str | None = None) -> Response:
        return self.endings().dismiss(self.request(owner=owner))

    def cancel(self) -> Response:
        return self.endings().cancel(self.request())

    def read(self, generation_id: str | None = None) -> Generation:
        found = self.store.reads.get(GenerationKey(self.head.user_id, generation_id or self.head.generation_id))
        assert found is not None
        return found

    def successors(self) -> list[Generation]:
        found = self.store.reads.newest(self.head.user_id, None, 100)
        return [head for _, head in found if head and head.generation_id != self.head.generation_id]


def started(store: Store, clock: FakeClock) -> Generation:
    head = store.admission.create(a_generation(clock, client_id="mine", session_id="lesson-1"), an_input())
    return store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))


def body_of(answer: Response) -> dict[str, Any]:
    assert isinstance(answer.body, dict)
    return answer.body


@contextmanager
def meanwhile(act: Callable[[], Any]) -> Iterator[None]:
    """Have another act after the next retry has read and before it writes."""
    steps_of, acted = Reader.readable_steps, list[bool]()

    def read_then_act(self: Reader, key: GenerationKey) -> list[StoredStep]:
        found = steps_of(self, key)
        if not acted:
            acted.append(True)
            act()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reader, "readable_steps", read_then_act)
        yield
    assert acted


def a_failed_one(store: Store, clock: FakeClock) -> Counter:
    head = started(store, clock)
    store.worker.store_step(head, a_step(clock, "outline", usage=PAID))
    store.worker.fail(head, Totals(1, PAID), ERROR)
    clock.pass_seconds(60)
    return Counter(store, clock, store.reads.get(head.key) or head)
