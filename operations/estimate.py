"""`cost`: estimates the cost of a deployment for a user's own figures, per generation and per month. Calls no AWS."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from operations import idle_cost
from operations import prices as published
from operations.alternatives import Alternative, alternatives
from operations.cost import METERS, Bill, Counts, bill
from operations.exposure import as_text as abuse_as_text
from operations.exposure import exposures
from operations.prices import Prices
from operations.workload import Workload, expected
from shared import kinds

DEFAULTS = Workload()
_UNITS = {
    "worker_gb_seconds": "GB-s",
    "http_gb_seconds": "GB-s",
    "invocations": "requests",
    "write_units": "units",
    "read_units": "units",
    "api_calls": "calls",
    "queue_requests": "requests",
    "key_calls": "requests",
    "object_writes": "puts",
    "object_reads": "gets",
    "log_bytes": "bytes",
    "kept_bytes": "bytes",
    "object_bytes": "bytes",
    "sent_bytes": "bytes",
    "push_gb_seconds": "GB-s",
    "socket_messages": "messages",
    "socket_minutes": "minutes",
    "stream_reads": "reads",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of `generations` a month, in US dollars. `standing` is the cost without any use."""

    workload: Workload
    generations: int
    counts: Counts
    month: Bill
    million: Bill
    standing: dict[str, float]
    alternatives: list[Alternative]

    @property
    def month_usd(self) -> float:
        return self.month.usd + sum(self.standing.values())


def estimate(workload: Workload, generations: int, prices: Prices) -> Estimate:
    counts = expected(workload)
    return Estimate(
        workload,
        generations,
        counts,
        bill(counts, prices, generations),
        bill(counts, prices),
        dict(idle_cost.monthly(idle_cost.of_template(), prices, workload.http_memory)),
        list(alternatives(workload, prices)),
    )


def run(given: argparse.Namespace) -> int:
    """Run the command. Raises PricesError."""
    if given.abuse:
        harm = exposures(published.read(given.prices))
        shown = [{"call": each.call.what, "token": each.call.token, "a_second": each.rate,
                  "usd_a_million": each.usd_a_million, "usd_a_day": each.usd_a_day} for each in harm]  # fmt: skip
        print(json.dumps(shown, indent=2) if given.json else "\n".join(abuse_as_text(harm)))
        return 0
    own = {name: getattr(given, name) for name in Workload.__dataclass_fields__}
    found = estimate(Workload(**own), given.generations, published.read(given.prices))
    print(json.dumps(as_json(found), indent=2) if given.json else "\n".join(as_text(found)))
    return 0


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kind", choices=kinds.names(), default=DEFAULTS.kind, help="the kind (flashcards)")
    command.add_argument("--calls", type=_whole, help="model calls of one generation, for a kind of your own (1)")
    command.add_argument("--generations", type=_whole, default=100_000, help="generations per month (100,000)")
    command.add_argument(
        "--model-seconds",
        type=_number,
        default=DEFAULTS.model_seconds,
        help="average model time of a generation in seconds, over all of its calls (30)",
    )
    command.add_argument(
        "--sigma",
        type=_number,
        default=DEFAULTS.sigma,
        help="spread of the model time: sigma of its logarithm (0.5); 0: none",
    )
    command.add_argument(
        "--side-by-side", type=_whole, default=DEFAULTS.side_by_side, help="generations that share one invocation (10)"
    )
    command.add_argument("--polls", type=_number, help="polls of one generation (as many as Retry-After leads to)")
    command.add_argument(
        "--worker-memory", type=_whole, default=DEFAULTS.worker_memory, help="ProcessMemorySize in MB (256)"
    )
    command.add_argument(
        "--memory", dest="http_memory", type=_whole, default=DEFAULTS.http_memory, help="MemorySize in MB (1024)"
    )
    command.add_argument(
        "--status-memory", type=_whole, default=DEFAULTS.status_memory, help="StatusMemorySize in MB (512)"
    )
    command.add_argument(
        "--heartbeat-seconds", type=_whole, default=DEFAULTS.heartbeat_seconds, help="HeartbeatSeconds (10)"
    )
    command.add_argument(
        "--longest-poll-seconds", type=_seconds, default=DEFAULTS.longest_poll_seconds, help="LongestPollSeconds (2)"
    )
    command.add_argument(
        "--own-keys",
        type=_part,
        default=DEFAULTS.own_keys,
        help="share of generations with a user's own key, 0 to 1 (0)",
    )
    command.add_argument(
        "--live", type=_number, help="the owner's open pages while one runs, with Live=enabled; 0: enabled, but no page"
    )
    command.add_argument(
        "--prices", type=Path, default=published.PUBLISHED, help="a price table other than us-east-1's"
    )
    command.add_argument(
        "--abuse", action="store_true", help="what one caller can cost per day, with and without a token"
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def as_text(found: Estimate) -> Iterator[str]:
    work = found.workload
    together = "alone" if work.side_by_side == 1 else f"{work.side_by_side} side by side"
    yield f"{found.generations:,} {work.kind} generations a month, {work.model_seconds:g} s of model time each,"
    yield f"{together}, {work.polls_each:.1f} polls each. US dollars, without tokens, free tiers and taxes.\n"
    yield f"{'':24}{'a generation':>20}{'a million':>12}{'a month':>12}"
    for service in found.million.made:
        yield from _line(found, service, found.million.made[service], found.month.made[service])
    yield _sum("to make", found.million.made_usd, found.month.made_usd)
    for service in found.million.kept:
        yield from _line(found, service, found.million.kept[service], found.month.kept[service])
    yield _sum("with storing, sending", found.million.usd, found.month.usd)
    for name, usd in found.standing.items():
        if usd:
            yield f"{name:24}{'':20}{'':12}{usd:12,.2f}"
    yield f"{'in all':24}{'':20}{'':12}{found.month_usd:12,.2f}\n"
    yield "A million generations compared with other AWS services, without storing and sending:"
    yield f"  {found.million.made_usd:10,.2f}  Unstuck"
    for other in found.alternatives:
        yield f"  {other.usd:10,.2f}  {other.name}: {other.formula}"


def _line(found: Estimate, service: str, million: float, month: float) -> Iterator[str]:
    if not million:
        return
    uses = [(name, getattr(found.counts, name)) for name, meter in METERS.items() if meter.service == service]
    shown = ", ".join(f"{_figure(count)} {_UNITS[name]}" for name, count in uses if count)
    yield f"{service:24}{shown:>20}{million:12,.2f}{month:12,.2f}"


def _sum(name: str, million: float, month: float) -> str:
    return f"{name:24}{'':20}{million:12,.2f}{month:12,.2f}\n"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def as_json(found: Estimate) -> dict[str, Any]:
    return {
        "workload": asdict(found.workload) | {"polls": found.workload.polls_each},
        "generations": found.generations,
        "a_generation": asdict(found.counts),
        "usd_a_million": asdict(found.million) | {"made_usd": found.million.made_usd, "usd": found.million.usd},
        "usd_a_month": asdict(found.month) | {"standing": found.standing, "usd": found.month_usd},
        "alternatives_usd_a_million": [asdict(each) for each in found.alternatives],
    }


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return number


def _seconds(text: str) -> float:
    number = _number(text)
    if not 1 <= number <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 60")
    return number


def _part(text: str) -> float:
    number = _number(text)
    if number > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return number
