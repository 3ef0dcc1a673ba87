"""Makes tables of the measurements, and says what was saturated when more clients brought no more."""

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.report import Report, Spread, Table
from bench.throughput.event_loop import Shares
from bench.throughput.processors import CEILING, EMULATOR, FUNCTIONS, LOAD, MODEL, OTHERS

FULL = 0.85
"""The share of one processor: an interpreter that uses this much is at its limit. And the share of all: the machine is
at its limit."""
NEVER_IDLE, AT_EASE = 0.1, 0.5
"""The share of the time. An event loop that waits less for events is full, if it waited longer with one client."""
_ENOUGH = 0.8
"""The share of the best rate. It saturates at the fewest clients that reach it, because twice as many bring little
more."""


@dataclass(frozen=True)
class Sample:
    """One stretch of load. `processor_seconds` are by role, over the whole of it."""

    load: str
    clients: int
    seconds: float
    requests: int
    latency_seconds: float
    processor_seconds: Mapping[str, float]
    function_processes: int
    event_loop: Shares

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def processors(self, role: str) -> float:
        """Return how many processors the role kept busy, on average."""
        return self.processor_seconds[role] / self.seconds

    def milliseconds(self, role: str) -> float:
        """Return the processor time that the role took for each request."""
        return 1000 * self.processor_seconds[role] / self.requests


@dataclass(frozen=True)
class Curve:
    """All stretches of one kind of load."""

    samples: Sequence[Sample]

    def at(self, clients: int) -> list[Sample]:
        return [sample for sample in self.samples if sample.clients == clients]

    def rate(self, clients: int) -> Spread:
        return Spread.of(sample.per_second for sample in self.at(clients))

    @property
    def widths(self) -> list[int]:
        return sorted({sample.clients for sample in self.samples})

    @property
    def saturated_at(self) -> int | None:
        """The fewest clients that reach eight tenths of the best; None when only the most do."""
        best = max(self.rate(clients).median for clients in self.widths)
        fewest = next(clients for clients in self.widths if self.rate(clients).median >= _ENOUGH * best)
        return fewest if fewest < self.widths[-1] else None

    @property
    def widest(self) -> list[Sample]:
        return self.at(self.widths[-1])

    def processors(self, role: str) -> Spread:
        return Spread.of(sample.processors(role) for sample in self.widest)

    def milliseconds(self, role: str) -> Spread:
        return Spread.of(sample.milliseconds(role) for sample in self.widest)

    def loop_idle(self, clients: int) -> Spread:
        return Spread.of(sample.event_loop.idle for sample in self.at(clients))


def report_of(samples: Sequence[Sample], *, ceiling: str, processors: int | None = None) -> Report:
    """Return the tables, and their samples. `ceiling` is the load without any of our code."""
    processors = processors or os.cpu_count() or 1
    curves = {name: Curve([each for each in samples if each.load == name]) for name in _order(samples)}
    return Report(
        name="throughput",
        title="Throughput of the local stack, requests or generations a second",
        tables=[_rates(curves, ceiling), _use(curves, processors), _loop(curves), _for_each(curves)],
        figures={
            "samples": [asdict(sample) for sample in samples],
            "full": {name: what_is_full(curve, processors) for name, curve in curves.items()},
        },
    )


def what_is_full(curve: Curve, processors: int) -> str:
    """Say what limited the largest number of clients, from the use of each part meanwhile."""
    used = {role: curve.processors(role).median for role in (EMULATOR, FUNCTIONS, CEILING, MODEL, LOAD, OTHERS)}
    most = max(used, key=lambda role: used[role])
    if used[EMULATOR] >= FULL:
        return "the emulator's one interpreter"
    if sum(used.values()) >= FULL * processors:
        return f"all processors, {most} most"
    if curve.loop_idle(curve.widths[-1]).median < NEVER_IDLE and curve.loop_idle(curve.widths[0]).median > AT_EASE:
        return "the emulator's event loop"
    return "nothing yet" if curve.saturated_at is None else f"waits: no processor is used up, {most} most"


def _order(samples: Sequence[Sample]) -> list[str]:
    return list(dict.fromkeys(sample.load for sample in samples))


def _rates(curves: Mapping[str, Curve], ceiling: str) -> Table:
    widths = next(iter(curves.values())).widths
    top = {name: max(curve.rate(width).median for width in widths) for name, curve in curves.items()}
    rows = [
        [
            name,
            *(curve.rate(width).text(1) for width in widths),
            f"{top[name] / top[ceiling]:.2f}",
            f"{1000 * statistics.median(each.latency_seconds for each in curve.at(1)):,.0f}",
        ]
        for name, curve in curves.items()
    ]
    columns = ["a second, by", *(f"{width} client{'s' if width > 1 else ''}" for width in widths)]
    notes = (
        f"Median (least to greatest) of {len(next(iter(curves.values())).at(widths[0]))} stretches, interleaved.",
        "create to end: one client creates a generation and polls every 0.25 s until it has succeeded.",
        "create: the queue delivers nothing meanwhile.",
        "ms, alone: one request of one client. The emulator waits for up to 50 ms for what a function may still log.",
    )
    return Table("What it does", [*columns, "of one-line", "ms, alone"], rows, notes)


def _use(curves: Mapping[str, Curve], processors: int) -> Table:
    rows = [
        [
            name,
            *(curve.processors(role).text() for role in (EMULATOR, FUNCTIONS, CEILING, MODEL, LOAD, OTHERS)),
            f"{max(sample.function_processes for sample in curve.widest)}",
            f"{curve.saturated_at or '-'}",
            what_is_full(curve, processors),
        ]
        for name, curve in curves.items()
    ]
    columns = ["processors in use", EMULATOR, FUNCTIONS, CEILING, MODEL, LOAD, OTHERS, "processes", "full from", "what"]
    notes = (
        f"By the most clients, on {processors} processors. processes: of our functions. full from: clients.",
        "others: whatever else the machine was doing.",
    )
    return Table("What is full", columns, rows, notes)


def _loop(curves: Mapping[str, Curve]) -> Table:
    rows = []
    for name, curve in curves.items():
        widest = [sample.event_loop for sample in curve.widest]
        rows.append(
            [
                name,
                *(curve.loop_idle(width).text() for width in curve.widths),
                Spread.of(each.running for each in widest).text(),
                Spread.of(each.queued for each in widest).text(),
                Spread.of(each.locked for each in widest).text(),
            ]
        )
    idle = (f"idle by {width}" for width in next(iter(curves.values())).widths)
    notes = (
        "Shares of the time. idle: it waits for an event, by so many clients. The rest is by the most clients.",
        "running: on a processor. queued: it waits for one. locked: it waits for the interpreter.",
    )
    return Table("The emulator's event loop", ["one thread", *idle, "running", "queued", "locked"], rows, notes)


def _for_each(curves: Mapping[str, Curve]) -> Table:
    rows = []
    for name, curve in curves.items():
        ours, emulator = curve.milliseconds(FUNCTIONS), curve.milliseconds(EMULATOR)
        share = Spread.of(
            each.processor_seconds[EMULATOR]
            / sum(each.processor_seconds[role] for role in (EMULATOR, FUNCTIONS, CEILING))
            for each in curve.widest
        )
        alone = f"{1000 / ours.median:,.0f}" if ours.median >= 0.1 else "-"
        rows.append([name, emulator.text(1), ours.text(1), curve.milliseconds(MODEL).text(1), share.text(), alone])
    columns = ["ms of processor for each", EMULATOR, FUNCTIONS, MODEL, "emulator's share", "functions alone"]
    notes = (
        "By the most clients. emulator's share: of its and the functions' time together.",
        "functions alone: how many a second one processor would do that had nothing but our functions to run.",
    )
    return Table("What each takes", columns, rows, notes)
