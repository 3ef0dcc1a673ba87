"""The cost of a million generations on AWS: counted on the local stack, with published prices, beside other designs.

Takes about five minutes, because models' times overlap. `operations/cost.py` is the model that it fills.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from bench.bill import logs, pool, tables
from bench.bill.groups import SIDE_BY_SIDE, TIMES, Counted, count, run
from bench.bill.load import Browser
from bench.bill.meter import Meter
from bench.bill.probing import Beyond, PerCall, beyond_the_model, per_call
from bench.report import Goal, Report
from bench.report import run as run_bench
from local.stack import LocalStack, StackOptions
from operations import footprint, idle_cost, prices
from operations.alternatives import alternatives
from operations.cost import Bill, Counts, bill
from operations.footprint import http_seconds
from operations.workload import Workload, expected, polled

TABS = 400
REFILLS = (150.0, 240.0, 600.0, 840.0)
SPACIOUS = {"MaximumConcurrency": "50", "Live": "disabled"}
"""Beside the template's defaults: this many invocations wait for their models here at the same time. `unstuck cost`
gives the extra cost of live pages."""

WARM = {"create": 3, "status": 6}
"""Processes that stay up. With fewer, the pages wait for each other and poll less than their hints say."""


@dataclass(frozen=True, slots=True)
class Measured:
    groups: Sequence[Counted]
    calls: PerCall
    beyond: Beyond
    http_log_bytes: Mapping[str, float]
    """The writes of `create` and `status` themselves, per call."""


def measure() -> Report:
    workload = Workload()
    found = _on_a_stack(workload)
    table = prices.read()
    made = {(one.kind, one.mean_seconds, one.side_by_side): _priced(one, found, workload) for one in found.groups}
    bills = {key: bill(counts, table) for key, counts in made.items()}
    others = {at: list(alternatives(Workload(model_seconds=at), table)) for at in TIMES}
    refilled = {after: pool.pool(workload.durations, SIDE_BY_SIDE, after) for after in REFILLS}
    batches = pool.batches(workload.durations, SIDE_BY_SIDE)
    counts, ours = made["flashcards", 30.0, SIDE_BY_SIDE], bills["flashcards", 30.0, SIDE_BY_SIDE]
    waiting = ours.made["Lambda, workers"]
    usd = {0.0: ours.made_usd} | {
        after: ours.made_usd - waiting * (1 - batches.jobs / each.jobs) for after, each in refilled.items()
    }
    idle = idle_cost.monthly(idle_cost.of_template(), table, workload.http_memory)
    return Report(
        "bill",
        "The bill",
        [
            tables.by_service("flashcards", bills),
            tables.by_kind(bills),
            tables.beside(bills, others, workload.worker_memory),
            tables.standing(idle),
            tables.pools(batches, refilled, usd),
            tables.counts(found.groups),
            tables.against_the_model(counts, expected(workload)),
            tables.beyond(found.beyond),
            tables.prices(table),
        ],
        {
            "measured": asdict(found),
            "counts": {_name(key): asdict(each) for key, each in made.items()},
            "usd_a_million": {_name(key): asdict(each) for key, each in bills.items()},
            "alternatives": {f"{at:g}": [asdict(each) for each in others[at]] for at in TIMES},
            "pool": {"as it is": asdict(batches)} | {f"{after:.0f}": asdict(each) for after, each in refilled.items()},
            "idle_month_usd": dict(idle),
        },
        _goals(found, ours, bill(_polled_less(counts, found, workload), table)),
    )


def _name(key: tuple[str, float, int]) -> str:
    return f"{key[0]} {key[1]:g} s {key[2]}"


def _on_a_stack(workload: Workload) -> Measured:
    with LocalStack(StackOptions(parameters=SPACIOUS, warm=WARM)) as stack, Meter(stack).on() as meter:
        browser = Browser(stack, TABS)
        try:
            calls = per_call(stack, browser, WARM)
            beyond = beyond_the_model(stack, browser, workload.worker_memory)
            groups = run(stack, browser, meter)
            worked = logs.invocations(stack, "process")
            own = {name: _own_bytes(stack, name) for name in ("create", "status")}
            return Measured([count(stack, meter, group, worked) for group in groups], calls, beyond, own)
        finally:
            browser.close()


def _own_bytes(stack: LocalStack, function: str) -> float:
    found = logs.invocations(stack, function)
    return sum(one.own_bytes for one in found) / len(found)


def _priced(one: Counted, found: Measured, workload: Workload) -> Counts:
    """Return what AWS counts for one of a group: what was counted, and what its functions' time is there."""
    calls = 1 + one.polls
    fills = 1 / one.side_by_side
    at = Workload(kind=one.kind, model_seconds=one.mean_seconds, side_by_side=one.side_by_side)
    seconds = at.durations.longest_of(one.side_by_side) + found.beyond.shared.median
    create = http_seconds(found.calls.create.median, footprint.CREATE_AWS_CALLS, workload.http_memory)
    poll = http_seconds(found.calls.poll.median, footprint.POLL_AWS_CALLS, workload.status_memory)
    logged = {name: logs.logged_by_lambda(name) for name in ("create", "status", "process")}
    return Counts(
        write_units=one.write_units,
        read_units=one.read_units,
        queue_requests=one.sends + 2 * fills,
        api_calls=calls,
        invocations=calls + fills,
        worker_gb_seconds=seconds * fills * workload.worker_memory / 1024,
        http_gb_seconds=(create * workload.http_memory + one.polls * poll * workload.status_memory) / 1024,
        log_bytes=calls * logs.access_log_bytes()
        + logged["create"]
        + found.http_log_bytes["create"]
        + one.polls * (logged["status"] + found.http_log_bytes["status"])
        + logged["process"] * fills
        + one.worker_log_bytes,
        key_calls=one.key_calls,
        object_writes=one.object_writes,
        object_reads=one.object_reads,
        sent_bytes=one.sent_bytes,
        kept_bytes=one.kept_bytes,
    )


def _polled_less(counts: Counts, found: Measured, workload: Workload) -> Counts:
    """Return the units with polls up to ten seconds apart instead of the counted ones."""
    counted = replace(workload, polls=_group(found, 30.0).polls)
    return counts + polled(counted).times(-1) + polled(replace(workload, longest_poll_seconds=10))


def _group(found: Measured, seconds: float) -> Counted:
    asked = ("flashcards", seconds, SIDE_BY_SIDE)
    return next(one for one in found.groups if (one.kind, one.mean_seconds, one.side_by_side) == asked)


def _goals(found: Measured, ours: Bill, polled_less: Bill) -> list[Goal]:
    normal, long = _group(found, 15.0), _group(found, 30.0)
    asked_for = Workload().polls_each
    logged = logs.access_log_bytes() + logs.logged_by_lambda("status") + found.http_log_bytes["status"]
    return [
        Goal(
            "a million flashcards generations at 30 s, 10 together, at most 45 USD without tokens",
            f"{ours.made_usd:.2f} USD; with 30 days' storage and transfer {ours.usd:.2f} USD",
            ours.made_usd <= 45,
        ),
        Goal(
            "the same with polls up to 10 s apart, LongestPollSeconds=10",
            f"{polled_less.made_usd:.2f} USD",
            polled_less.made_usd <= 45,
        ),
        Goal(
            "the pages poll as often as their hints ask for, within a tenth",
            f"{long.polls:.1f} of {asked_for:.1f}",
            abs(long.polls - asked_for) <= asked_for / 10,
        ),
        Goal(
            "a normal flashcards generation (15 s) at most 20 write units",
            f"{normal.usual_write_units:.0f} (median of {normal.generations}; {normal.write_units:.1f} on average), "
            f"the index's {normal.index_units:.0f} included",
            normal.usual_write_units <= 20,
        ),
        Goal("a poll at most 0.5 KB of log", f"{logged:.0f} bytes", logged <= 512),
    ]


if __name__ == "__main__":
    sys.exit(run_bench(measure, __doc__ or ""))
