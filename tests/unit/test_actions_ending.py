"""Canceling: at once, once, and never what has ended before."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from functions.actions.ending import EndingService
from shared.domain.generation import Called, Event, Generation, Totals, Usage
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.response import Response
from shared.store.whole import Store
from shared.view.view import etag
from tests.factories import FakeClock, a_generation, a_step, an_input, moto_dynamodb
from tests.unit.emf import metrics_of
from tests.unit.requests import a_request, body_of


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def service(store: Store) -> EndingService:
    return EndingService(store.endings, store.timeline, store.ground.clock)


def pending(store: Store, clock: FakeClock) -> Generation:
    return store.admission.create(a_generation(clock), an_input())


def running(store: Store, clock: FakeClock) -> Generation:
    head = pending(store, clock)
    return store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))


def cancel(service: EndingService, head: Generation, owner: str | None = None) -> Response:
    return service.cancel(a_request(owner or head.user_id, generation_id=head.generation_id))


@pytest.mark.parametrize("make", [pending, running])
def test_an_open_generation_is_canceled_and_answered_as_it_then_is(
    service: EndingService, store: Store, clock: FakeClock, make: Any
) -> None:
    head = make(store, clock)
    answer = cancel(service, head)
    after = store.reads.get(head.key)
    assert after is not None
    assert (after.status, after.fence, after.due_at, after.finished_at) == (
        Status.CANCELED, head.fence + 1, None, clock.now()
    )  # fmt: skip
    assert (answer.status, answer.headers) == (200, {"etag": etag(after)})
    assert (body_of(answer)["status"], body_of(answer)["version"]) == ("canceled", head.version + 1)
    assert store.timeline.get_events(head.key) == [Event("canceled", clock.now(), head.attempt)]


def test_canceling_twice_answers_the_same_and_is_one_event(
    service: EndingService, store: Store, clock: FakeClock
) -> None:
    head = running(store, clock)
    first = cancel(service, head)
    clock.pass_seconds(5)
    assert cancel(service, head) == first
    assert len(store.timeline.get_events(head.key)) == 1


def test_what_was_canceled_is_told_once_with_what_it_has_spent(
    service: EndingService, store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    head = running(store, clock)
    store.worker.store_step(head, a_step(clock, usage=Usage(1, 10, 5, Decimal("0.25"))))
    cancel(service, head)
    assert metrics_of(capsys.readouterr().out) == {"Canceled": [1], "SpentUsd": [0.25]}
    cancel(service, head)
    assert capsys.readouterr().out == ""


def test_canceling_what_has_succeeded_answers_succeeded(
    service: EndingService, store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    head = running(store, clock)
    store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    answer = cancel(service, head)
    assert (answer.status, body_of(answer)["status"]) == (200, "succeeded")
    assert store.timeline.get_events(head.key) == []
    assert capsys.readouterr().out == "", "whoever ended it has told of it"


def test_what_was_spent_on_a_canceled_generation_is_kept(
    service: EndingService, store: Store, clock: FakeClock
) -> None:
    head = running(store, clock)
    store.worker.store_step(head, a_step(clock, usage=Usage(2, 10, 5)))
    body = body_of(cancel(service, head))
    assert body["usage"]["calls"] == 2


def test_anothers_generation_is_not_there_and_goes_on(service: EndingService, store: Store, clock: FakeClock) -> None:
    head = running(store, clock)
    with pytest.raises(ProblemError, match="not_found"):
        cancel(service, head, owner="mallory")
    assert store.reads.get(head.key) == head


def test_what_is_not_there_cannot_be_canceled(service: EndingService, clock: FakeClock) -> None:
    with pytest.raises(ProblemError, match="not_found"):
        cancel(service, a_generation(clock))
