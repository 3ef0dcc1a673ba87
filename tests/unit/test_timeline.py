"""The history of one generation, line by line, and its input."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from functions.status.timeline import TimelineService
from shared.domain.generation import Called, ErrorInfo, Event, Generation, Totals, Usage
from shared.http.problems import ProblemError
from shared.store.whole import Store
from tests.factories import LONG_TEXT, FakeClock, a_generation, a_step, an_input, moto_dynamodb
from tests.unit.requests import a_request, body_of
from tests.unit.services import picture_links

KINDS = ("flashcards",)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class Life:
    """One generation and the time that passes in it."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.service = (
            store,
            clock,
            TimelineService(store.reads, store.timeline, picture_links(store)),
        )
        self.head = store.admission.create(a_generation(clock), an_input())

    def claim(self) -> Generation:
        self.clock.pass_seconds(1)
        now = self.current()
        self.head = self.store.worker.claim(Called(now.key, now.fence), self.clock.token(), KINDS)
        return self.head

    def current(self) -> Generation:
        found = self.store.reads.get(self.head.key)
        assert found is not None
        return found

    def release(self, code: str, delay_seconds: float) -> None:
        self.clock.pass_seconds(2)
        later = self.clock.now() + timedelta(seconds=delay_seconds)
        pending = self.store.worker.release(
            self.head,
            Totals(0, Usage()),
            not_before=later,
            counted=True,
            reserved_usd=self.head.reserved_usd,
            because="provider_unavailable",
        )
        self.store.timeline.note(pending, Event("released", self.clock.now(), self.head.attempt, code, delay_seconds))
        self.clock.pass_seconds(delay_seconds)

    def store_step(self, name: str = "cards", **fields: Any) -> None:
        self.clock.pass_seconds(3)
        self.store.worker.store_step(self.head, a_step(self.clock, name, **fields))

    def read(self, what: str = "events", owner: str | None = None, **query: str) -> dict[str, Any]:
        request = a_request(owner or self.head.user_id, generation_id=self.head.generation_id, query=query)
        return body_of(getattr(self.service, what)(request))

    def lines(self) -> list[tuple[str, int | None]]:
        return [(line["name"], line.get("attempt")) for line in self.read()["events"]]


@pytest.fixture
def life(store: Store, clock: FakeClock) -> Life:
    return Life(store, clock)


def test_a_generation_that_waits_has_one_line_and_no_attempt(life: Life) -> None:
    assert life.read() == {
        "generation_id": life.head.generation_id,
        "version": 1,
        "attempts": [],
        "events": [{"name": "created", "at": "2026-01-01T00:00:00.000Z"}],
    }


def test_the_normal_life_is_told_by_the_head_and_its_steps(life: Life) -> None:
    head = life.claim()
    life.store_step()
    life.store.worker.succeed(head, Totals(1, Usage(1, 100, 50)), "cards")
    found = life.read()
    assert life.lines() == [("created", None), ("started", 1), ("step_stored", None), ("succeeded", 1)]
    step = found["events"][2]
    assert step == {
        "name": "step_stored",
        "at": "2026-01-01T00:00:04.000Z",
        "step": "cards",
        "position": 1,
        "duration_seconds": 1.5,
        "usage": {"calls": 1, "prompt_tokens": 100, "completion_tokens": 50, "cost_usd": 0.0, "wasted_cost_usd": 0.0},
        "call_id": "gen-1",
    }
    [attempt] = found["attempts"]
    assert (attempt["started_at"], attempt["ended_at"]) == ("2026-01-01T00:00:01.000Z", "2026-01-01T00:00:04.000Z")
    assert attempt["ended"] == "succeeded"


def test_what_was_out_of_the_ordinary_stands_between_with_its_reason(life: Life) -> None:
    life.claim()
    life.release("provider_rate_limited", 5)
    head = life.claim()
    life.store.worker.fail(head, Totals(0, Usage()), ErrorInfo("output_invalid", "It does not fit."))
    found = life.read()
    assert life.lines() == [("created", None), ("started", 1), ("released", 1), ("failed", 2)]
    assert found["events"][2] | {"at": None} == {
        "name": "released", "at": None, "attempt": 1, "code": "provider_rate_limited", "delay_seconds": 5.0,
    }  # fmt: skip
    first, second = found["attempts"]
    assert (first["ended"], first["code"]) == ("released", "provider_rate_limited")
    assert (second["ended"], second["code"]) == ("failed", "output_invalid")


def test_the_results_of_the_steps_are_shown_to_who_asks_whatever_became_of_the_generation(life: Life) -> None:
    head = life.claim()
    life.store_step("outline", result={"title": "A tale", "chapters": ["One.", "Two."]})
    life.store.worker.fail(head, Totals(1, Usage(1)), ErrorInfo("output_invalid", "It does not fit."))
    [told] = [line for line in life.read(results="true")["events"] if line["name"] == "step_stored"]
    assert told["result"] == {"title": "A tale", "chapters": ["One.", "Two."]}
    for query in ({}, {"results": "false"}):
        assert all("result" not in line for line in life.read(**query)["events"])


def test_an_end_that_the_log_tells_of_is_told_once(life: Life) -> None:
    life.store.endings.cancel(life.head.key)
    ended = life.current()
    life.store.timeline.note(ended, Event("canceled", life.clock.now(), ended.attempt))
    assert life.lines() == [("created", None), ("canceled", 0)]


def test_a_dismissal_is_the_last_line(life: Life) -> None:
    life.store.endings.cancel(life.head.key)
    life.clock.pass_seconds(5)
    life.store.endings.dismiss(life.current())
    assert [name for name, _ in life.lines()] == ["created", "canceled", "dismissed"]


def test_a_running_attempt_shows_its_last_sign_of_life(life: Life) -> None:
    life.claim()
    assert life.read()["attempts"] == [
        {"attempt": 1, "started_at": "2026-01-01T00:00:01.000Z", "heartbeat_at": "2026-01-01T00:00:01.000Z"}
    ]


def test_what_was_sent_in_is_shown_with_the_model_and_the_version_of_the_prompts(life: Life) -> None:
    assert life.read("input") == {
        "generation_id": life.head.generation_id,
        "kind": "flashcards",
        "model": "local/cards",
        "prompt_version": "1",
        "request_id": "request",
        "input": {"source_text": LONG_TEXT},
    }


@pytest.mark.parametrize("what", ["events", "input"])
def test_anothers_record_is_not_there(life: Life, what: str) -> None:
    with pytest.raises(ProblemError, match="not_found"):
        life.read(what, owner="mallory")


@pytest.mark.parametrize("what", ["events", "input"])
def test_neither_takes_a_query(life: Life, what: str) -> None:
    request = a_request(life.head.user_id, generation_id=life.head.generation_id, query={"limit": "5"})
    with pytest.raises(ProblemError, match="invalid_query"):
        getattr(life.service, what)(request)
