"""The simulation notices what takes from the code what makes it safe: each seeded bug breaks the invariant it must."""

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.quarries import BUDGET, QUARRIES, first_violation, known_seeds
from tests.simulation.seek import seek

SEEDS = known_seeds()


def test_every_bug_is_hunted() -> None:
    assert QUARRIES.keys() == BUGS.keys() == SEEDS.keys()
    assert len(BUGS) >= 25


@pytest.mark.parametrize("name", BUGS)
def test_a_seeded_bug_is_found_by_the_check_that_it_breaks(name: str) -> None:
    first = SEEDS[name]
    found = first_violation(name, range(first, first + BUDGET))
    assert found is not None, "no seed finds it: python -m tests.simulation.seek"
    assert found[1] == QUARRIES[name].check


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("name", BUGS)
def test_without_the_bug_the_same_seeds_find_nothing(name: str) -> None:
    first = SEEDS[name]
    for seed in range(first, first + 3):
        QUARRIES[name].hunt(seed)


def test_the_search_of_seeds_finds_the_first_one_by_the_right_check_and_says_when_there_is_none() -> None:
    assert seek("retry makes a second successor", 9) == 0
    assert seek("send_again raises the fence", 2, first=10**6) is None
