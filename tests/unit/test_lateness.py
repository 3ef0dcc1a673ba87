"""The end is seen no later than by a plain poll every two seconds, whatever the job's shape: by simulation."""

import math
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from shared.domain.generation import Generation
from shared.domain.pacing import first_look_seconds, poll_after_seconds, retry_after
from shared.domain.settings import Settings
from shared.domain.states import Status
from tests.factories import FakeClock, a_generation

pytestmark = pytest.mark.any_kinds

PLAIN_POLL_SECONDS = 2.0
DEFAULT = Settings("t", "q", "i")
QUEUED = 0.15

Follow = Callable[[float], float]
FOLLOWS: dict[str, Follow] = {
    "poll_after_seconds": lambda seconds: round(seconds, 1),
    "Retry-After": lambda seconds: float(retry_after(seconds)),
}


@dataclass(frozen=True)
class Job:
    """Calls one after the other, each with its seconds; a negative one is a wait until the next attempt may begin.

    The head is written as the worker writes it: at each call's begin, at each step's end, and by heartbeats.
    """

    calls: tuple[float, ...]
    usual_seconds: int = 15
    ended_by_owner_at: float = math.inf
    misjudged: float = 1.0
    """How far the progress inside a call runs ahead; 0 is a kind that shows none."""

    @property
    def seconds(self) -> float:
        return min(self.ended_by_owner_at, QUEUED + sum(map(abs, self.calls)))

    def heads(self, generation: Generation, settings: Settings) -> list[tuple[float, Generation]]:
        """Return the head after each write, with the seconds since the create."""
        written, at, share = [(0.0, generation)], QUEUED, 90 / max(1, len(self.calls))

        def write(seconds: float, progress: float, **changes: object) -> None:
            head, moment = written[-1][1], generation.created_at + timedelta(seconds=seconds)
            moved = {"progress": int(progress), "progress_at": moment} if int(progress) > head.progress else {}
            running = {"status": Status.RUNNING, "started_at": head.started_at or moment, "heartbeat_at": moment}
            written.append((seconds, replace(head, **{**running, **moved, **changes})))  # type: ignore[arg-type]

        for number, seconds in enumerate(self.calls):
            begun = 5 + share * number
            if seconds < 0:
                again = generation.created_at + timedelta(seconds=at - seconds)
                write(at, begun, status=Status.PENDING, not_before=again, heartbeat_at=None)
                write(at - seconds, begun, not_before=None)
            else:
                write(at, begun)
                for beat in range(1, math.ceil(seconds / settings.heartbeat_seconds + 0.5)):
                    beaten = (beat - 0.5) * settings.heartbeat_seconds
                    write(at + beaten, begun + share * min(0.95, self.misjudged * beaten / seconds))
                write(at + seconds, begun + share)
            at += abs(seconds)
        return written


def lateness(job: Job, follow: Follow, settings: Settings = DEFAULT) -> float:
    """Follow the hints from the 202 on; return how long after the job's end the look was that saw it."""
    generation = a_generation(FakeClock(), usual_seconds=job.usual_seconds)
    heads = job.heads(generation, settings)
    moments = [moment for moment, _ in heads]
    at = float(retry_after(first_look_seconds(job.usual_seconds, settings)))  # a 202 has the header alone
    while at < job.seconds:
        head = heads[bisect_right(moments, at) - 1][1]
        pause = follow(poll_after_seconds(head, generation.created_at + timedelta(seconds=at), settings))
        assert pause > 0
        at += pause
    return at - job.seconds


SHAPES = {
    "one short call": Job((0.5,)),
    "one call": Job((7.3,)),
    "one call of two minutes": Job((121.7,), usual_seconds=60),
    "even calls of 4 s": Job((4.0,) * 5, usual_seconds=60),
    "many steps": Job((0.9,) * 40, usual_seconds=60),
    "a slow last step": Job((1.0, 1.0, 1.0, 33.0), usual_seconds=20),
    "a quick last step": Job((33.0, 1.0, 0.3)),
    "uneven": Job((0.4, 17.0, 2.0, 6.1, 0.2), usual_seconds=8),
    "no progress": Job((44.4,), misjudged=0.0),
    "progress that runs ahead": Job((44.4,), misjudged=3.0),
    "a wait before the retry": Job((2.0, -37.3, 1.1)),
    "a short wait": Job((2.0, -0.7, 0.2)),
    "a wait of minutes": Job((2.0, -150.2, 1.1)),
}


@pytest.mark.parametrize("follow", FOLLOWS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_end_is_seen_no_later_than_by_a_plain_poll(shape: str, follow: str) -> None:
    assert lateness(SHAPES[shape], FOLLOWS[follow]) <= PLAIN_POLL_SECONDS


def a_job(chance: random.Random) -> Job:
    calls = [chance.choice((0.3, 2, 8, 40)) * chance.lognormvariate(0, 0.7) for _ in range(chance.randint(1, 9))]
    for _ in range(chance.choice((0, 0, 1, 3))):
        calls.insert(chance.randint(1, len(calls)), -chance.uniform(0.1, 90))
    usual, misjudged = chance.choice((0, 1, 8, 15, 60, 600)), chance.choice((0.0, 0.3, 1.0, 1.0, 4.0))
    return Job(tuple(calls), usual, misjudged=misjudged)


@pytest.mark.parametrize("longest", [1.0, 2.0])
@pytest.mark.parametrize("follow", FOLLOWS)
def test_of_two_thousand_jobs_none_ends_unseen_for_longer_than_the_longest_poll(follow: str, longest: float) -> None:
    chance, settings = random.Random(20261128), replace(DEFAULT, longest_poll_seconds=longest)
    for _ in range(2_000):
        job = a_job(chance)
        assert lateness(job, FOLLOWS[follow], settings) <= longest, job


@pytest.mark.parametrize("follow", FOLLOWS)
def test_what_its_owner_cancels_in_another_tab_while_it_runs_is_seen_as_soon(follow: str) -> None:
    chance = random.Random(7)
    for _ in range(500):
        calls = tuple(chance.uniform(0.5, 30) for _ in range(chance.randint(1, 6)))
        job = Job(calls, 60, ended_by_owner_at=chance.uniform(0.2, sum(calls)))
        assert lateness(job, FOLLOWS[follow]) <= PLAIN_POLL_SECONDS, job


def test_an_estimate_without_the_bound_showed_even_calls_of_4_s_far_too_late() -> None:
    """The behaviour before there was a bound, which LongestPollSeconds=60 has still: a step's end is not the job's."""
    unbound = replace(DEFAULT, longest_poll_seconds=60.0)
    assert max(lateness(SHAPES["even calls of 4 s"], follow, unbound) for follow in FOLLOWS.values()) > 3


def test_what_waits_is_x(clock: FakeClock) -> None:
    waiting = a_generation(clock, not_before=clock.now() + timedelta(seconds=40.6))
    assert poll_after_seconds(waiting, clock.now(), DEFAULT) == 40
    clock.pass_seconds(40)
    assert poll_after_seconds(waiting, clock.now(), DEFAULT) == PLAIN_POLL_SECONDS


def test_what_waits_for_minutes_is_looked_at_every_minute(clock: FakeClock) -> None:
    waiting = a_generation(clock, not_before=clock.now() + timedelta(seconds=600))
    assert poll_after_seconds(waiting, clock.now(), DEFAULT) == 60
