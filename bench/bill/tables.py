"""The tables of the bill: what was counted, what it costs, and what the alternatives would."""

from collections.abc import Iterable, Mapping, Sequence

from bench.bill.groups import SIDE_BY_SIDE, TIMES, Counted
from bench.bill.pool import Shared
from bench.bill.probing import Beyond
from bench.report import Table
from operations.alternatives import Alternative
from operations.cost import Bill, Counts
from operations.prices import Prices

Key = tuple[str, float, int]
"""Kind, mean seconds of model time, generations side by side."""
COLUMNS = tuple((seconds, side_by_side) for seconds in TIMES for side_by_side in (1, SIDE_BY_SIDE))
_HEADINGS = tuple(f"{seconds:g} s, {'alone' if count == 1 else f'{count} together'}" for seconds, count in COLUMNS)


def by_service(kind: str, bills: Mapping[Key, Bill]) -> Table:
    """The first table to read: the cost of a million, by purpose."""
    shown = [bills[kind, *column] for column in COLUMNS]
    services = [name for name in shown[0].made if any(bill.made[name] > 0.005 for bill in shown)]
    rows = [(name, *(f"{bill.made[name]:.2f}" for bill in shown)) for name in services]
    rows.append(("to make them", *(f"{bill.made_usd:.2f}" for bill in shown)))
    kept = [name for name in shown[0].kept if any(bill.kept[name] > 0.005 for bill in shown)]
    rows += [(name, *(f"{bill.kept[name]:.2f}" for bill in shown)) for name in kept]
    rows.append(("in all", *(f"{bill.usd:.2f}" for bill in shown)))
    notes = (
        "Model time is the mean; durations are log-normal, sigma 0.5. Without tokens, free tiers and taxes.",
        "Storage is for 30 days, with point-in-time recovery; transfer is what browsers are sent.",
    )
    return Table(f"A million {kind} generations, US dollars", ("charged for", *_HEADINGS), rows, notes)


def by_kind(bills: Mapping[Key, Bill]) -> Table:
    kinds = list(dict.fromkeys(kind for kind, _, _ in bills))
    rows = [(kind, *(f"{bills[kind, *column].made_usd:.2f}" for column in COLUMNS)) for kind in kinds]
    return Table("A million generations of each kind, to make them, US dollars", ("kind", *_HEADINGS), rows)


def beside(ours: Mapping[Key, Bill], others: Mapping[float, Sequence[Alternative]], memory_mb: int) -> Table:
    rows = [
        (
            f"Unstuck, {SIDE_BY_SIDE} together",
            *(f"{ours['flashcards', at, SIDE_BY_SIDE].made_usd:.0f}" for at in TIMES),
        ),
        ("Unstuck, alone", *(f"{ours['flashcards', at, 1].made_usd:.0f}" for at in TIMES)),
    ]
    names = [each.name for each in others[TIMES[0]]]
    rows += [(name, *(f"{others[at][place].usd:.0f}" for at in TIMES)) for place, name in enumerate(names)]
    notes = [f"{each.name}: {each.formula}. {each.source}" for each in others[TIMES[-1]]]
    notes.append(f"Every function that waits has {memory_mb} MB. Those beside us wait alone: nothing of theirs shares.")
    return Table(
        "A million flashcards generations beside other ways, US dollars",
        ("", *(f"{at:g} s" for at in TIMES)),
        rows,
        notes,
    )


def counts(found: Iterable[Counted]) -> Table:
    rows = [
        (
            each.kind,
            f"{each.mean_seconds:g}",
            f"{each.side_by_side}",
            f"{each.generations}",
            f"{each.write_units:.1f}",
            f"{each.index_units:.0f}",
            f"{each.read_units:.1f}",
            f"{each.polls:.1f}",
            f"{each.object_writes:.0f}",
            f"{each.worker_log_bytes:,.0f}",
            f"{each.sent_bytes:,.0f}",
            f"{each.kept_bytes:,.0f}",
            f"{each.jobs:.1f}" if each.side_by_side > 1 else "-",
        )
        for each in found
    ]
    columns = (
        "kind",
        "s",
        "together",
        "runs",
        "writes",
        "of index",
        "reads",
        "polls",
        "puts",
        "log, B",
        "sent, B",
        "kept, B",
    )
    notes = (
        "Writes and reads are units. The log is the worker's own lines.",
        "share: how many shared a second that the worker was billed here, cold starts on a busy machine included.",
    )
    return Table("Counted, a generation on average", (*columns, "share"), rows, notes)


def against_the_model(measured: Counts, expected: Counts) -> Table:
    names = [name for name in Counts.__dataclass_fields__ if getattr(measured, name) or getattr(expected, name)]
    rows = [
        (name.replace("_", " "), _figure(getattr(measured, name)), _figure(getattr(expected, name))) for name in names
    ]
    return Table(
        "Flashcards, 30 s, 10 together: counted, and what `unstuck cost` expects", ("", "counted", "expected"), rows
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def beyond(found: Beyond) -> Table:
    rows = [
        ("a whole processor", found.whole.text()),
        (f"the share of {found.memory_mb} MB", found.shared.text()),
    ]
    notes = (f"The worker's memory at its peak, all of these batches through: {found.peak_memory_mb:.0f} MB.",)
    return Table("Seconds billed beyond the model's, ten together", ("with", "median (least to most)"), rows, notes)


def pools(batches: Shared, found: Mapping[float, Shared], usd: Mapping[float, float]) -> Table:
    rows = [
        (
            "as it is",
            f"{batches.jobs:.1f}",
            f"{batches.mean_seconds:.0f}",
            f"{batches.longest_seconds:.0f}",
            f"{usd[0]:.2f}",
        )
    ]
    rows += [
        (
            f"refilled for {after:.0f} s",
            f"{each.jobs:.1f}",
            f"{each.mean_seconds:.0f}",
            f"{each.longest_seconds:.0f}",
            f"{usd[after]:.2f}",
        )
        for after, each in found.items()
    ]
    columns = ("ten slots", "share a second", "mean, s", "longest, s", "a million, USD")
    return Table("A pool that refills itself, simulated: 30 s, the queue never empty", columns, rows)


def standing(found: Mapping[str, float]) -> Table:
    rows = [(name, f"{usd:.2f}") for name, usd in found.items() if usd]
    rows.append(("in all", f"{sum(found.values()):.2f}"))
    return Table("A month in which nobody uses it, US dollars", ("", "USD"), rows)


def prices(table: Prices) -> Table:
    rows = [
        (f"{price.unit} ({name})", f"{price.usd:g} for {price.per:,.0f}", price.as_of) for name, price in table.items()
    ]
    notes = sorted({price.source for price in table.values()})
    return Table("Prices, us-east-1, first tier", ("unit", "USD", "as of"), rows, notes)
