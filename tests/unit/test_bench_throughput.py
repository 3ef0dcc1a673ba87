"""The conclusions of the throughput bench from its measurements."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.throughput import event_loop
from bench.throughput.event_loop import Shares
from bench.throughput.findings import Curve, Sample, report_of, what_is_full
from bench.throughput.processors import EMULATOR, FUNCTIONS, LOAD, OTHERS, ROLES, look


def sample(
    clients: int, requests: int, used: dict[str, float] | None = None, load: str = "poll", idle: float = 0.8
) -> Sample:
    seconds = dict.fromkeys((*ROLES, OTHERS), 0.0) | (used or {})
    return Sample(load, clients, 2.0, requests, 0.01, seconds, 3, Shares(running=0.1, queued=0.1, idle=idle))


def test_it_saturates_where_more_clients_bring_little_more() -> None:
    assert Curve([sample(1, 50), sample(4, 82), sample(16, 100)]).saturated_at == 4
    assert Curve([sample(1, 50), sample(4, 79), sample(16, 100)]).saturated_at is None


@pytest.mark.parametrize(
    ("used", "full"),
    [
        ({EMULATOR: 1.8, FUNCTIONS: 0.4}, "the emulator's one interpreter"),
        ({EMULATOR: 1.2, FUNCTIONS: 2.4}, "all processors, functions most"),
        ({EMULATOR: 0.5, OTHERS: 3.2}, "all processors, others most"),
        ({EMULATOR: 0.2}, "waits: no processor is used up, emulator most"),
    ],
)
def test_what_is_full_goes_by_the_processor_time_of_each_part(used: dict[str, float], full: str) -> None:
    assert what_is_full(Curve([sample(1, 100), sample(4, 100, used)]), processors=2) == full


@pytest.mark.parametrize(
    ("alone", "pressed", "full"),
    [
        (0.9, 0.01, "the emulator's event loop"),
        (0.9, 0.4, "waits: no processor is used up, emulator most"),
        # A kernel that does not say what a thread waits for shows none as idle, whatever it does.
        (0.0, 0.0, "waits: no processor is used up, emulator most"),
    ],
)
def test_the_event_loop_is_full_when_it_is_never_idle_and_was_by_one_client(
    alone: float, pressed: float, full: str
) -> None:
    curve = Curve([sample(1, 100, idle=alone), sample(4, 100, {EMULATOR: 1.2}, idle=pressed)])
    assert what_is_full(curve, processors=2) == full


def test_a_report_has_each_requests_share_and_what_the_one_line_function_allows() -> None:
    used = {EMULATOR: 0.3, FUNCTIONS: 0.1}
    loads = [sample(clients, 100 * clients, used, load) for load in ("nothing", "poll") for clients in (1, 2)]
    rates, _use, _loop, each = report_of(loads, ceiling="nothing", processors=2).tables
    assert [row[-2] for row in rates.rows] == ["1.00", "1.00"]
    assert each.rows[1][1:3] == ["1.5 (1.5 to 1.5)", "0.5 (0.5 to 0.5)"]
    assert each.rows[1][-2:] == ["0.75 (0.75 to 0.75)", "2,000"]


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="reads /proc")
def test_the_load_is_this_process_and_what_it_uses_is_its_own(tmp_path: Path) -> None:
    before = look(tmp_path, "nothing")
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    after = look(tmp_path, "nothing")
    assert set(after.roles) == {os.getpid()}
    assert after.since(before)[LOAD] >= 0.15
    assert after.count(FUNCTIONS) == 0


def watched(serve: str) -> Shares:
    """Return the shares of the first thread in a process that runs `serve`, once it has closed its output."""
    code = f"import os, select\npoll = select.poll()\nos.close(1)\n{serve}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:  # noqa: S603 (our own code)
        try:
            assert process.stdout is not None
            process.stdout.read()
            return event_loop.during(lambda: time.sleep(0.5), process.pid)[1]
        finally:
            process.kill()


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="reads /proc")
def test_a_loop_that_waits_for_events_is_idle_and_one_that_works_runs_or_is_queued() -> None:
    waits, works = watched("poll.poll()"), watched("while True: pass")
    assert waits.idle > 0.8
    assert waits.running + waits.queued < 0.2
    # The kernel counts the time in the queue only once it is over, which is late on a busy machine.
    assert works.running + works.queued > 0.2 > works.idle
