"""The simulation notices what takes from the code what makes it safe: each seeded bug breaks the invariant it must."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest

from tests.simulation import hunts
from tests.simulation.bugs import BUGS
from tests.simulation.installation import installed
from tests.simulation.schedules import simulate
from tests.simulation.transitions import ViolationError

_BUDGET = 40
"""Seeds for each bug, from the one on that is known to find it."""

_HOLDER = "invariant_3_only_the_holder_moves_a_running_head"
_ROW = "every_change_is_a_row_of_the_table"
_INDEX = "invariant_7_open_heads_are_in_the_index"
_UNDISTURBED = "nobody_need_be_rescued_who_is_not_disturbed"
_COUNTED = "invariant_10_who_ends_an_attempt_has_counted_its_calls"

Hunt = Callable[[int], object]


class Found(NamedTuple):
    """How a bug is hunted, the first seed that finds it, and the check that tells."""

    hunt: Hunt
    seed: int
    check: str


FOUND = {
    "claim takes a message of any fence": Found(hunts.crowded, 7, "invariant_11_what_died_once_runs_alone"),
    "heartbeat renews anybody's lease": Found(hunts.late, 2, _HOLDER),
    "begin_call counts for anybody": Found(hunts.late, 5, _HOLDER),
    "advance moves anybody's generation": Found(simulate, 9, _HOLDER),
    "release gives back anybody's generation": Found(simulate, 7, _HOLDER),
    "succeed goes by the status alone": Found(hunts.late, 204, _HOLDER),
    "fail goes by the status alone": Found(hunts.late, 61, _HOLDER),
    "give_back does not ask for the heartbeat as read": Found(simulate, 49, "a_worker_is_replaced_after_its_lease"),
    "crash_loop does not ask for the heartbeat as read": Found(
        hunts.stalling, 76, "a_worker_is_replaced_after_its_lease"
    ),
    "expire ends what has ended": Found(hunts.late, 3, _ROW),
    "expire ends whatever was spent meanwhile": Found(hunts.late, 1025, "usage_never_decreases"),
    "cancel does not go by the version": Found(hunts.late, 484, "usage_never_decreases"),
    "cancel ends what has ended": Found(hunts.late, 1, "invariant_1_a_terminal_status_stays"),
    "retry makes a second successor": Found(hunts.late, 0, "one_successor_stays"),
    "a status of a newer version is an error": Found(
        hunts.beside_a_newer_version, 0, "invariant_8_every_generation_ends_in_time"
    ),
    "what a newer version wrote never expires": Found(
        hunts.beside_a_newer_version, 0, "invariant_8_every_generation_ends_in_time"
    ),
    "claim keeps the fence": Found(hunts.late, 0, _ROW),
    "give_back keeps the fence": Found(hunts.late, 0, _ROW),
    "release keeps the fence": Found(hunts.late, 0, _ROW),
    "cancel keeps the fence": Found(hunts.late, 0, _ROW),
    "send_again raises the fence": Found(simulate, 3, _ROW),
    "advance keeps the version": Found(hunts.late, 5, "what_readers_see_raises_the_version"),
    "heartbeat moves progress down": Found(hunts.late, 5, "invariant_4_progress_never_decreases"),
    "advance shows no progress": Found(hunts.late, 0, "invariant_4_progress_never_decreases"),
    "advance counts usage twice": Found(simulate, 7, "usage_never_decreases"),
    "claim does not count the attempt": Found(hunts.late, 0, "invariant_5_calls_per_step_are_bounded"),
    "claim does not count as fruitless": Found(hunts.poison, 0, "poison_ends_as_a_crash_loop"),
    "give_back does not part what died together": Found(
        hunts.poison, 3, "invariant_11_a_neighbours_poison_costs_one_attempt_at_most"
    ),
    "release forgets when somebody must look": Found(hunts.late, 0, _INDEX),
    "give_back forgets when somebody must look": Found(hunts.late, 0, _INDEX),
    "send_again looks again after the deadline": Found(simulate, 3, _INDEX),
    "an ended generation stays in the index": Found(hunts.late, 0, _INDEX),
    "create forgets the index": Found(hunts.late, 0, _INDEX),
    "a step is stored over the one that stands there": Found(hunts.late, 2, "the_first_stored_step_stays"),
    "the owner's day is a write of its own": Found(simulate, 0, "invariant_10_an_ended_head_and_its_day_are_one_write"),
    "an end leaves the owner's key": Found(simulate, 0, "an_ended_generations_key_is_gone"),
    "an end does not count what was stored and not shown": Found(simulate, 4, "invariant_10_stored_steps_are_counted"),
    "retry counts the copied steps again": Found(simulate, 8, "invariant_10_no_call_counts_with_two_generations"),
    "a key is not remembered": Found(simulate, 2, "one_key_one_generation"),
    "a lost answer of an update is taken for a refusal": Found(hunts.an_answer_lost, 2, _UNDISTURBED),
    "create dispatches before it writes": Found(hunts.undisturbed, 2, _UNDISTURBED),
    "nothing is dispatched": Found(hunts.undisturbed, 0, _UNDISTURBED),
    "a rescuer does not ask for the lease": Found(simulate, 0, "a_worker_is_replaced_after_its_lease"),
    "a sweep finds nothing": Found(simulate, 72, "invariant_8_every_generation_ends_in_time"),
    "the model is called without begin_call": Found(simulate, 0, "invariant_6_no_call_without_a_grant"),
    "the model is called after a refused begin_call": Found(hunts.late, 6, "invariant_6_no_call_without_a_grant"),
    "nobody asks before a call is sent": Found(hunts.late, 8, "invariant_5_sent_within_the_lease"),
    "stored steps are made again": Found(simulate, 0, "invariant_5_no_call_for_a_stored_step"),
    "the heartbeat's thread is left behind": Found(simulate, 9, "threads_joined"),
    "the invocation's end is ignored": Found(hunts.undisturbed, 0, _UNDISTURBED),
    "what storage refuses is no end of an attempt": Found(hunts.denied, 0, "no_lease_of_a_living_worker_runs_out"),
    "what a kind raises is no end of an attempt": Found(hunts.raising, 0, "no_lease_of_a_living_worker_runs_out"),
    "who gives back forgets what it was told": Found(hunts.denied, 0, _COUNTED),
    "our key pays for who brings one": Found(simulate, 0, "whose_key_is_given_pays"),
}


def test_every_bug_is_hunted() -> None:
    assert FOUND.keys() == BUGS.keys()
    assert len(BUGS) >= 25


@pytest.mark.parametrize("name", BUGS)
def test_a_seeded_bug_is_found_by_the_check_that_it_breaks(name: str) -> None:
    hunt, first, check = FOUND[name]
    # The bug outside: what the simulator puts in the code's place is put back before the bug is.
    with BUGS[name](), installed(), pytest.raises(ViolationError) as found:
        _run(hunt, range(first, first + _BUDGET))
    assert found.value.invariant == check


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("name", BUGS)
def test_without_the_bug_the_same_seeds_find_nothing(name: str) -> None:
    hunt, first, _check = FOUND[name]
    _run(hunt, range(first, first + 3))


def _run(hunt: Hunt, seeds: Iterable[int]) -> None:
    for seed in seeds:
        hunt(seed)
