"""A burst on the local stack: calls share the processes that are warm, and few are started for them."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.function_pool import CODE
from local.stack import LocalStack, StackOptions
from tests.e2e.conftest import SHORT
from tests.e2e.owner import Owner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts processes in /proc")

WARM = {"create": 3, "status": 2, "process": 4}
BURST = 9


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack(StackOptions(parameters=SHORT, warm=WARM)) as running:
        yield running


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def counts(stack: LocalStack) -> dict[str, int]:
    return {name: len(stack.worker_pids(name)) for name in WARM}


def test_a_burst_is_taken_by_the_processes_that_are_warm(stack: LocalStack) -> None:
    wait_for(lambda: counts(stack) == WARM, f"as many processes as are kept warm, unasked: {counts(stack)}")
    owner = Owner(stack, "burst")
    try:
        with ThreadPoolExecutor(BURST) as pool:
            sent = list(pool.map(lambda _: owner.submit("local/stream:3"), range(BURST)))
        assert len(set(sent)) == BURST
        assert counts(stack)["create"] < BURST, "most have waited for a warm one"
        ended = [owner.wait_for_end(generation_id) for generation_id in sent]
    finally:
        owner.close()
    assert {each["status"] for each in ended} == {"succeeded"}


def test_every_process_of_a_function_runs_the_same_unpacked_code_and_no_archive_stays(stack: LocalStack) -> None:
    wait_for(lambda: counts(stack)["create"] >= WARM["create"], "the processes that are kept warm")
    folders = list(stack.tmpdir.glob(f"ministack-lambda-{stack.function_names['create']}-*"))
    assert len(folders) >= WARM["create"]
    assert {folder.joinpath("code").resolve().parent for folder in folders} == {stack.tmpdir / CODE}
    assert len({folder.joinpath("code").resolve() for folder in folders}) == 1
    assert not [archive for folder in folders for archive in folder.glob("*.zip")]


def test_a_process_that_was_killed_is_replaced_by_the_next_call(stack: LocalStack) -> None:
    killed = stack.worker_pids("status")
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    owner = Owner(stack, "after-a-kill")
    try:
        assert owner.wait_for_end(owner.submit())["status"] == "succeeded"
    finally:
        owner.close()
    assert stack.worker_pids("status")
    assert not set(killed) & set(stack.worker_pids("status"))
