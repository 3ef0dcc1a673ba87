"""Health: the result of the last sweep, for anybody, without any owner's data and without a read for each call."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.status import openapi
from functions.status.health import KEPT_SECONDS, HealthService
from functions.sweeper.service import Sweep
from shared.domain.generation import Called
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.rescue import Rescuer
from shared.store.sweeps import NO_OWNER, SweepMark, SweepMarks
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, an_input
from tests.unit.requests import a_request

ANYBODY = Request({"requestContext": {"requestId": "r-1"}, "headers": {}})


def sweep(store: Store, clock: FakeClock) -> None:
    rescuer = Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, ("flashcards",))
    Sweep(store.reads, store.sweeps, rescuer, clock).run(lambda: False)


def health(store: Store, clock: FakeClock, settings: Settings = SETTINGS) -> dict[str, Any]:
    body = HealthService(store.sweeps, clock, settings).get(ANYBODY).body
    assert isinstance(body, dict)
    return body


def test_before_the_first_sweep_health_says_that_there_was_none(store: Store, clock: FakeClock) -> None:
    assert health(store, clock) == {
        "last_sweep_at": None,
        "last_sweep_age_seconds": None,
        "stale": 0,
        "oldest_pending_seconds": 0,
    }


def test_a_sweep_that_finds_nothing_is_told_too(store: Store, clock: FakeClock) -> None:
    sweep(store, clock)
    clock.pass_seconds(90)
    assert health(store, clock) == {
        "last_sweep_at": "2026-01-01T00:00:00.000Z",
        "last_sweep_age_seconds": 90,
        "last_sweep_complete": True,
        "stale": 0,
        "oldest_pending_seconds": 0,
    }


def test_what_was_stale_is_counted_and_the_longest_wait_is_told(store: Store, clock: FakeClock) -> None:
    for _ in range(2):
        store.admission.create(a_generation(clock), an_input())
        clock.pass_seconds(30)
    clock.pass_seconds(30)
    sweep(store, clock)
    found = health(store, clock)
    assert (found["stale"], found["oldest_pending_seconds"]) == (2, 90)


def test_who_was_sent_again_and_is_not_due_yet_still_waits(store: Store, clock: FakeClock) -> None:
    head = store.admission.create(a_generation(clock), an_input())
    clock.pass_seconds(60)
    sweep(store, clock)
    clock.pass_seconds(20)
    sweep(store, clock)
    found = health(store, clock)
    assert (found["stale"], found["oldest_pending_seconds"]) == (0, 80)
    current = store.reads.get(head.key)
    assert current is not None
    store.worker.claim(Called(head.key, current.fence), "holder", ("flashcards",))
    sweep(store, clock)
    assert health(store, clock)["oldest_pending_seconds"] == 0


def test_one_that_a_sweep_has_failed_waits_no_more(store: Store, clock: FakeClock) -> None:
    head = store.admission.create(a_generation(clock), an_input())
    clock.pass_seconds(900)
    sweep(store, clock)
    current = store.reads.get(head.key)
    assert current is not None
    assert current.status is Status.FAILED
    found = health(store, clock)
    assert (found["stale"], found["oldest_pending_seconds"]) == (1, 0)


def test_a_sweep_that_ran_out_of_time_says_so(store: Store, clock: FakeClock) -> None:
    store.admission.create(a_generation(clock), an_input())
    clock.pass_seconds(60)
    rescuer = Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, ("flashcards",))
    Sweep(store.reads, store.sweeps, rescuer, clock).run(lambda: True)
    assert health(store, clock)["last_sweep_complete"] is False


def test_a_mark_that_cannot_be_written_does_not_undo_the_sweep(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: Store, _mark: SweepMark) -> None:
        raise RuntimeError("no such table")

    monkeypatch.setattr(SweepMarks, "put_sweep", refuse)
    store.admission.create(a_generation(clock), an_input())
    clock.pass_seconds(60)
    rescuer = Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, ("flashcards",))
    assert Sweep(store.reads, store.sweeps, rescuer, clock).run(lambda: False).report == {"sent_again": 1, "error": 1}


def test_health_tells_nothing_of_an_owner(store: Store, clock: FakeClock) -> None:
    head = store.admission.create(a_generation(clock), an_input())
    clock.pass_seconds(60)
    sweep(store, clock)
    told = json.dumps(health(store, clock))
    assert head.user_id not in told
    assert head.generation_id not in told


def test_no_owner_can_be_named_as_the_mark_is() -> None:
    with pytest.raises(ProblemError, match="unsupported_subject"):
        _ = a_request(NO_OWNER).owner


def test_the_table_is_asked_at_most_every_few_seconds(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    monkeypatch.setattr(SweepMarks, "last_sweep", lambda _store: reads.append(clock.now()))
    service = HealthService(store.sweeps, clock, SETTINGS)
    for _ in range(100):
        answer = service.get(ANYBODY)
        clock.pass_seconds(KEPT_SECONDS / 20)
    assert len(reads) == 5
    assert answer.headers["cache-control"] == f"public, max-age={KEPT_SECONDS}"


def test_the_document_is_answered_once_to_who_keeps_it() -> None:
    first = openapi.openapi(ANYBODY)
    assert isinstance(first.body, str)
    assert json.loads(first.body)["openapi"].startswith("3.1")
    kept = {"if-none-match": first.headers["etag"]}
    again = openapi.openapi(Request({**ANYBODY.event, "headers": kept}))
    assert (again.status, again.body, again.headers) == (304, None, first.headers)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"llm_protocol": "openrouter"}, False),
        ({"llm_base_url": "https://openrouter.ai/api/v1", "llm_protocol": "auto"}, False),
        ({"llm_protocol": "auto", "llm_base_url": "https://api.openai.com/v1"}, True),
        (
            {"llm_protocol": "auto", "llm_base_url": "https://api.openai.com/v1", "model_prices": ("local/*=1/2",)},
            False,
        ),
        (
            {"llm_protocol": "auto", "llm_base_url": "https://api.openai.com/v1", "model_prices": ("local/image=1/2",)},
            True,
        ),
    ],
)
def test_it_says_that_the_cost_of_a_model_is_not_known(
    store: Store, clock: FakeClock, changes: dict[str, Any], missing: bool
) -> None:
    found = health(store, clock, replace(SETTINGS, **changes))
    assert found.get("model_prices_missing", False) is missing
