"""The condition of a head: one diagnosis for any head at any time, from the head and the time alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.diagnosis import STALE, Diagnosis, diagnose
from shared.domain.generation import SCHEMA_VERSION, Generation
from shared.domain.states import OPEN, TERMINAL, Status
from tests.factories import START, FakeClock, a_generation

LEASE = 40.0
KINDS = ("flashcards", "story")
NOW = START + timedelta(seconds=100)
MOMENTS = st.one_of(st.none(), st.integers(-200, 200).map(lambda seconds: NOW + timedelta(seconds=seconds)))
HEADS = st.builds(
    lambda **changes: a_generation(FakeClock(), **changes),
    status=st.sampled_from(Status),
    deadline_at=st.integers(-5, 5).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    due_at=MOMENTS,
    heartbeat_at=MOMENTS,
    kind=st.sampled_from(["flashcards", "opera"]),
    schema_version=st.sampled_from([SCHEMA_VERSION - 1, SCHEMA_VERSION, SCHEMA_VERSION + 1]),
)


def after(seconds: float) -> Any:
    return NOW + timedelta(seconds=seconds)


def of(head: Generation) -> Diagnosis:
    return diagnose(head, NOW, LEASE, KINDS)


@given(HEADS)
@settings(deadline=None)
def test_any_head_has_one_diagnosis_and_what_has_ended_is_always_ended(head: Generation) -> None:
    found = of(head)
    assert found in Diagnosis
    assert (found is Diagnosis.ENDED) == (head.status in TERMINAL)


@given(HEADS)
@settings(deadline=None)
def test_past_its_deadline_an_open_head_is_overdue_whatever_else_it_is_and_never_before(head: Generation) -> None:
    assert (of(head) is Diagnosis.OVERDUE) == (head.status in OPEN and head.deadline_at <= NOW)


def unreadable(head: Generation) -> bool:
    return head.kind == "opera" or head.schema_version > SCHEMA_VERSION


@given(HEADS)
@settings(deadline=None)
def test_a_head_that_this_code_cannot_read_is_never_acted_on_before_its_deadline(head: Generation) -> None:
    if head.status in OPEN and head.deadline_at > NOW and unreadable(head):
        assert of(head) in (Diagnosis.UNREADABLE, Diagnosis.WAITING)


@given(HEADS)
@settings(deadline=None)
def test_only_what_lacks_somebody_to_move_it_on_is_stale(head: Generation) -> None:
    if of(head) not in STALE:
        return
    lapsed = head.heartbeat_at is None or head.heartbeat_at + timedelta(seconds=LEASE) <= NOW
    due = head.due_at is None or head.due_at <= NOW
    assert head.deadline_at <= NOW or (lapsed if head.status is Status.RUNNING else due)


LONG = {"deadline_at": after(500)}
TABLE: dict[str, tuple[dict[str, Any], Diagnosis]] = {
    "pending, its message on the way": ({"due_at": after(0.001)}, Diagnosis.WAITING),
    "pending, its message due": ({"due_at": after(0)}, Diagnosis.LOST_MESSAGE),
    "pending, and nobody was to look": ({"due_at": None}, Diagnosis.LOST_MESSAGE),
    "running under a fresh lease": (
        {"status": Status.RUNNING, "heartbeat_at": after(-39.999), "due_at": after(-60)},
        Diagnosis.FRESH,
    ),
    "running, its lease just over": (
        {"status": Status.RUNNING, "heartbeat_at": after(-40), "due_at": after(60)},
        Diagnosis.LOST_WORKER,
    ),
    "running without a heartbeat": ({"status": Status.RUNNING}, Diagnosis.LOST_WORKER),
    "of the version before": ({"schema_version": SCHEMA_VERSION - 1, "due_at": after(-1)}, Diagnosis.LOST_MESSAGE),
    "of a newer version, due": ({"schema_version": SCHEMA_VERSION + 1, "due_at": after(0)}, Diagnosis.UNREADABLE),
    "of a newer version, not due": ({"schema_version": SCHEMA_VERSION + 1, "due_at": after(1)}, Diagnosis.WAITING),
    "of an unknown kind, due": ({"kind": "opera", "due_at": after(-1)}, Diagnosis.UNREADABLE),
    "of an unknown kind, its worker lost": (
        {"kind": "opera", "status": Status.RUNNING, "due_at": after(-1)},
        Diagnosis.UNREADABLE,
    ),
    "at its deadline": ({"deadline_at": after(0), "due_at": after(60)}, Diagnosis.OVERDUE),
    "at its deadline under a fresh lease": (
        {"deadline_at": after(0), "status": Status.RUNNING, "heartbeat_at": NOW},
        Diagnosis.OVERDUE,
    ),
    "of an unknown kind, at its deadline": ({"deadline_at": after(0), "kind": "opera"}, Diagnosis.OVERDUE),
    "succeeded, past its deadline": ({"deadline_at": after(-9), "status": Status.SUCCEEDED}, Diagnosis.ENDED),
}


@pytest.mark.parametrize("case", TABLE)
def test_a_head_is_diagnosed_as_the_table_says(case: str) -> None:
    changes, expected = TABLE[case]
    assert of(replace(a_generation(FakeClock()), **(LONG | changes))) is expected
