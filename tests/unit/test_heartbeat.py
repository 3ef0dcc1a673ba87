"""The thread that beats beside the work: real threads, tiny intervals, and waits on conditions alone."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

import pytest

from functions.process.heartbeat import Heartbeat
from shared.domain.clock import SystemClock
from shared.domain.errors import DeadlinePassedError, HandoverError, LeaseLostError, StoreUnavailableError, UnstuckError
from shared.domain.generation import Generation
from shared.store.worker import WorkerStore
from tests.factories import FakeClock, a_generation

SOON, NEVER = 0.005, float("inf")
LIMIT_SECONDS = 30


@dataclass
class Beats:
    """Stands for the store: takes heartbeats, and does to the next of them what a test says."""

    taken: list[tuple[int, str | None]] = field(default_factory=list)
    heads: list[Generation] = field(default_factory=list)
    trouble: Exception | None = None
    tried: int = 0

    def heartbeat(self, head: Generation, progress: int, stage: str | None) -> Generation:
        self.tried += 1
        if self.trouble:
            raise self.trouble
        self.taken.append((progress, stage))
        self.heads.append(head)
        return replace(head, version=head.version + 1)

    def until(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + LIMIT_SECONDS
        while not condition():
            assert time.monotonic() < limit
            time.sleep(0.001)

    def until_beats(self, more: int = 2) -> None:
        goal = self.tried + more
        self.until(lambda: self.tried >= goal)


def a_watch(beats: Beats, *, every: float = SOON, handover_at: float = NEVER, progress: int = 0) -> Heartbeat:
    head = replace(a_generation(FakeClock()), progress=progress)
    return Heartbeat(cast(WorkerStore, beats), head, SystemClock(), every, handover_at)


def test_beats_go_on_while_the_work_does_and_follow_the_head_that_each_returns() -> None:
    beats = Beats()
    with a_watch(beats) as watch:
        beats.until_beats(3)
        watch.check()
    versions = [head.version for head in beats.heads]
    assert versions == list(range(1, len(versions) + 1))


def test_the_thread_is_joined_at_the_end_even_of_work_that_failed() -> None:
    beats, threads = Beats(), set(threading.enumerate())

    def work() -> None:
        with a_watch(beats):
            beats.until_beats()
            assert set(threading.enumerate()) > threads
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert set(threading.enumerate()) == threads


def test_an_end_does_not_wait_for_the_next_beat() -> None:
    beats, began = Beats(), time.monotonic()
    with a_watch(beats, every=3600):
        pass
    assert time.monotonic() - began < LIMIT_SECONDS
    assert beats.tried == 0


def test_what_is_shown_goes_with_the_next_beat() -> None:
    beats = Beats()
    with a_watch(beats) as watch:
        watch.show(40, "writing cards")
        beats.until(lambda: (40, "writing cards") in beats.taken)
        watch.show(60)
        beats.until(lambda: (60, "writing cards") in beats.taken)


@pytest.mark.parametrize(("shown", "seen"), [([10, 40, 20], 40), ([100], 99), ([250, 5], 99), ([20], 30), ([-7], 30)])
def test_progress_never_goes_down_and_stays_below_a_hundred(shown: list[int], seen: int) -> None:
    watch = a_watch(Beats(), progress=30)
    for percent in shown:
        watch.show(percent)
    assert watch.progress == seen


def test_a_long_stage_is_cut_so_that_the_head_stays_small() -> None:
    beats = Beats()
    with a_watch(beats) as watch:
        watch.show(1, "s" * 41)
        beats.until(lambda: (1, "s" * 40) in beats.taken)


@pytest.mark.parametrize("reason", [LeaseLostError("g"), DeadlinePassedError("g")])
def test_a_beat_that_is_refused_closes_the_call_at_once_and_ends_the_beats(reason: UnstuckError) -> None:
    beats, closed = Beats(), threading.Event()
    with a_watch(beats) as watch:
        with watch.cancellation.closing(closed.set):
            beats.until_beats()
            assert not closed.is_set()
            beats.trouble = reason
            assert closed.wait(LIMIT_SECONDS)
        tried = beats.tried
        for _ in range(2):
            with pytest.raises(type(reason)):
                watch.check()
    assert beats.tried == tried


@pytest.mark.parametrize("trouble", [StoreUnavailableError("ThrottlingException"), ZeroDivisionError("surprise")])
def test_beats_go_on_while_the_store_fails_and_the_work_is_not_disturbed(trouble: Exception) -> None:
    beats = Beats()
    with a_watch(beats) as watch:
        beats.trouble = trouble
        beats.until_beats(3)
        watch.check()
        assert not watch.cancellation.cancelled
        beats.trouble = None
        beats.until(lambda: len(beats.taken) > 0)
        watch.check()


def test_when_the_invocation_is_about_to_end_the_call_is_closed_and_the_beats_go_on() -> None:
    beats, closed = Beats(), threading.Event()
    handover_at = time.monotonic() + 0.05
    with a_watch(beats, handover_at=handover_at) as watch:
        with watch.cancellation.closing(closed.set):
            assert closed.wait(LIMIT_SECONDS)
        assert time.monotonic() >= handover_at
        with pytest.raises(HandoverError):
            watch.check()
        beats.until_beats(3)  # the lease must outlive the winding down


def test_a_handover_comes_in_time_though_no_beat_is_due() -> None:
    closed = threading.Event()
    with (
        a_watch(Beats(), every=3600, handover_at=time.monotonic() + 0.05) as watch,
        watch.cancellation.closing(closed.set),
    ):
        assert closed.wait(LIMIT_SECONDS)


def test_work_that_asks_after_its_time_is_told_before_the_thread_has_woken() -> None:
    watch = a_watch(Beats(), handover_at=time.monotonic())
    with pytest.raises(HandoverError):
        watch.check()
    assert watch.cancellation.cancelled


def test_the_first_reason_stands() -> None:
    beats = Beats()
    with a_watch(beats) as watch:
        beats.trouble = LeaseLostError("g")
        beats.until(lambda: watch.cancellation.cancelled)
        watch.handover_at = 0
        with pytest.raises(LeaseLostError):
            watch.check()


def test_the_handover_does_not_hide_that_the_lease_was_lost_from_the_next_beats() -> None:
    beats = Beats()
    with a_watch(beats, handover_at=time.monotonic()) as watch:
        beats.until(lambda: watch.cancellation.cancelled)
        beats.until_beats()
        beats.trouble = LeaseLostError("g")
        beats.until(lambda: not watch._thread.is_alive())
        with pytest.raises(HandoverError):
            watch.check()


def test_a_beat_waits_its_interval_by_the_clock_that_it_is_given() -> None:
    class Hurried(FakeClock):
        def monotonic(self) -> float:
            self.seconds += 1000
            return self.seconds

        def now(self) -> datetime:
            raise AssertionError("a watch has no business with the date")

    beats = Beats()
    head = a_generation(FakeClock())
    with Heartbeat(cast(WorkerStore, beats), head, Hurried(), 500, NEVER):
        beats.until_beats()


def test_the_first_beat_comes_after_half_an_interval_so_that_a_short_call_shows_how_far_it_is() -> None:
    beats, began = Beats(), time.monotonic()
    with a_watch(beats, every=6.0):
        beats.until_beats(1)
    assert 3.0 <= time.monotonic() - began < 6.0
