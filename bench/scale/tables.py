"""The report's tables, from measurements and simulations. Measures nothing."""

from collections.abc import Mapping, Sequence

from bench.report import Spread, Table
from bench.scale import quotas
from bench.scale.cells import Catching, Cell
from bench.scale.life import Cost
from bench.scale.outcome import Figures
from bench.scale.wire import Meter, Pace

Runs = Mapping[str, Sequence[Figures]]
KINDS = ("read", "index read", "write", "index write")


def of_cells(cells: Sequence[Cell]) -> Table:
    rows = [
        (
            f"{cell.table:,}",
            f"{cell.due:,}",
            f"{cell.calls:,}",
            *(f"{cell.units[kind]:,.1f}" for kind in KINDS),
            Spread(1e3 * cell.own.median, 1e3 * cell.own.low, 1e3 * cell.own.high, cell.own.runs).text(1),
        )
        for cell in cells
    ]
    columns = ("generations", "due", "calls", *(f"{kind} units" for kind in KINDS), "CPU between calls, ms")
    notes = (
        "One sweep of the real sweeper. As many lost messages are due as lost workers, fresh leases and deadlines.",
        "Calls and units were the same in every run. CPU: ours alone, without boto3; 5 runs, of 10,000 due 3.",
    )
    return Table("One sweep, by size of the table and number due", columns, rows, notes)


def of_matters(matters: Mapping[str, Meter]) -> Table:
    rows = [
        (matter, f"{meter.calls.total()}", *(f"{meter.units[kind]:g}" for kind in KINDS))
        for matter, meter in matters.items()
    ]
    return Table("What one due generation adds", ("what is done", "calls", *(f"{kind} units" for kind in KINDS)), rows)


def of_backlogs(found: Sequence[tuple[str, Pace, Catching]]) -> Table:
    rows = [
        (
            how,
            f"{pace.dynamodb_seconds * 1000:g}",
            f"{pace.cpu_seconds * 1000:g}",
            f"{one.in_the_first:,}",
            f"{one.sweeps}",
            f"{one.seconds:,.0f}",
        )
        for how, pace, one in found
    ]
    columns = ("shards", "a call, ms", "its CPU, ms", "in the first sweep", "sweeps", "until the last, s")
    notes = ("In virtual time. A sweep takes up nothing new after 50 s, and the next begins at the next minute.",)
    return Table("10,000 past their deadline: until all are ended", columns, rows, notes)


def of_life(acts: Mapping[str, Cost]) -> Table:
    rows = [
        (name, f"{one.calls}", f"{one.write:g}", f"{one.index_write:g}", f"{one.read:g}") for name, one in acts.items()
    ]
    return Table(
        "Units of one flashcards generation", ("act", "calls", "write units", "of the index", "read units"), rows
    )


_OWNERS = ("accepted", "put off", "wait median s", "wait 95 % s", "wait longest s", "failed %", "messages a generation")
_RESCUES = ("lost", "rescued", "rescued median s", "rescued last s", "taken over last s", "most due", "longest sweep s")
_LAST = "last end after its deadline s"
_SERVICES = (
    *("api %", "account %", "source %", "source full s", "alone full s", "in flight %", "writes %", "reads %"),
    *("index %", "sweeper %"),
)
_SHAPE = ("invocations", "batch", "write units a generation")


def of_runs(runs: Runs, prefix: str = "") -> list[Table]:
    """One table for each question; a figure is the median of the seeds, between the least and the greatest."""
    hurt = {plan: found for plan, found in runs.items() if any(one["lost"] for one in found)}
    seen = _table(f"{prefix}What owners see", (*_OWNERS, *_SHAPE), runs, ("Waiting is from the 202 to the claim.",))
    rescued = _table(
        f"{prefix}After a tenth of the workers died at once",
        (*_RESCUES, _LAST),
        hurt,
        ("Seconds are from the death. Nobody polls what was lost. A poll would rescue it within a second.",),
    )
    used = _table(
        f"{prefix}The greatest use of each, in percent of what there is",
        _SERVICES,
        runs,
        ("`full` is for how many seconds all invocations of a queue's source ran while messages waited.",),
    )
    return [seen, rescued, used] if hurt else [seen, used]


def _table(title: str, figures: Sequence[str], runs: Runs, notes: Sequence[str]) -> Table:
    rows = [(figure, *(_spread([one[figure] for one in found]) for found in runs.values())) for figure in figures]
    return Table(title, ("", *runs), rows, notes)


def _spread(samples: Sequence[float]) -> str:
    spread = Spread.of(samples)
    digits = 0 if spread.high >= 100 or all(sample == int(sample) for sample in samples) else 1
    text = f"{spread.median:,.{digits}f}"
    span = f"{spread.low:,.{digits}f} to {spread.high:,.{digits}f}"
    return text if f"{spread.low:,.{digits}f}" == f"{spread.high:,.{digits}f}" else f"{text} ({span})"


def of_quotas() -> Table:
    rows = [(one.what, f"{one.value:,.0f}", one.unit, one.raised, one.source) for one in quotas.ALL]
    return Table(f"AWS's quotas, as read on {quotas.READ_ON}", ("quota", "value", "unit", "raised?", "source"), rows)
