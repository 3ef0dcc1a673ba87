"""The rig of the cold starts: a share of a processor is what was asked for, and events go one at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.bill.slowing import WHOLE_PROCESSOR_MB
from bench.cold_start.runtime_api import NotStartedError, runtime_api
from bench.cold_start.share import limited, way
from bench.cold_start.starts import Contestant, Start, WrongAnswerError, cold_start
from bench.cpu import cpu_seconds
from local.lambda_runtime import runtime_with_client

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the rig reads Linux's clocks")


@pytest.fixture
def busy() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as process:
        yield process.pid
        process.kill()


@pytest.mark.parametrize("by", sorted({way(), "stop and go"}))
@pytest.mark.parametrize("share", [0.15, 0.5])
def test_a_process_gets_no_more_than_its_share_and_is_whole_again_after(busy: int, by: str, share: float) -> None:
    with limited(busy, WHOLE_PROCESSOR_MB * share, by):
        before, began = cpu_seconds(busy), time.monotonic()
        while time.monotonic() - began < 1.5:
            time.sleep(0.05)
        used = (cpu_seconds(busy) - before) / (time.monotonic() - began)
    assert 0.01 < used < share * 1.3
    later = cpu_seconds(busy)
    deadline = time.monotonic() + 20
    while cpu_seconds(busy) - later < 0.2:
        assert time.monotonic() < deadline, "it is still held back"
        time.sleep(0.02)


def test_a_group_of_the_kernels_is_gone_after_its_process_has_ended(busy: int) -> None:
    root = Path("/sys/fs/cgroup/cpu")
    if way() != "cgroup v1 quota":
        pytest.skip(f"this machine does it by {way()}")
    with limited(busy, 256):
        assert [group for group in root.glob("unstuck-bench-*") if str(busy) in (group / "cgroup.procs").read_text()]
        os.kill(busy, 9)
    assert not [group for group in root.glob("unstuck-bench-*") if str(busy) in (group / "cgroup.procs").read_text()]


@pytest.fixture
def contestant(tmp_path: Path) -> Contestant:
    (tmp_path / "made.py").write_text(
        "import time\nspent = time.process_time() + 0.3\nwhile time.process_time() < spent: pass\n"
        "def handler(event, context):\n    return {'got': event, 'left': context.get_remaining_time_in_millis() > 0}\n"
        "def broken(event, context):\n    raise ValueError('no')\n"
    )
    path = (tmp_path, runtime_with_client(tmp_path / "runtime"))
    good = {"got": {"a": 1}, "left": True}
    return Contestant("made", "made.handler", path, {"a": 1}, lambda answer: answer == good, memory_mb=256)


def with_handler(contestant: Contestant, handler: str) -> Contestant:
    return Contestant(contestant.name, handler, contestant.path, {}, contestant.good)


def test_what_a_module_does_is_before_the_first_event_and_what_a_handler_does_is_after(contestant: Contestant) -> None:
    start = cold_start(contestant, {})
    assert start.init_cpu_ms > 300 > start.first_cpu_ms
    assert start.init_ms > 300
    assert start.peak_mb > 5


def test_a_handler_that_raises_or_cannot_be_loaded_is_not_measured(contestant: Contestant) -> None:
    with pytest.raises(WrongAnswerError, match="no"):
        cold_start(with_handler(contestant, "made.broken"), {})
    with pytest.raises(WrongAnswerError, match="missing"):
        cold_start(with_handler(contestant, "missing.handler"), {})


def test_a_process_that_never_asks_is_not_waited_for_in_vain() -> None:
    with runtime_api() as api, pytest.raises(NotStartedError, match="silent"):
        api.wait_for_next(0.05)


def test_a_start_is_billed_in_whole_milliseconds_of_the_memory_ordered() -> None:
    start = Start(init_cpu_ms=300, init_ms=400.2, first_cpu_ms=10, first_ms=99.9, memory_mb=512, peak_mb=50)
    assert start.gb_seconds == 0.501 * 0.5
    assert start.lambda_ms == pytest.approx(399.9)
