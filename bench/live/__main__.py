"""How soon an open page sees a change, by push and by polling; what pushes delay and cost; who is deaf.

One local stack, at the template's own timings, and another without live connections and with long hints. Of AWS it says
nothing but what the code adds.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median

from bench.live.ends import MODEL_SECONDS, Ends, ends, polling
from bench.live.page import CHANGE_SECONDS, Page, changing
from bench.live.pushes import (
    CONNECTS,
    MADE,
    MESSAGES,
    WRITES,
    deaf,
    flashcards,
    message_delays,
    partials,
    write_to_frame,
    write_units,
)
from bench.report import Goal, Report, Spread, Table, run
from local.stack import LocalStack, StackOptions
from unstuck import Client, Polling

LIMITS = {"RateLimits": "*=10000/1", "MaxRunning": "0", "MaxDailySpendUsd": "0"}

WAYS = ("by push", "by polling, every 2 s", "by polling, by the hint, `LongestPollSeconds=60`")


@dataclass
class Found:
    """All measurements. Times are seconds."""

    idle: list[float]
    loaded: list[float]
    quiet: list[float]
    delayed: list[float]
    without: list[float]
    deaf: int
    ends: dict[str, Ends]
    partials: dict[str, tuple[int, int, int]]
    units: float
    units_without: float


def measure() -> Report:
    with LocalStack(StackOptions(parameters=LIMITS)) as stack, ExitStack() as opened:
        one, two, busy = (opened.enter_context(Page(stack)) for _ in range(3))
        client = opened.enter_context(Client(stack.api_url, stack.token(two.name)))
        ids = {page.name: page.create(0.1) for page in (one, two, busy)}
        for page in (one, two, busy):
            page.heard(ids[page.name], end=True)
        idle = write_to_frame(stack, one, ids[one.name])
        quiet = message_delays(client)
        with changing(stack, busy, ids[busy.name]), ThreadPoolExecutor(4) as pool:
            load = [pool.submit(two.create, 8) for _ in range(4)]
            loaded = write_to_frame(stack, one, ids[one.name])
            for each in load:
                two.heard(each.result(), end=True)
            delayed = message_delays(client)
        late, texts = ends(stack, opened, pushed=Client, polled=polling), partials(one)
        missed = deaf(stack, one, ids[one.name])
        units = write_units(stack, two.name, client)
    without, units_without, hinted = _without()
    return _report(Found(idle, loaded, quiet, delayed, without, missed, late | hinted, texts, units, units_without))


def _without() -> tuple[list[float], float, dict[str, Ends]]:
    """Measure the messages, the writes and the ends of a stack that has no live connections, with hints up to 60 s."""
    owner = "owner-00000000-0000-0000-0000-000000000001"
    parameters = {**LIMITS, "Live": "disabled", "LongestPollSeconds": "60"}
    with LocalStack(StackOptions(parameters=parameters)) as stack, ExitStack() as opened:
        often = Polling(at_most_seconds=0.5)
        client = opened.enter_context(Client(stack.api_url, stack.token(owner), changes=often))
        client.create_and_wait(flashcards(0.1))
        delays = message_delays(client)
        return delays, write_units(stack, owner, client), ends(stack, opened, hinted=polling)


def _report(found: Found) -> Report:
    tables = [_ends(found), _ways(found), _texts(found), _costs(found)]
    return Report("live", "Live pages", tables, asdict(found), _goals(found))


def _ms(seconds: list[float]) -> str:
    return Spread.of(each * 1000 for each in seconds).text(0)


def _ends(found: Found) -> Table:
    return Table(
        "How late an end is seen, seconds, and GETs a generation",
        ["", "late", "GETs"],
        [
            [name, Spread.of(each.late).text(), Spread.of(each.gets).text(1)]
            for name, each in zip(WAYS, found.ends.values(), strict=True)
        ],
        [
            f"{len(MODEL_SECONDS)} generations of {min(MODEL_SECONDS):g} to {max(MODEL_SECONDS):g} s each, with "
            "`create_and_wait` of the Python client.",
            "The first two in turns on one stack.",
        ],
    )


def _ways(found: Found) -> Table:
    load = f"a head changes every {CHANGE_SECONDS * 1000:.0f} ms"
    return Table(
        "A change's way to an open page, and a message's to its worker, milliseconds",
        ["", "idle", load, "Live=disabled"],
        [
            ["from the write of a head to its frame", _ms(found.idle), _ms(found.loaded), ""],
            ["from the create to the worker", _ms(found.quiet), _ms(found.delayed), _ms(found.without)],
        ],
        [
            f"{WRITES} writes, {MESSAGES} generations. The emulator polls the stream ten times a second, AWS four.",
            "Under load four more generations stream meanwhile for the first row.",
        ],
    )


def _texts(found: Found) -> Table:
    return Table(
        "Messages of a text while it is written, one page open",
        ["", "messages", "bytes in all", "largest"],
        [[kind, *(f"{figure:,}" for figure in figures)] for kind, figures in found.partials.items()],
        ["Flashcards in one call of 15 s; a story of three chapters, in four calls of 10 s."],
    )


def _costs(found: Found) -> Table:
    return Table(
        "What live connections leave as it is",
        ["", "with Live", "Live=disabled"],
        [
            ["write units of a generation, median", f"{found.units:g}", f"{found.units_without:g}"],
            [f"deaf of {CONNECTS} who connect while a head changes", f"{found.deaf}", ""],
        ],
        [f"{MADE} generations of flashcards each, with a connection open."],
    )


def _goals(found: Found) -> list[Goal]:
    push, *polls = found.ends.values()
    late, polled = median(push.late), min(median(each.late) for each in polls)
    added = median(found.delayed) - median(found.without)
    return [
        Goal(
            "a change is on an open page within a second",
            f"{max(found.idle):.2f} s at worst, idle",
            max(found.idle) < 1,
        ),
        Goal("a message waits for no push", f"{added * 1000:+.0f} ms in the median", added < 0.5),
        Goal("an end is seen sooner by push than by polling", f"{late:.2f} s, and {polled:.2f} s", late < polled),
        Goal(
            "push takes fewer looks",
            f"{median(push.gets):g} GETs",
            all(median(push.gets) <= min(each.gets) for each in polls),
        ),
        Goal("nobody is deaf", f"{found.deaf} of {CONNECTS}", found.deaf == 0),
        Goal(
            "a generation's write units stay as they are",
            f"{found.units:g}, and {found.units_without:g}",
            found.units == found.units_without,
        ),
    ]


if __name__ == "__main__":
    sys.exit(run(measure, __doc__ or ""))
