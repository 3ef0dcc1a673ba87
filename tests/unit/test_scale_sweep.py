"""A sweep's cost depends on what is due, not on what exists: exact counts of calls and units, at small sizes."""

from collections import Counter

import pytest

from bench.scale.cells import Cell, catch_up, cells, of_each_matter
from bench.scale.processor import cpu_of_a_sweep
from bench.scale.stock import MATTERS, Stock
from bench.scale.sweeping import sweep
from bench.scale.wire import Pace
from shared.domain.diagnosis import RescueOutcome
from shared.store.keys import DUE_SHARDS
from tests.simulation.table import FakeTable

pytestmark = pytest.mark.any_kinds

SMALL, LARGE = 100, 1_000
DUE = 50


@pytest.fixture(scope="module")
def found() -> dict[tuple[int, int], Cell]:
    return {(cell.table, cell.due): cell for cell in cells((SMALL, LARGE), (0, DUE))}


@pytest.mark.parametrize("due", [0, DUE])
def test_a_sweep_of_a_table_ten_times_as_large_costs_the_same(found: dict[tuple[int, int], Cell], due: int) -> None:
    small, large = found[SMALL, due], found[LARGE, due]
    assert (small.calls, small.units) == (large.calls, large.units)


def test_a_sweep_that_finds_nothing_looks_once_into_each_shard_and_leaves_its_mark(
    found: dict[tuple[int, int], Cell],
) -> None:
    idle = found[LARGE, 0]
    assert idle.calls == DUE_SHARDS + 2
    assert idle.units == {"read": 1, "index read": DUE_SHARDS / 2, "write": 1, "index write": 0}


def test_each_due_generation_adds_what_it_costs_and_no_more(found: dict[tuple[int, int], Cell]) -> None:
    each, idle, swept = of_each_matter(), found[LARGE, 0], found[LARGE, DUE]
    times = Counter(str(MATTERS[number % len(MATTERS)]) for number in range(DUE))
    assert swept.calls == idle.calls + sum(times[name] * meter.calls.total() for name, meter in each.items())
    for kind in idle.units:
        added = sum(times[name] * meter.units[kind] for name, meter in each.items())
        assert swept.units[kind] == idle.units[kind] + added, kind


def test_no_rescue_takes_more_than_five_calls() -> None:
    assert {name: meter.calls.total() for name, meter in of_each_matter().items()} == {
        RescueOutcome.SENT_AGAIN: 4,
        RescueOutcome.GIVEN_BACK: 4,
        RescueOutcome.REARMED: 2,
        RescueOutcome.EXPIRED: 5,  # one reads the input, for the line of the end
    }


def test_shards_that_are_swept_at_once_wait_together() -> None:
    """By the calls' own times alone: ten shards, none of which waits for another."""
    stock = Stock(FakeTable(lambda: 0.0))
    stock.add_due(200, (RescueOutcome.SENT_AGAIN,))
    at_once = sweep(stock.table, Pace(0.01, 0.01)).seconds
    stock.remove_due()
    stock.add_due(200, (RescueOutcome.SENT_AGAIN,))
    one_by_one = sweep(stock.table, Pace(0.01, 0.01), one_by_one=True).seconds
    assert one_by_one > 5 * at_once


def test_what_one_sweep_cannot_do_in_its_time_the_next_goes_on_with() -> None:
    found = catch_up(40, Pace(2.0, 2.0))
    assert 0 < found.in_the_first < 40
    assert found.sweeps == 2


def test_the_real_clients_make_the_calls_that_are_counted() -> None:
    _seconds, calls = cpu_of_a_sweep(8)
    each = of_each_matter()
    assert calls == DUE_SHARDS + 2 + sum(2 * each[matter].calls.total() for matter in MATTERS)
