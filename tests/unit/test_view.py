"""A generation as its owner sees it, and the tag that names one state of it."""

import json
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest

from shared.domain.call_facts import NO_CALL, CallFacts
from shared.domain.generation import ErrorInfo, Generation, Usage
from shared.domain.moving import Moving, State
from shared.domain.states import Status
from shared.view.schemas import StatusName
from shared.view.view import etag, matches, view
from tests.factories import START, FakeClock, a_generation

HIDDEN = {
    "user_id",
    "fence",
    "holder",
    "due_at",
    "fruitless_attempts",
    "releases",
    "dispatches",
    "isolated",
    "because",
    "asked_to_wait",
    "calls",
    "call_step",
}
HIDDEN |= {
    "call_step",
    "step_calls",
    "isolated",
    "reserved_usd",
    "output_step",
    "op",
    "create_op",
    "schema_version",
    "expires_at",
}
HIDDEN |= {"progress_at", "reviewed", "usual_seconds", "left_cents", "call"}
OF_THE_CALL = {"model", "answered_by"}
"""The parts of `call` that are shown at the top; with an error, all of it is shown there."""


@pytest.fixture
def full(clock: FakeClock) -> Generation:
    """A head whose fields all contain something that can be searched for in the view."""
    times: dict[str, Any] = {
        field.name: START + timedelta(seconds=place, milliseconds=5)
        for place, field in enumerate(fields(Generation))
        if field.name.endswith(("_at", "not_before"))
    }
    return replace(
        a_generation(clock),
        **times,
        user_id="owner-7015",
        generation_id="g-1",
        status=Status.FAILED,
        version=17,
        fence=7001,
        holder="holder-7002",
        attempt=3,
        fruitless_attempts=7003,
        releases=7004,
        dispatches=7005,
        isolated=True,
        progress=60,
        stage="writing cards",
        calls=7006,
        call_step="step-7007",
        step_calls=7008,
        reserved_usd=Decimal("0.7009"),
        usage=Usage(2, 100, 50, Decimal("0.0125"), Decimal("0.0025")),
        steps_done=4,
        output_step="step-7011",
        error=ErrorInfo("output_invalid", "It does not fit."),
        call=CallFacts("asked/for", "other/one", 200, None, "gen-5", None, 2.5),
        client_id="client",
        session_id="session",
        retry_of="the-one-before",
        retried_as="the-next",
        own_key=True,
        op="op-7012",
        create_op="op-7013",
        schema_version=7014,
    )


def test_every_field_of_the_head_is_either_shown_or_hidden_on_purpose(full: Generation) -> None:
    assert {field.name for field in fields(Generation)} - HIDDEN | OF_THE_CALL == view(full).keys()


def test_an_error_says_what_is_known_of_the_call_that_ended_so(full: Generation) -> None:
    assert view(full)["error"] == {
        "code": "output_invalid",
        "message": "It does not fit.",
        "model": "asked/for",
        "answered_by": "other/one",
        "provider_status": 200,
        "provider_call_id": "gen-5",
        "seconds": 2.5,
    }
    shown = view(replace(full, call=NO_CALL))
    assert shown["error"] == {"code": "output_invalid", "message": "It does not fit."}
    assert not OF_THE_CALL & shown.keys()


def test_what_an_open_one_does_is_shown_and_names_another_state(full: Generation) -> None:
    does = Moving(State.WAITING_TO_RETRY, "provider_timeout", START, stuck=False)
    shown = view(full, does)
    assert (shown["state"], shown["because"]) == ("waiting_to_retry", "provider_timeout")
    assert (shown["next_at"], shown["stuck"]) == ("2026-01-01T00:00:00.000Z", False)
    assert len({etag(full), etag(full, does), etag(full, does._replace(stuck=True))}) == 3


def test_nothing_of_fences_holders_queues_and_owners_is_shown(full: Generation) -> None:
    shown = json.dumps(view(full))
    assert "70" not in shown


def test_what_is_shown_is_what_the_head_says(full: Generation) -> None:
    shown = view(full)
    assert shown["generation_id"] == full.generation_id
    assert (shown["kind"], shown["status"], shown["version"], shown["attempt"]) == ("flashcards", "failed", 17, 3)
    assert (shown["progress"], shown["stage"], shown["steps_done"]) == (60, "writing cards", 4)
    assert (shown["client_id"], shown["session_id"]) == ("client", "session")
    assert shown["usage"] == {"calls": 2, "prompt_tokens": 100, "completion_tokens": 50} | {
        "cost_usd": 0.0125,
        "wasted_cost_usd": 0.0025,
    }


def test_times_are_iso_8601_in_utc_to_the_millisecond(full: Generation) -> None:
    shown = view(full)
    times = {name: str(value) for name, value in shown.items() if name.endswith(("_at", "not_before"))}
    assert {"created_at", "started_at", "heartbeat_at", "not_before", "finished_at", "deadline_at"} <= times.keys()
    for name, text in times.items():
        assert text.endswith(".005Z")
        assert datetime.fromisoformat(text) == getattr(full, name)
    assert view(replace(full, created_at=START))["created_at"] == "2026-01-01T00:00:00.000Z"


def test_what_is_not_yet_is_absent(clock: FakeClock) -> None:
    shown = view(a_generation(clock))
    assert not shown.keys() & {"error", "stage", "started_at", "heartbeat_at", "finished_at", "not_before", "client_id"}
    assert shown["progress"] == shown["steps_done"] == 0
    assert shown["usage"]["cost_usd"] == 0


def test_the_tag_changes_with_the_version_and_with_the_heartbeat_and_with_nothing_else(clock: FakeClock) -> None:
    head = a_generation(clock)
    beating = replace(head, heartbeat_at=START)
    tags = [
        etag(head),
        etag(replace(head, version=2)),
        etag(beating),
        etag(replace(beating, heartbeat_at=START + timedelta(milliseconds=1))),
    ]
    assert len(set(tags)) == 4
    assert etag(replace(beating, calls=9, due_at=START)) == etag(beating)
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)


@pytest.mark.parametrize(
    "condition",
    ['"17-5"', 'W/"17-5"', '"1-0", "17-5"', '"1-0",W/"17-5" , "2-0"', "*", " * ", ' "17-5" '],
)
def test_a_condition_that_names_the_tag_matches(condition: str) -> None:
    assert matches(condition, '"17-5"')


@pytest.mark.parametrize("condition", [None, "", '"17-6"', "17-5", '"117-5"', 'w/"17-5"', '"1-0", "2-0"', '"*"', "W/*"])
def test_a_condition_that_does_not_name_the_tag_does_not_match(condition: str | None) -> None:
    assert not matches(condition, '"17-5"')


def test_the_contract_names_each_status_that_a_generation_can_have() -> None:
    assert get_args(StatusName) == tuple(Status)
