"""Part one: what a sweep costs over tables of different size with different numbers due, and how long it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.report import Spread
from bench.scale.stock import MATTERS, Stock
from bench.scale.sweeping import sweep
from bench.scale.wire import Meter, Pace
from shared.domain.diagnosis import RescueOutcome
from tests.simulation.table import FakeTable

TABLES, DUE = (1_000, 100_000, 1_000_000), (0, 100, 10_000)
_RUNS = {0: 5, 100: 5, 10_000: 3}
FREE = Pace(0.0, 0.0)
FUNCTION_SECONDS = 50.0
"""A sweep takes up nothing new once ten seconds of its function's minute are left."""
_INTERVAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One size of table and number due. The counts were the same in every run."""

    table: int
    due: int
    calls: int
    units: Mapping[str, float]
    own: Spread


def cells(tables: tuple[int, ...] = TABLES, due: tuple[int, ...] = DUE) -> Iterator[Cell]:
    """Yield each cell. One table grows from size to size: at no time are there two. Raises when two runs differ."""
    stock = Stock(FakeTable(lambda: 0.0))
    for size in tables:
        stock.fill(size - stock.made)
        for number in due:
            runs = [_once(stock, number) for _ in range(_RUNS.get(number, 1))]
            calls, units = runs[0].calls.total(), dict(runs[0].units)
            if any((run.calls.total(), dict(run.units)) != (calls, units) for run in runs):
                raise RuntimeError(f"two sweeps over {size} with {number} due did not cost the same")
            yield Cell(size, number, calls, units, Spread.of(run.own_seconds for run in runs))


def _once(stock: Stock, due: int) -> Meter:
    stock.add_due(due)
    swept = sweep(stock.table, FREE)
    stock.remove_due()
    if swept.report.total() != due:
        raise RuntimeError(f"{due} were due, and the sweep found {dict(swept.report)}")
    return swept.meter


def of_each_matter() -> dict[str, Meter]:
    """Return the cost that one due generation adds to a sweep, by the reaction to it."""
    stock = Stock(FakeTable(lambda: 0.0))
    stock.fill(1_000)
    idle, found = _once(stock, 0), {}
    for matter in MATTERS:
        stock.add_due(1, (matter,))
        meter = sweep(stock.table, FREE).meter
        stock.remove_due()
        meter.calls.subtract(idle.calls)
        meter.units.subtract(idle.units)
        found[str(matter)] = meter
    return found


@dataclass(frozen=True, slots=True)
class Catching:
    """How a backlog of due generations was worked off, sweep by sweep; seconds are from the first one's begin."""

    sweeps: int
    seconds: float
    in_the_first: int


def catch_up(due: int, pace: Pace, *, one_by_one: bool = False) -> Catching:
    """Sweep every minute, for as long as the function may, until nothing of the first backlog is left.

    Every deadline passed while a worker held the generation: each is ended, and none comes again.
    """
    stock = Stock(FakeTable(lambda: 0.0))
    stock.add_due(due, (RescueOutcome.EXPIRED,))
    sweeps = in_the_first = 0
    while True:
        begins_at = sweeps * _INTERVAL_SECONDS
        last = sweep(stock.table, pace, seconds=FUNCTION_SECONDS, begins_at=begins_at, one_by_one=one_by_one)
        sweeps += 1
        in_the_first = in_the_first or last.report[RescueOutcome.EXPIRED]
        if not last.report["out_of_time"]:
            return Catching(sweeps, begins_at + last.seconds, in_the_first)


def rescues_a_second(pace: Pace) -> float:
    """How many lost workers and messages a sweep makes good in a second."""
    stock = Stock(FakeTable(lambda: 0.0))
    stock.add_due(1_000, (RescueOutcome.GIVEN_BACK, RescueOutcome.SENT_AGAIN))
    return 1_000 / sweep(stock.table, pace).seconds
