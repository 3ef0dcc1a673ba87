"""Dismissing what has ended, on real conditions: once, and nothing else of it changes."""

from dataclasses import replace
from typing import Any

import pytest

from shared.http.problems import ProblemError
from shared.http.response import Response
from shared.store.whole import Store
from tests.contract.counter import Counter, a_failed_one, started
from tests.contract.test_lost_answers import answers_lost
from tests.factories import FakeClock


@pytest.fixture
def counter(store: Store, clock: FakeClock) -> Counter:
    return a_failed_one(store, clock)


def test_dismissing_marks_what_has_ended_and_leaves_it_readable(counter: Counter) -> None:
    assert counter.dismiss() == Response(204)
    after = counter.read()
    assert (after.dismissed_at, after.version) == (counter.clock.now(), counter.head.version + 1)
    assert replace(after, dismissed_at=None, version=counter.head.version) == counter.head


def test_dismissing_twice_changes_nothing(counter: Counter, dynamodb: Any) -> None:
    with answers_lost(dynamodb, 2):
        counter.dismiss()
    after = counter.read()
    counter.clock.pass_seconds(5)
    assert counter.dismiss() == Response(204)
    assert counter.read() == after
    assert after.version == counter.head.version + 1


def test_what_is_open_cannot_be_dismissed(store: Store, clock: FakeClock) -> None:
    counter = Counter(store, clock, started(store, clock))
    with pytest.raises(ProblemError, match="not_terminal"):
        counter.dismiss()
    assert counter.read() == counter.head
