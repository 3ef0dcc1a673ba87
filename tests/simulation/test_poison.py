"""One generation kills every process that works on it; those that shared a process with it once must not suffer."""

import pytest

from tests.simulation.faults import NoFaults
from tests.simulation.owners import Client, Habits
from tests.simulation.schedules import run
from tests.simulation.world import Shape, World

_NEIGHBOURS = 9


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("seed", range(5))
def test_poison_ends_as_a_crash_loop_and_its_neighbours_succeed(seed: int) -> None:
    world = World(seed, NoFaults(), Shape(poisoned=lambda head: head.user_id == "poisoner"))
    for number in range(_NEIGHBOURS):
        habits = Habits(kind=("flashcards", "saga")[number % 2], looks_every=90.0)
        world.client(f"neighbour {number}", Client(world, f"owner-{number}", habits, "key").live)
    world.client("poisoner", Client(world, "poisoner", Habits(looks_every=90.0), "key").live)
    assert run(world).ends == {"succeeded": _NEIGHBOURS, "crash_loop": 1}
