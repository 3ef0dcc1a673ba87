"""The request's id finds the generation that it created: bounded, and without showing any of its input."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from operations.reading import Reader
from operations.report import found_json, found_text
from operations.search import find
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.store.whole import Store
from tests.factories import LONG_TEXT, SETTINGS, FakeClock, a_generation, an_input

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture
def reader(dynamodb: Any, clock: FakeClock) -> Reader:
    return Reader(dynamodb, SETTINGS.table_name, clock)


def created(store: Store, clock: FakeClock, request_id: str, owner: str = ALICE) -> Generation:
    return store.admission.create(a_generation(clock, user_id=owner), replace(an_input(), request_id=request_id))


@pytest.mark.parametrize("owner", [None, ALICE])
def test_it_is_found_among_others_by_the_request_alone(
    store: Store, clock: FakeClock, reader: Reader, owner: str | None
) -> None:
    for number in range(4):
        created(store, clock, f"r-{number}", BOB)
    mine = created(store, clock, "r-mine")
    held = store.worker.claim(Called(mine.key, mine.fence), "holder", ("flashcards",))
    store.worker.fail(held, Totals(0, Usage()), ErrorInfo("output_refused", "No."))
    found = find(reader, store.reads, "r-mine", owner=owner, pages=10)
    told = found_json(found, show_owners=False)["generation"]
    assert told.items() >= {
        "generation_id": mine.generation_id, "status": "failed", "code": "output_refused", "model": "local/cards"
    }.items()  # fmt: skip
    for said in (json.dumps(told), found_text(found, show_owners=False)):
        assert [text for text in (ALICE, LONG_TEXT[:20], "Enzymes") if text in said] == []
    assert ALICE in found_text(found, show_owners=True)


def test_what_is_not_there_is_said_not_to_be_and_another_owners_is_not_his(
    store: Store, clock: FakeClock, reader: Reader
) -> None:
    created(store, clock, "r-1")
    for request_id, owner in (("r-2", None), ("r-1", BOB), ("r", None)):
        found = find(reader, store.reads, request_id, owner=owner, pages=10)
        assert (found.key, found.head, found.complete) == (None, None, True)
        assert "in all inputs" in found_text(found, show_owners=False)


def test_a_search_ends_at_its_pages_and_says_that_there_is_more(
    store: Store, clock: FakeClock, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(store, clock, "r-1")
    pages: Any = iter([[], [], []])
    monkeypatch.setattr(Reader, "inputs_of", lambda *_given: pages)
    found = find(reader, store.reads, "r-1", owner=None, pages=2)
    assert (found.key, found.pages, found.complete) == (None, 2, False)
    assert "first 2 pages" in found_text(found, show_owners=False)


def test_of_one_that_has_expired_the_input_still_tells_which_it_was(
    store: Store, clock: FakeClock, reader: Reader
) -> None:
    head = created(store, clock, "r-1")
    store.endings.cancel(head.key)
    clock.moment += timedelta(days=SETTINGS.retention_days + 0.5)
    found = find(reader, store.reads, "r-1", owner=None, pages=10)
    assert found_json(found, show_owners=False)["generation"]["generation_id"] == head.generation_id
    assert "expired" in found_text(found, show_owners=False)
