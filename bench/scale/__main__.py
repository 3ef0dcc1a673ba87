"""How far it scales. The sweeper over tables of 10^3 to 10^6 generations, then the whole under AWS's quotas.

Counts are exact and virtual time is the same in every run; only the CPU times are this machine's.
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any

from bench.report import Goal, Report, Spread, Table, run
from bench.scale import tables
from bench.scale.cells import TABLES, Catching, Cell, catch_up, cells, of_each_matter, rescues_a_second
from bench.scale.life import costs
from bench.scale.outcome import Figures, outcome
from bench.scale.plan import PLANS, STEPS, Measured
from bench.scale.processor import cpu_of_a_sweep
from bench.scale.wire import Pace

SEEDS = range(1, 6)
_PROCESSES = 2
BY_DEFAULT = Pace(0.0075, 0.0075, 0.0015)
"""A call of DynamoDB's or SQS's takes 5 to 10 ms, and 1.5 ms of the 0.58 processors that come with 1,024 MB."""
ONE_PROCESSOR = Pace(0.0075, 0.0075, 0.0009)
"""The same with 1,769 MB, a whole processor."""
_PACES = (("at once", Pace(0.005, 0.005, 0.0015)), ("at once", BY_DEFAULT), ("at once", Pace(0.01, 0.01, 0.0015)))


def measure() -> Report:
    simulated = _simulate(Measured(costs(), rescues_a_second(BY_DEFAULT)))
    found, matters, backlogs = list(cells()), of_each_matter(), _backlogs()
    cpu = [cpu_of_a_sweep(200) for _ in range(5)]
    by_plan = {plan.name: simulated[plan.name] for plan in PLANS}
    by_step = {plan.name: simulated[plan.name] for plan in STEPS}
    made = [
        tables.of_cells(found),
        tables.of_matters(matters),
        tables.of_backlogs(backlogs),
        _of_cpu(cpu),
        tables.of_life(costs()),
        *tables.of_runs(by_plan),
        *tables.of_runs(by_step, "Steps: "),
        tables.of_quotas(),
    ]
    figures: dict[str, Any] = {
        "cells": [asdict(cell) for cell in found],
        "matters": {name: {"calls": dict(meter.calls), "units": dict(meter.units)} for name, meter in matters.items()},
        "backlogs": [{"shards": how, "pace": asdict(pace), **asdict(one)} for how, pace, one in backlogs],
        "cpu": [{"seconds": seconds, "calls": calls} for seconds, calls in cpu],
        "plans": {plan.name: {"set": asdict(plan), "runs": simulated[plan.name]} for plan in (*PLANS, *STEPS)},
    }
    return Report("scale", "How far it scales", made, figures, _goals(found, backlogs, by_plan))


def _simulate(measured: Measured) -> dict[str, list[Figures]]:
    plans = (*PLANS, *STEPS)
    with ProcessPoolExecutor(_PROCESSES) as pool:
        runs = {plan.name: [pool.submit(outcome, plan, measured, seed) for seed in SEEDS] for plan in plans}
        return {name: [one.result() for one in of_seeds] for name, of_seeds in runs.items()}


def _backlogs() -> list[tuple[str, Pace, Catching]]:
    slow = [("one by one", BY_DEFAULT, catch_up(10_000, BY_DEFAULT, one_by_one=True))]
    fast = [(how, pace, catch_up(10_000, pace)) for how, pace in (*_PACES, ("at once", ONE_PROCESSOR))]
    return slow + fast


def _of_cpu(runs: Sequence[tuple[float, int]]) -> Table:
    rows = [
        ("a call", Spread.of(1_000 * seconds / calls for seconds, calls in runs).text()),
        ("a due generation", Spread.of(1_000 * seconds / 200 for seconds, _calls in runs).text()),
    ]
    notes = ("200 due, five runs; all of botocore but the socket and TLS. The paces above assume more.",)
    return Table("CPU of a sweep with boto3's real clients on this machine, ms", ("for", "ms"), rows, notes)


def _goals(found: Sequence[Cell], backlogs: Sequence[tuple[str, Pace, Catching]], runs: tables.Runs) -> list[Goal]:
    counted = {(cell.table, cell.due): (cell.calls, cell.units) for cell in found}
    same = all(counted[size, cell.due] == counted[TABLES[0], cell.due] for cell in found for size in TABLES)
    by_due = ", ".join(f"{cell.calls:,} calls with {cell.due:,} due" for cell in found if cell.table == TABLES[0])
    last = next(one for how, pace, one in backlogs if how == "at once" and pace == BY_DEFAULT)
    failed = max(one["failed %"] for name, of in runs.items() if "set for it" in name for one in of)
    return [
        Goal("a sweep's calls and units follow the due, not the table", f"the same for 10^3 to 10^6; {by_due}", same),
        Goal("10,000 due are ended within two sweeps", f"{last.sweeps}, {last.seconds:.0f} s", last.sweeps <= 2),
        Goal("set for it, nothing fails at 1,000 and 100,000 a minute", f"{failed:.1f} % at most", failed == 0),
    ]


if __name__ == "__main__":
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"  # tens of thousands of generations end here, each with its line
    sys.exit(run(measure, __doc__ or ""))
