"""Whatever a connection does: a watch shows no older state, ends with its output, and is hardly later than a poll."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clients.pushed import BEAT_SECONDS, BEGAN, HINT_SECONDS, Line, Pushed, iso
from tests.clients.scripted import ID, LOST, answer, problem
from unstuck import following
from unstuck.errors import UnreachableError, WaitTimeoutError
from unstuck.flow import Answer, Request
from unstuck.frames import PartialOutput, order
from unstuck.models import GenerationDetail

NOTICED_SECONDS = BEAT_SECONDS + 3.0
"""After this much silence a running generation is looked at."""

CHANCE = st.floats(0, 1)
LINES = st.builds(
    Line,
    refused=CHANCE,
    handshake_fails=CHANCE,
    silent=CHANCE,
    lost=CHANCE,
    doubled=CHANCE,
    late_seconds=st.floats(0.1, 8),
    lives_seconds=st.floats(0.5, 200),
)


def watched(pushed: Pushed, timeout: float | None = None) -> list[GenerationDetail]:
    return pushed.watch(following.watch(ID, pushed.changes, pushed.conditions, timeout))


def gaps_of(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def assert_in_order(found: list[GenerationDetail]) -> None:
    orders = [order(each) for each in found]
    assert orders == sorted(orders)
    assert [each.ended for each in found] == [False] * (len(found) - 1) + [True]
    assert found[-1].status == "succeeded"
    assert found[-1].output is not None, "an end without its output"


@settings(deadline=None, max_examples=300)
@given(line=LINES, seed=st.integers(), ends=st.floats(1, 60), taken=st.floats(0.1, 20))
def test_no_line_shows_an_older_state_an_end_without_output_or_a_late_one(
    line: Line, seed: int, ends: float, taken: float
) -> None:
    pushed = Pushed(Random(seed), line, taken_after=taken, ends_after=ends)
    assert_in_order(watched(pushed))
    assert pushed.ended_at is not None
    assert pushed.time - pushed.ended_at <= NOTICED_SECONDS + HINT_SECONDS + 1.0 + line.late_seconds
    gaps = gaps_of(pushed.tickets)
    assert all(gap >= 0.2 for gap in gaps), "tickets are asked for in a storm"
    assert len(pushed.tickets) <= 4 + (pushed.time - BEGAN)
    assert len(pushed.looked) <= 10 + 2 * (pushed.time - BEGAN)


@settings(deadline=None, max_examples=300)
@given(line=LINES, seed=st.integers(), dies=st.floats(0.1, 29))
def test_a_dead_worker_is_healed_no_later_than_by_polling(line: Line, seed: int, dies: float) -> None:
    pushed = Pushed(Random(seed), line, dies_after=dies)
    leases: list[float] = []
    pushed.at(pushed.taken_after + dies, lambda: leases.append(pushed.lease_until))
    found = watched(pushed)
    assert_in_order(found)
    assert found[-1].attempt == 2
    assert pushed.healed_at is not None
    assert pushed.healed_at - leases[0] <= max(HINT_SECONDS, line.late_seconds) + 1.5


def test_a_dead_worker_is_no_reason_to_doubt_the_connection() -> None:
    pushed = Pushed(dies_after=8)
    found = watched(pushed)
    assert_in_order(found)
    assert any(each.stuck for each in found)
    assert len(pushed.tickets) == 1


def test_a_good_connection_saves_looks_and_shows_each_change_at_once() -> None:
    pushed = Pushed()
    found = watched(pushed)
    assert_in_order(found)
    assert [each.progress for each in found if each.heartbeat_at] == sorted(each.progress for each in found[1:])
    assert {20, 40, 60, 80, 100} <= {each.progress for each in found}
    assert len(pushed.looked) == 3, "at once, when the connection stood, and for the output"
    assert pushed.ended_at is not None
    assert pushed.time - pushed.ended_at < 1.0


def test_a_create_that_is_waited_for_connects_before_its_first_look() -> None:
    pushed = Pushed()
    watch = following.watch(ID, pushed.changes, pushed.conditions, None)
    pushed.run(watch.pause(2.0))
    assert pushed.looked == []
    found = pushed.watch(watch)
    assert_in_order(found)
    assert len(pushed.looked) == 1, "for the output"


def test_a_deployment_without_live_connections_is_asked_once_and_polled() -> None:
    pushed = Pushed(offered=False, ends_after=20)
    assert_in_order(watched(pushed))
    assert len(pushed.tickets) == 1
    assert 9 <= len(pushed.looked) <= 12
    watched(Pushed(offered=False))


def test_a_push_that_fails_costs_thirteen_seconds_once_and_is_polled_around_from_then_on() -> None:
    pushed = Pushed(line=Line(silent=1.0), taken_after=0.0, ends_after=120)
    found = watched(pushed)
    assert_in_order(found)
    gaps = gaps_of(pushed.looked)
    assert sum(gap > HINT_SECONDS + 1 for gap in gaps) == 1
    assert max(gaps) <= NOTICED_SECONDS + 1
    assert len(pushed.tickets) == 2, "it connects again, and trusts that one when it is told something"


def test_a_closed_connection_is_made_good_by_a_look_and_a_new_one() -> None:
    pushed = Pushed(ends_after=60)
    closed_at = []

    def cut() -> None:
        pushed.close()
        closed_at.append(pushed.time)

    pushed.at(15, cut)
    assert_in_order(watched(pushed))
    assert min(each for each in pushed.looked if each >= closed_at[0]) - closed_at[0] < 0.5
    assert 0.9 <= pushed.tickets[1] - closed_at[0] <= 2.5


def test_refusals_back_off_from_one_second_to_thirty() -> None:
    pushed = Pushed(line=Line(handshake_fails=1.0), ends_after=240)
    assert_in_order(watched(pushed))
    gaps = gaps_of(pushed.tickets)
    assert 1.0 <= gaps[0] <= 3
    assert 15 <= max(gaps) <= 31


def test_who_has_too_many_connections_asks_again_when_the_service_says() -> None:
    pushed = Pushed(ends_after=60)
    asked: list[float] = []

    def failing(request: Request) -> Answer | None:
        if request.path != "/v1/live":
            return None
        asked.append(pushed.time)
        return problem(429, "too_many_connections", retry_after="20")

    pushed.failing = failing
    assert_in_order(watched(pushed))
    gaps = gaps_of(asked)
    assert all(20 <= gap <= 23 for gap in gaps)


def test_a_connection_is_renewed_a_minute_before_it_ends() -> None:
    pushed = Pushed(ends_after=3700)
    assert_in_order(watched(pushed))
    assert len(pushed.tickets) == 2
    assert 3530 <= pushed.tickets[1] - pushed.tickets[0] <= 3545


@pytest.mark.parametrize("lasts", [-3600.0, 0.0, 0.3])
def test_a_connection_that_is_over_as_soon_as_it_is_open_is_no_reason_for_a_storm(lasts: float) -> None:
    pushed = Pushed()
    live = pushed.live
    tries: list[float] = []
    with live.following(ID):
        for number in range(1, 6):
            assert live.claim()
            tries.append(pushed.time)
            live.admit("ws://x", lasts)
            live.release()
            pushed.pass_(0.2)
            live.opened(number)
            pushed.pass_(live.rests(number) or 0.0)
            assert live.rests(number) is None
            live.closed(number)
            pushed.pass_(live.wanted_in() or 0.0)
    gaps = gaps_of(tries)
    assert gaps[0] >= 1.0
    assert gaps[-1] >= 8.0


def test_a_ticket_that_hangs_delays_no_look() -> None:
    pushed = Pushed(ends_after=20)
    within: list[float] = []

    def failing(request: Request) -> UnreachableError | None:
        if request.path != "/v1/live":
            return None
        within.append(request.within_seconds)
        pushed.time += request.within_seconds
        return LOST

    pushed.failing = failing
    assert_in_order(watched(pushed))
    assert max(within) <= HINT_SECONDS


def test_what_is_told_while_looks_fail_is_shown_all_the_same() -> None:
    pushed = Pushed(ends_after=40)
    shown: list[tuple[float, GenerationDetail]] = []

    def failing(request: Request) -> Answer | None:
        is_out = BEGAN < pushed.time < BEGAN + 30
        return answer(503, retry_after="30") if is_out and request.method == "GET" else None

    pushed.failing = failing
    watch = following.watch(ID, pushed.changes, pushed.conditions, None)
    while (found := pushed.run(watch.take())) is not None:
        shown.append((pushed.time - BEGAN, found))
    assert_in_order([found for _, found in shown])
    assert {20, 40, 60} <= {found.progress for at, found in shown if at < 30}


def test_of_what_is_told_the_newest_is_kept() -> None:
    pushed = Pushed(line=Line(late_seconds=0.0))
    pushed.run(pushed.changes.before(ID, 0.5, pushed.conditions))
    older = {**pushed.head, "version": 4, "status": "running"}
    for version, beat in ((5, 1.0), (5, 2.0), (4, 9.0), (5, 1.0)):
        told = {"type": "generation", "generation": {**older, "version": version, "heartbeat_at": iso(BEGAN + beat)}}
        pushed.live.hear(1, json.dumps(told))
    kept = pushed.live.heard(ID).told
    assert kept is not None
    assert (kept.generation.version, kept.generation.heartbeat_at) == (5, datetime.fromtimestamp(BEGAN + 2, UTC))


def test_of_many_who_follow_one_asks_for_a_ticket() -> None:
    live = Pushed().live
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: live.claim(), range(200))) == 1
    live.admit("ws://x", 3600)
    live.release()
    assert not live.claim(), "it opens"


def test_a_wait_that_is_over_is_over_at_once() -> None:
    pushed = Pushed(ends_after=60)
    with pytest.raises(WaitTimeoutError):
        watched(pushed, timeout=12.5)
    assert pushed.time - BEGAN == pytest.approx(12.5, abs=0.4)


def test_the_text_is_handed_over_while_it_is_written_the_newest_alone() -> None:
    pushed = Pushed(ends_after=40)
    shown: list[PartialOutput] = []
    watch = following.watch(ID, pushed.changes, pushed.conditions, None, shown.append)
    steps = [(1, "outline"), (3, "outline"), (2, "outline"), (1, "chapter-1"), (4, "outline"), (2, "chapter-1")]
    for number, (count, step) in enumerate(steps):
        pushed.at(5 + number, partial(pushed.write, count, step))
    pushed.at(20, partial(pushed.write, 9, "chapter-1", attempt=0))
    assert_in_order(pushed.watch(watch))
    wanted = [(1, "outline"), (3, "outline"), (1, "chapter-1"), (2, "chapter-1")]
    assert [(each.number, each.step) for each in shown] == wanted
    assert shown[-1].output == {"text": "xx"}


def test_who_follows_later_is_not_shown_what_was_told_long_before() -> None:
    pushed = Pushed(ends_after=30)
    watch = following.watch(ID, pushed.changes, pushed.conditions, None)
    for _ in range(4):
        pushed.run(watch.take())
    pushed.close()
    pushed.pass_(60)
    [end] = watched(pushed)
    assert end.ended


@pytest.mark.parametrize("silent", [0.0, 1.0])
def test_a_lease_shorter_than_a_heartbeat_is_looked_at_when_it_is_over(silent: float) -> None:
    pushed = Pushed(line=Line(silent=silent), taken_after=0.0, dies_after=0.5, lease_seconds=6)
    assert_in_order(watched(pushed))
    assert pushed.healed_at is not None
    assert pushed.healed_at - BEGAN < 6 + HINT_SECONDS + 0.5
