"""The transition table holds what DESIGN promises, in every state that the model can reach: the small size of it.

The whole of it takes minutes: `python -m tests.model.run`.
"""

from dataclasses import replace

import pytest

from shared.domain.rows import ADVANCE, ROWS
from shared.domain.states import Guard
from tests.model.explore import Walk
from tests.model.rows import GUARDS, MOVES
from tests.model.state import Size

CALLS = Size(steps=1, max_calls=2, workers=1, rescuers=1, held_up=())
STEPS = Size(steps=2, max_calls=1, workers=1, rescuers=1, held_up=())
PROCESSES = Size(steps=1, max_calls=1, workers=2, rescuers=2)
LATE_ADVANCE = Size(steps=2, max_calls=1, workers=1, rescuers=1, held_up=("advance",))

OUTSIDE = {
    "create": "the first state of the model is what it makes",
    "review": "another item decides what is reviewed; of the head it moves a flag that no guard asks for",
}


def test_every_row_of_the_table_is_in_the_model_or_outside_of_it_for_a_reason() -> None:
    assert MOVES | OUTSIDE.keys() == {row.name for row in ROWS}


def test_every_guard_is_one_that_the_model_can_judge() -> None:
    assert GUARDS.keys() == set(Guard)


@pytest.mark.parametrize("limits", [CALLS, STEPS, PROCESSES], ids=["calls", "steps", "processes"])
def test_no_invariant_is_broken_and_every_state_leads_to_an_end(limits: Size) -> None:
    found = Walk(limits).run()
    print(found)
    assert found.broken is None, found.broken
    assert found.states > 1000


def test_an_advance_that_was_held_up_moves_nothing_back() -> None:
    found = Walk(LATE_ADVANCE).run()
    assert found.broken is None, found.broken


def test_an_advance_that_does_not_go_by_the_usage_as_read_takes_progress_back_when_it_was_held_up() -> None:
    guards = tuple(guard for guard in ADVANCE.guards if guard is not Guard.USAGE_AS_READ)
    rows = [replace(row, guards=guards) if row is ADVANCE else row for row in ROWS]
    found = Walk(LATE_ADVANCE, rows).run()
    assert found.broken is not None
