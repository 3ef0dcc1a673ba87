"""The table itself: invariants of every row, whatever rows are added."""

from dataclasses import fields, replace
from typing import Any

import pytest

from docs.row_examples import AT, GIVEN, HEAD, sets_of
from shared.domain.generation import SCHEMA_VERSION, Generation, Usage
from shared.domain.marks import Write, knows_itself
from shared.domain.row import Add, Mark, Once, Row
from shared.domain.rows import (
    ADVANCE,
    BEGIN_CALL,
    CANCEL,
    CLAIM,
    CREATE,
    FAIL,
    GIVE_BACK,
    HEARTBEAT,
    RELEASE,
    ROWS,
    STORE_STEP,
    SUCCEED,
)
from shared.domain.states import OPEN, TERMINAL, Guard, Status
from shared.store.expressions import as_read, condition_of, update_of
from tests.factories import START, FakeClock, a_generation

ON_HEADS = [row for row in ROWS if row is not STORE_STEP]
OF_A_WORKER = [HEARTBEAT, BEGIN_CALL, ADVANCE, SUCCEED, RELEASE, FAIL]
OF_A_RESCUER = [row for row in ROWS if "sweeper" in row.by]
GUARD_VALUES: dict[str, Any] = as_read(a_generation(FakeClock()), START) | {
    "schema_version": SCHEMA_VERSION,
    "max_fruitless_attempts": 3,
    "kinds": ("flashcards",),
}


def ids(row: Row[Any]) -> str:
    return row.name


def written(row: Row[Any]) -> str:
    return str(update_of(row, GUARD_VALUES, {"stage": "writing"})["UpdateExpression"])


def test_every_status_is_either_open_or_terminal() -> None:
    assert set(Status) == OPEN | TERMINAL
    assert not OPEN & TERMINAL
    assert {Status.SUCCEEDED, Status.FAILED, Status.CANCELED} == TERMINAL


@pytest.mark.parametrize("row", ON_HEADS, ids=ids)
def test_no_row_leads_out_of_a_terminal_status(row: Row[Any]) -> None:
    assert row.target is None or not row.sources & TERMINAL


@pytest.mark.parametrize("row", [row for row in ROWS if row.target in TERMINAL], ids=ids)
def test_what_ends_a_generation_leaves_the_index_in_a_transaction_that_counts_usage(row: Row[Any]) -> None:
    assert row.transaction
    assert row.raises_version
    assert {"usage", "steps_done", "finished_at", "expires_at", "holder"} <= sets_of(row).keys()
    assert "REMOVE" in written(row)
    assert {"#due_at", "#due_shard"} <= set(written(row).partition("REMOVE ")[2].split(", "))


@pytest.mark.parametrize("row", [row for row in ROWS if row.target not in TERMINAL], ids=ids)
def test_what_leaves_a_generation_open_leaves_it_in_the_index(row: Row[Any]) -> None:
    assert not row.leaves_index()
    assert "due_shard" not in written(row)


def test_every_open_status_has_a_way_to_every_end() -> None:
    reached = {source: {row.target for row in ROWS if source in row.sources} for source in OPEN}
    assert reached[Status.RUNNING] >= {Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.PENDING}
    assert reached[Status.PENDING] >= {Status.RUNNING, Status.FAILED, Status.CANCELED}


@pytest.mark.parametrize("row", [CLAIM, RELEASE, GIVE_BACK, CANCEL], ids=ids)
def test_a_change_of_holder_raises_the_fence(row: Row[Any]) -> None:
    assert row.raises_fence
    assert "#fence = if_not_exists(#fence, :zero) + :add_fence" in written(row)


def test_a_row_moves_between_pending_and_running_only_with_a_new_fence() -> None:
    for row in ON_HEADS:
        if row.target in OPEN and row is not CREATE:
            assert row.raises_fence, row.name


@pytest.mark.parametrize("row", OF_A_WORKER, ids=ids)
def test_a_worker_writes_only_what_it_runs_and_holds(row: Row[Any]) -> None:
    assert row.sources == {Status.RUNNING}
    assert {Guard.FENCE, Guard.HOLDER} <= set(row.guards)
    assert "#fence = :fence" in condition_of(row)
    assert "#holder = :holder" in condition_of(row)


@pytest.mark.parametrize("row", OF_A_RESCUER, ids=ids)
def test_a_rescuer_goes_by_the_fence_and_something_else_that_it_read(row: Row[Any]) -> None:
    assert Guard.FENCE in row.guards
    assert {Guard.DUE_AS_READ, Guard.HEARTBEAT_AS_READ, Guard.PAST_DEADLINE} & set(row.guards)
    assert row.by == ("sweeper", "status")


@pytest.mark.parametrize("row", [row for row in ON_HEADS if row.target is not None], ids=ids)
def test_every_change_of_status_but_the_first_is_a_new_version(row: Row[Any]) -> None:
    assert row.raises_version == (row is not CREATE)


@pytest.mark.parametrize("row", [row for row in ON_HEADS if row.sources], ids=ids)
def test_no_update_can_bring_a_deleted_head_back(row: Row[Any]) -> None:
    assert condition_of(row).startswith("attribute_exists(#pk) AND #status IN (")
    for status in Status:
        assert (f":is_{status}" in condition_of(row)) == (status in row.sources)


def test_a_guard_that_is_in_no_row_would_have_no_reason_to_be() -> None:
    assert {guard for row in ROWS for guard in row.guards} == set(Guard)


def test_no_two_rows_have_one_name() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_a_step_is_stored_whatever_the_status_and_only_once() -> None:
    assert STORE_STEP.sources == set(Status)
    assert STORE_STEP.guards == (Guard.ABSENT,)


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_a_row_sets_fields_of_the_head_and_nothing_else(row: Row[Any]) -> None:
    names = set(sets_of(row))
    assert names <= {field.name for field in fields(Generation)}
    assert not names & {"user_id", "generation_id", "kind", "created_at", "deadline_at", "status", "fence"}


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_what_a_row_sets_follows_from_the_head_and_the_time_alone(row: Row[Any]) -> None:
    given = GIVEN.get(row.name)
    assert row.sets(HEAD, AT, given) == row.sets(HEAD, AT, given)
    for due in (sets_of(row).get("due_at"),):
        assert due is None or due <= HEAD.deadline_at


@pytest.mark.parametrize("row", [row for row in ON_HEADS if row.mark is not Mark.NONE and row is not CREATE], ids=ids)
def test_a_row_knows_its_own_write_and_no_head_that_does_not_show_it(row: Row[Any]) -> None:
    head = replace(HEAD, calls=3, usage=Usage(7), status=Status.RUNNING)
    sets = dict(row.sets(head, AT, GIVEN.get(row.name))) | ({"op": AT.op} if row.mark is Mark.OP else {})
    plain = {name: value for name, value in sets.items() if not isinstance(value, Add | Once)}
    written = replace(head, **plain, status=row.target or head.status)
    write = Write(head, sets, AT)
    assert knows_itself(row.mark, written, write)
    other = replace(head, holder="another", fence=head.fence + 1, op="another", due_at=None)
    assert not knows_itself(row.mark, other, write)
