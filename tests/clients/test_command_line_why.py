"""The explanations of `why` for a generation, from the service's facts alone."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.clients.scripted import ID, generation
from tests.clients.test_command_line import Run, Service, ok, run
from unstuck.cli.why import explain
from unstuck.models import GenerationDetail

__all__ = ["run"]
NOW = datetime(2026, 1, 31, 8, 2, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


def said(status: str = "running", **more: Any) -> list[str]:
    return list(explain(GenerationDetail.model_validate(generation(status, **more)), NOW))


def test_of_one_that_is_worked_on_it_says_at_what_and_what_happens_if_its_worker_dies() -> None:
    doing, then, end = said(
        state="working", stage="writing chapter 3 of 5", progress=52, next_at=at(31), stuck=False, heartbeat_at=at(-9)
    )
    assert doing == "A worker is at attempt 1: writing chapter 3 of 5, at 52 %."
    assert re.fullmatch(r"If the worker sends no heartbeat by .* \(in 31 s\), another worker takes over\.", then)
    assert "(in 13 min)" in end


def test_of_one_whose_heartbeat_is_late_it_says_so_by_the_services_own_word() -> None:
    [late, *_] = said(state="working", next_at=at(12), stuck=True, heartbeat_at=at(-28))
    assert late.endswith("Its last heartbeat was 28 s ago, which is late.")
    [fine, *_] = said(state="working", next_at=at(12), stuck=False, heartbeat_at=at(-28))
    assert "late" not in fine


@pytest.mark.parametrize(
    ("status", "state", "says"),
    [
        ("pending", "queued", ["waits for a worker.", "message is sent again"]),
        ("pending", "waiting_to_retry", ["waits for its next attempt.", "The next attempt starts at"]),
        ("pending", "waiting_for_provider", ["the provider asked for a pause.", "The next attempt starts at"]),
        ("pending", "lost", ["Its message is lost.", "read or sweep recovers it"]),
        ("running", "lost", ["Its worker is lost.", "read or sweep recovers it"]),
        ("running", "dreaming", ["which this client does not know.", "That changes by"]),
    ],
)
def test_each_state_says_what_it_is_and_by_when_it_changes(status: str, state: str, says: list[str]) -> None:
    sentences = said(status, state=state, because="provider_rate_limited", next_at=at(90), stuck=state == "lost")
    assert len(sentences) == 3
    for sentence, words in zip(sentences, says, strict=False):
        assert words in sentence
    assert "Its last attempt ended with provider_rate_limited: " in sentences[0]
    assert "(in 90 s)" in sentences[1]


def test_a_start_that_is_late_is_said() -> None:
    assert said("pending", state="queued", next_at=at(5), stuck=True)[0] == "It waits for a worker, which is late."


def test_a_time_that_is_over_is_said_to_be() -> None:
    assert "(7 s ago)" in said("pending", state="lost", next_at=at(-7), stuck=True)[1]


def test_an_older_service_is_not_guessed_for() -> None:
    assert said(progress=30)[0] == "It is running, at 30 %. This service gives no further details."


def test_of_one_that_failed_it_says_what_ended_it_and_what_to_do() -> None:
    error = {
        "code": "provider_rate_limited",
        "message": "Too many requests.",
        "provider_status": 429,
        "provider_call_id": "gen-1",
    }
    sentences = said("failed", attempt=3, finished_at=at(0), error=error)
    assert re.match(r"It failed at \S+ \S+ after 2 min, in 3 attempts, with ", sentences[0])
    assert sentences[0].endswith("in 3 attempts, with provider_rate_limited: Too many requests.")
    assert sentences[1] == "The last call of a model: HTTP 429  call gen-1."
    assert len(sentences) == 3
    again = said("failed", attempt=3, finished_at=at(0), error=error, retried_as="0199-new")
    assert again[-1] == "It was retried as 0199-new: unstuck why 0199-new"


def test_of_one_that_ended_otherwise_it_says_how() -> None:
    assert "Its owner canceled it at" in said("canceled", finished_at=at(0), progress=40)[0]
    assert said("canceled", finished_at=at(0), progress=40)[0].endswith(", at 40 %.")
    assert said("succeeded", finished_at=at(-110), attempt=1, progress=100)[0].endswith("after 10 s, in 1 attempt.")
    assert said("succeeded")[0] == "It succeeded, in 1 attempt."


def test_the_command_prints_a_sentence_a_line_and_in_json_what_they_are_made_of(run: Run) -> None:
    body = generation(state="queued", because="handover", next_at="2126-01-31T08:03:00.000Z", stuck=False)
    told = run(Service(ok(body)), "why", ID)
    assert (told.exit_code, told.stdout.count("\n")) == (0, 3)
    assert told.stdout.startswith("It waits for a worker.")
    found = json.loads(run(Service(ok(body)), "why", ID, "--json").stdout)
    facts = {"status": "running", "state": "queued", "because": "handover", "stuck": False, "generation_id": ID}
    assert facts.items() <= found.items()
    assert len(found["why"]) == 3


def test_what_the_service_says_cannot_move_the_cursor(run: Run) -> None:
    told = run(Service(ok(generation(state="working", stage="\x1b[2Jgone", next_at=at(1), stuck=False))), "why", ID)
    assert "\x1b" not in told.stdout


def test_following_colours_and_says_stuck_by_the_services_own_word(run: Run) -> None:
    open_ = generation(state="working", stuck=True, heartbeat_at="2026-01-31T08:00:01.000Z", poll_after_seconds=0.1)
    done = generation("succeeded", 9, progress=100)
    assert "stuck" in run(Service(ok(open_), ok(done)), "watch", ID).stderr
    assert "stuck" not in run(Service(ok(open_ | {"stuck": False}), ok(done)), "watch", ID).stderr
