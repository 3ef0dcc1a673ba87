"""Which hunt finds which seeded bug, by the check that it must break, and the seed that does: `seeds.json`.

A change in what crosses a boundary shifts the draws of a seed: `python -m tests.simulation.seek` finds the seeds again.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.simulation import hunts
from tests.simulation.bugs import BUGS
from tests.simulation.installation import installed
from tests.simulation.schedules import simulate
from tests.simulation.transitions import ViolationError

SEEDS = Path(__file__).with_name("seeds.json")
BUDGET = 40
"""Seeds for each bug, from the one on that is known to find it."""

_HOLDER = "invariant_3_only_the_holder_moves_a_running_head"
_ROW = "every_change_is_a_row_of_the_table"
_INDEX = "invariant_7_open_heads_are_in_the_index"
_UNDISTURBED = "nobody_need_be_rescued_who_is_not_disturbed"
_COUNTED = "invariant_10_who_ends_an_attempt_has_counted_its_calls"

Hunt = Callable[[int], object]


class Quarry(NamedTuple):
    """How a bug is hunted, and the check that it must break."""

    hunt: Hunt
    check: str


QUARRIES = {
    "claim takes a message of any fence": Quarry(hunts.crowded, "invariant_11_what_died_once_runs_alone"),
    "heartbeat renews anybody's lease": Quarry(hunts.late, _HOLDER),
    "begin_call counts for anybody": Quarry(hunts.late, _HOLDER),
    "advance moves anybody's generation": Quarry(simulate, _HOLDER),
    "release gives back anybody's generation": Quarry(simulate, _HOLDER),
    "succeed goes by the status alone": Quarry(hunts.late, _HOLDER),
    "fail goes by the status alone": Quarry(hunts.late, _HOLDER),
    "give_back does not ask for the heartbeat as read": Quarry(simulate, "a_worker_is_replaced_after_its_lease"),
    "crash_loop does not ask for the heartbeat as read": Quarry(hunts.stalling, "a_worker_is_replaced_after_its_lease"),
    "expire ends what has ended": Quarry(hunts.late, _ROW),
    "expire ends whatever was spent meanwhile": Quarry(hunts.late, "usage_never_decreases"),
    "cancel does not go by the version": Quarry(hunts.late, "usage_never_decreases"),
    "cancel ends what has ended": Quarry(hunts.late, "invariant_1_a_terminal_status_stays"),
    "retry makes a second successor": Quarry(hunts.late, "one_successor_stays"),
    "a status of a newer version is an error": Quarry(
        hunts.beside_a_newer_version, "invariant_8_every_generation_ends_in_time"
    ),
    "what a newer version wrote never expires": Quarry(
        hunts.beside_a_newer_version, "invariant_8_every_generation_ends_in_time"
    ),
    "claim keeps the fence": Quarry(hunts.late, _ROW),
    "give_back keeps the fence": Quarry(hunts.late, _ROW),
    "release keeps the fence": Quarry(hunts.late, _ROW),
    "cancel keeps the fence": Quarry(hunts.late, _ROW),
    "send_again raises the fence": Quarry(simulate, _ROW),
    "advance keeps the version": Quarry(hunts.late, "what_readers_see_raises_the_version"),
    "heartbeat moves progress down": Quarry(hunts.late, "invariant_4_progress_never_decreases"),
    "advance shows no progress": Quarry(hunts.late, "invariant_4_progress_never_decreases"),
    "advance counts usage twice": Quarry(simulate, "usage_never_decreases"),
    "claim does not count the attempt": Quarry(hunts.late, "invariant_5_calls_per_step_are_bounded"),
    "claim does not count as fruitless": Quarry(hunts.poison, "poison_ends_as_a_crash_loop"),
    "give_back does not part what died together": Quarry(
        hunts.poison, "invariant_11_a_neighbours_poison_costs_one_attempt_at_most"
    ),
    "release forgets when somebody must look": Quarry(hunts.late, _INDEX),
    "give_back forgets when somebody must look": Quarry(hunts.late, _INDEX),
    "send_again looks again after the deadline": Quarry(simulate, _INDEX),
    "an ended generation stays in the index": Quarry(hunts.late, _INDEX),
    "create forgets the index": Quarry(hunts.late, _INDEX),
    "a step is stored over the one that stands there": Quarry(hunts.late, "the_first_stored_step_stays"),
    "the owner's day is a write of its own": Quarry(simulate, "invariant_10_an_ended_head_and_its_day_are_one_write"),
    "an end leaves the owner's key": Quarry(simulate, "an_ended_generations_key_is_gone"),
    "an end does not count what was stored and not shown": Quarry(simulate, "invariant_10_stored_steps_are_counted"),
    "an end keeps the reserve of a call whose bill it counts": Quarry(
        simulate, "invariant_10_a_bill_takes_the_place_of_its_reserve"
    ),
    "retry counts the copied steps again": Quarry(simulate, "invariant_10_no_call_counts_with_two_generations"),
    "a key is not remembered": Quarry(simulate, "one_key_one_generation"),
    "a lost answer of an update is taken for a refusal": Quarry(hunts.an_answer_lost, _UNDISTURBED),
    "create dispatches before it writes": Quarry(hunts.undisturbed, _UNDISTURBED),
    "nothing is dispatched": Quarry(hunts.undisturbed, _UNDISTURBED),
    "a rescuer does not ask for the lease": Quarry(simulate, "a_worker_is_replaced_after_its_lease"),
    "a sweep finds nothing": Quarry(simulate, "invariant_8_every_generation_ends_in_time"),
    "the model is called without begin_call": Quarry(simulate, "invariant_6_no_call_without_a_grant"),
    "the model is called after a refused begin_call": Quarry(hunts.late, "invariant_6_no_call_without_a_grant"),
    "nobody asks before a call is sent": Quarry(hunts.late, "invariant_5_sent_within_the_lease"),
    "stored steps are made again": Quarry(simulate, "invariant_5_no_call_for_a_stored_step"),
    "the heartbeat's thread is left behind": Quarry(simulate, "threads_joined"),
    "the invocation's end is ignored": Quarry(hunts.undisturbed, _UNDISTURBED),
    "what storage refuses is no end of an attempt": Quarry(hunts.denied, "no_lease_of_a_living_worker_runs_out"),
    "what a kind raises is no end of an attempt": Quarry(hunts.raising, "no_lease_of_a_living_worker_runs_out"),
    "who gives back forgets what it was told": Quarry(hunts.denied, _COUNTED),
    "who gives back forgets a step that was not answered for": Quarry(
        hunts.no_answer, "invariant_10_a_bill_takes_the_place_of_its_reserve"
    ),
    "who gives back does not store again a step that was not answered for": Quarry(
        hunts.held_up, "invariant_10_a_bill_takes_the_place_of_its_reserve"
    ),
    "our key pays for who brings one": Quarry(simulate, "whose_key_is_given_pays"),
}


def known_seeds() -> dict[str, int]:
    """Return the seed from which on each bug is looked for."""
    seeds: dict[str, int] = json.loads(SEEDS.read_text())
    return seeds


def first_violation(name: str, seeds: Iterable[int]) -> tuple[int, str] | None:
    """Return the first seed whose run breaks a check with this bug in the code, and the check; None when none does."""
    # The bug outside: what the simulator puts in the code's place is put back before the bug is.
    with BUGS[name](), installed():
        for seed in seeds:
            try:
                QUARRIES[name].hunt(seed)
            except ViolationError as violation:
                return seed, violation.invariant
    return None
