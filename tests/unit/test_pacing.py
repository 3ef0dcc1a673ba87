"""The cost of following the hint where LongestPollSeconds lets the estimate lead: fewer polls and later ends."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import NormalDist

import pytest

from shared.domain.generation import Generation
from shared.domain.pacing import SHORTEST_SECONDS, poll_after_seconds, retry_after
from shared.domain.settings import Settings
from shared.domain.states import Status
from tests.factories import FakeClock, a_generation

SIGMA = 0.5
HEARTBEAT, LEASE, LONGEST = 10.0, 40.0, 60.0
SPARSE = Settings("t", "q", "i", heartbeat_seconds=HEARTBEAT, lease_seconds=LEASE, longest_poll_seconds=LONGEST)
QUEUED, FIRST_WORD = 0.15, 1.0
"""Seconds from create to claim, and from claim to the model's first word."""
DRAWS = 4_000
MEDIANS = (3.0, 15.0, 30.0)


def ran(beat: int) -> float:
    """Return after how many seconds a beat comes: the first after half an interval."""
    return max(0.0, beat - 0.5) * HEARTBEAT


@dataclass(frozen=True)
class Course:
    """One generation of the simulation: how long it takes, and how well its progress tells so."""

    generation: Generation
    seconds: float
    misjudged: float
    """How far the progress runs ahead. 1 is even with the time, 2 shows 90 % halfway, 0 is a kind that shows none."""

    def at(self, seconds: float) -> Generation | None:
        """Return the head after this many seconds; None if the generation has ended."""
        if seconds >= self.seconds:
            return None
        if seconds < QUEUED:
            return self.generation
        beat = int((seconds - QUEUED) / HEARTBEAT + 0.5)
        moved = beat
        while moved > 0 and self._progress(moved - 1) == self._progress(beat):
            moved -= 1
        head = replace(self.generation, status=Status.RUNNING, started_at=self._moment(QUEUED))
        head = replace(head, heartbeat_at=self._moment(QUEUED + ran(beat)), progress=self._progress(beat))
        return replace(head, progress_at=self._moment(QUEUED + ran(moved))) if moved else head

    def _progress(self, beat: int) -> int:
        """Progress as `context.call` shows it: from the kind's 5 to 95 % of the way to the step's 95."""
        if beat == 0 or self.misjudged == 0:
            return 0
        said = (ran(beat) - FIRST_WORD) / max(0.1, self.seconds - QUEUED - FIRST_WORD)
        return 5 + int(90 * 0.95 * min(1.0, self.misjudged * said))

    def _moment(self, seconds: float) -> datetime:
        return self.generation.created_at + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Cost:
    """The cost of following the hint: 95th percentiles."""

    polls: int
    staleness_seconds: float


def simulate(median: float, misjudged: Callable[[random.Random], float]) -> Cost:
    """Draw generations, follow Retry-After from the 202 on, and count polls and the time the end went unseen."""
    chance, clock = random.Random(20260101), FakeClock()
    polls, staleness = [], []
    for _ in range(DRAWS):
        generation = a_generation(clock, usual_seconds=round(median))
        seconds = median * math.exp(chance.gauss(0, SIGMA))
        course = Course(generation, seconds, misjudged(chance))
        at, count, head = 0.0, 0, course.at(0)
        while head is not None:
            now = generation.created_at + timedelta(seconds=at)
            at += int(retry_after(poll_after_seconds(head, now, SPARSE)))
            count += 1
            head = course.at(at)
        polls.append(count)
        staleness.append(at - seconds)
    return Cost(sorted(polls)[int(DRAWS * 0.95)], sorted(staleness)[int(DRAWS * 0.95)])


@pytest.mark.parametrize("median", MEDIANS)
def test_a_normal_generation_takes_at_most_five_polls_at_two_seconds_of_staleness(median: float) -> None:
    """Both at the 95th percentile, where the model's text comes evenly and is about as long as the kind expects."""
    cost = simulate(median, lambda _chance: 1.0)
    assert cost.polls <= 5
    assert cost.staleness_seconds <= 2.0


# Progress that misjudges the length by 15 % (one sigma) still tells something.
@pytest.mark.parametrize(("median", "polls", "staleness"), [(3.0, 4, 2.0), (15.0, 6, 5.5), (30.0, 7, 8.5)])
def test_progress_that_is_off_costs_a_few_polls_and_seconds(median: float, polls: int, staleness: float) -> None:
    cost = simulate(median, lambda chance: math.exp(chance.gauss(0, 0.15)))
    assert cost.polls <= polls
    assert cost.staleness_seconds <= staleness


@pytest.mark.parametrize(("median", "polls", "staleness"), [(3.0, 4, 2.0), (15.0, 8, 6.0), (30.0, 9, 12.0)])
def test_a_kind_that_shows_no_progress_costs_more_of_both(median: float, polls: int, staleness: float) -> None:
    cost = simulate(median, lambda _chance: 0.0)
    assert cost.polls <= polls
    assert cost.staleness_seconds <= staleness


@pytest.mark.parametrize(("median", "most"), [(3.0, 1.0), (15.0, 0.55), (30.0, 0.30)])
def test_no_schedule_by_the_time_alone_could_do_it(median: float, most: float) -> None:
    """Five polls that each see the last two seconds see ten seconds in all: this part of the draws at most."""
    drawn = NormalDist(0, SIGMA)

    def ended(seconds: float) -> float:
        return drawn.cdf(math.log(seconds / median)) if seconds > 0 else 0.0

    assert max(ended(begin / 10 + 10) - ended(begin / 10) for begin in range(600)) <= most


@pytest.fixture
def running(clock: FakeClock) -> Generation:
    head = a_generation(clock, usual_seconds=15, status=Status.RUNNING)
    return replace(head, started_at=clock.now(), heartbeat_at=clock.now())


def test_the_first_look_is_when_one_in_twenty_is_over(clock: FakeClock) -> None:
    generation = a_generation(clock, usual_seconds=30)
    assert poll_after_seconds(generation, clock.now(), SPARSE) == pytest.approx(13.5)


def test_a_head_that_does_not_say_how_long_it_takes_takes_fifteen_seconds(clock: FakeClock) -> None:
    told, untold = a_generation(clock, usual_seconds=15), a_generation(clock)
    assert poll_after_seconds(untold, clock.now(), SPARSE) == poll_after_seconds(told, clock.now(), SPARSE)


def test_the_look_comes_when_a_heartbeat_has_brought_news(running: Generation, clock: FakeClock) -> None:
    clock.pass_seconds(9.3)
    assert poll_after_seconds(running, clock.now(), SPARSE) == SHORTEST_SECONDS


def test_an_estimate_that_was_wrong_is_trusted_less_and_less(running: Generation, clock: FakeClock) -> None:
    clock.pass_seconds(10)
    head, waits = replace(running, progress=90, progress_at=clock.now()), []
    for _ in range(6):
        head = replace(head, heartbeat_at=clock.now())
        waits.append(poll_after_seconds(head, clock.now(), SPARSE))
        clock.pass_seconds(waits[-1])
    assert waits == sorted(waits)
    assert waits[-1] > 10


@pytest.mark.parametrize("ran", [0, 1, 5, 20, 100, 899])
@pytest.mark.parametrize("usual", [0, 1, 15, 600])
@pytest.mark.parametrize("progress", [0, 5, 10, 50, 99])
def test_a_hint_is_from_two_seconds_to_a_minute(
    running: Generation, clock: FakeClock, ran: int, usual: int, progress: int
) -> None:
    clock.pass_seconds(ran)
    head = replace(running, usual_seconds=usual, progress=progress, progress_at=clock.now() if progress else None)
    assert SHORTEST_SECONDS <= poll_after_seconds(head, clock.now(), SPARSE) <= LONGEST


def test_retry_after_is_whole_seconds_rounded_up() -> None:
    assert [retry_after(seconds) for seconds in (2.0, 2.1, 6.75)] == ["2", "3", "7"]


@pytest.mark.parametrize("usual", [3, 15, 60])
@pytest.mark.parametrize("dies_after", [0.5, 1, 5, 9, 11, 14, 19, 28, 59])
@pytest.mark.parametrize("misjudged", [0.0, 0.3, 1.0, 2.0])
def test_who_follows_the_hint_looks_within_two_seconds_of_the_end_of_a_dead_workers_lease(
    clock: FakeClock, usual: int, dies_after: float, misjudged: float
) -> None:
    course = Course(a_generation(clock, usual_seconds=usual), dies_after + 1, misjudged)
    created = course.generation.created_at
    last = course.at(dies_after)
    assert last is not None
    assert last.heartbeat_at is not None
    over_at = (last.heartbeat_at - created).total_seconds() + LEASE
    at = 0.0
    while at < over_at:
        head = course.at(min(at, dies_after)) or last
        at += int(retry_after(poll_after_seconds(head, created + timedelta(seconds=at), SPARSE)))
    assert at - over_at < 2


def test_a_look_comes_when_a_lost_message_may_be_sent_again(clock: FakeClock) -> None:
    due_at = clock.now() + timedelta(seconds=60)
    waiting = a_generation(clock, usual_seconds=400, due_at=due_at)
    clock.pass_seconds(30)
    assert poll_after_seconds(waiting, clock.now(), SPARSE) == pytest.approx(30, abs=0.5)


def test_a_rescued_generation_is_not_judged_by_the_silence_of_the_worker_that_died(
    running: Generation, clock: FakeClock
) -> None:
    clock.pass_seconds(10)
    head = replace(running, progress=45, progress_at=clock.now(), isolated=True)
    clock.pass_seconds(40)
    head = replace(head, heartbeat_at=clock.now())
    assert poll_after_seconds(replace(head, isolated=False), clock.now(), SPARSE) > 25
    assert poll_after_seconds(head, clock.now(), SPARSE) == pytest.approx(5)
