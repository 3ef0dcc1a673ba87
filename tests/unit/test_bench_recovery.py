"""The account of the recovery bench: what it must notice in the evidence of kills, and how it tells it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bench.recovery.account import Account, Job, NotKilledInTheMiddleError
from bench.recovery.peers import PEERS
from bench.recovery.plan import JOB_SECONDS, KILLS, kill_after_seconds
from bench.recovery.servers import MissingServerError, Servers, find_program
from bench.recovery.tables import Row, ours, report_of
from bench.report import Report

KILLED = 1_000.0


def ended_after(*seconds: float, paid: int = 2, rescued: float | None = None, seen: float | None = None) -> Job:
    """A job that ended this many seconds after its kill, including its own 20; once for each number."""
    return Job("job", KILLED, tuple(KILLED + second for second in seconds), paid, rescued, seen)


def never_ended(paid: int = 1) -> Job:
    return ended_after(paid=paid)


def account(*jobs: Job) -> Account:
    return Account.of(jobs, own_seconds=20, patience_seconds=120)


def test_a_recovery_is_the_time_from_the_kill_to_the_end_without_the_jobs_own() -> None:
    found = account(ended_after(55), ended_after(50), ended_after(61))
    assert found.recoveries == (35, 30, 41)
    assert found.text() == "35.0 (30.0 to 41.0)"
    assert (found.recovered, found.not_ended, found.run_twice) == (3, 0, 0)


def test_what_never_ended_is_lost_and_was_paid_for_nothing() -> None:
    found = account(ended_after(55), never_ended(), never_ended(paid=0))
    assert (found.recovered, found.not_ended, found.paid_for_nothing, found.paid_twice) == (1, 2, 1, 1)


def test_a_second_run_to_the_end_and_a_third_are_one_job_run_twice() -> None:
    found = account(ended_after(55, 80, 90, paid=4), ended_after(55))
    assert (found.run_twice, found.not_ended) == (1, 0)
    assert found.recoveries == (35, 35), "a job has recovered with its first end"


def test_a_call_that_is_paid_again_is_counted_though_its_job_never_ended() -> None:
    found = account(never_ended(paid=2), ended_after(55, paid=1))
    assert (found.paid_twice, found.paid_for_nothing) == (1, 1)


def test_one_that_ended_after_all_patience_has_not_recovered_and_is_not_lost() -> None:
    found = account(ended_after(140.5), ended_after(140))
    assert (found.recovered, found.not_ended) == (1, 0)


def test_whoever_has_not_recovered_at_all_is_told_by_the_time_that_was_waited() -> None:
    found = account(never_ended(), never_ended())
    assert found.text() == "> 120"


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ([ended_after(55), ended_after(60), never_ended()], "40.0 (35.0 to > 120)"),
        ([ended_after(55), never_ended(), never_ended()], "> 120 (35.0 to > 120)"),
    ],
)
def test_those_that_have_not_recovered_count_as_the_slowest(jobs: list[Job], told: str) -> None:
    assert account(*jobs).text() == told


def test_a_job_that_had_ended_before_its_kill_is_no_evidence() -> None:
    with pytest.raises(NotKilledInTheMiddleError):
        account(ended_after(55), ended_after(-1))


def test_a_job_that_no_kill_hit_is_no_evidence() -> None:
    with pytest.raises(NotKilledInTheMiddleError):
        account(Job("job", None, (KILLED,), 1))


def test_nothing_killed_is_no_evidence() -> None:
    with pytest.raises(ValueError, match="nothing"):
        account()


def test_every_kill_falls_into_the_middle_half_of_the_job_and_no_two_at_the_same_moment() -> None:
    moments = [kill_after_seconds(number) for number in range(KILLS)]
    assert min(moments) == JOB_SECONDS / 4
    assert max(moments) == JOB_SECONDS * 3 / 4
    assert len(set(moments)) == KILLS
    assert kill_after_seconds(0, kills=1) == JOB_SECONDS / 2


def peer(name: str, *jobs: Job, ranked: bool = True) -> Row:
    return Row(name, account(*jobs), "an hour", "its documentation", ranked=ranked)


@pytest.fixture
def report() -> Callable[..., Report]:
    def made(
        *peers: Row, watched: Sequence[Job] = (ended_after(55),), unwatched: Sequence[Job] = (ended_after(90),)
    ) -> Report:
        return report_of([*ours(account(*watched), account(*unwatched)), *peers])

    return made


def goals(report: Report) -> list[bool]:
    return [goal.reached for goal in report.goals]


def test_ahead_of_every_peer_both_goals_are_reached(report: Callable[..., Report]) -> None:
    assert goals(report(peer("slow", ended_after(80)), peer("never", never_ended()))) == [True, True]


def test_a_peer_that_is_faster_is_seen(report: Callable[..., Report]) -> None:
    found = report(peer("fast", ended_after(54)), peer("never", never_ended()))
    assert goals(found) == [False, True]
    assert "fast" in found.goals[0].figure


def test_another_fault_than_the_others_is_not_ranked(report: Callable[..., Report]) -> None:
    assert goals(report(peer("slow", ended_after(80)), peer("child", ended_after(21), ranked=False))) == [True, True]


def test_one_generation_that_does_not_end_is_seen_watched_or_not(report: Callable[..., Report]) -> None:
    slow = peer("slow", ended_after(80))
    assert goals(report(slow, unwatched=[ended_after(90), never_ended()])) == [True, False]
    assert goals(report(slow, watched=[ended_after(55), never_ended(), ended_after(55)])) == [True, False]


def test_when_nobody_recovers_nobody_is_first(report: Callable[..., Report]) -> None:
    assert goals(report(peer("never", never_ended()), watched=[never_ended()])) == [False, False]


def test_the_report_tells_who_has_not_recovered_and_what_is_documented(report: Callable[..., Report]) -> None:
    found = report(peer("never", never_ended(), never_ended()))
    kills, documented = found.tables
    assert kills.rows[-1] == ("never", "> 120", "0 of 2", "2", "0", "0", "2")
    assert documented.rows[-1] == ("never", "an hour", "its documentation")
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)


def test_the_figures_are_json_that_any_program_reads(report: Callable[..., Report]) -> None:
    found = report(peer("never", never_ended(), ended_after(55), never_ended()))
    figures = json.loads(json.dumps(found.figures, allow_nan=False))
    assert figures["never"]["recoveries"] == [None, 35, None]
    assert figures["never"]["median"] is None


def test_of_ours_it_is_told_when_they_were_rescued_and_when_their_watchers_knew(report: Callable[..., Report]) -> None:
    watched = [ended_after(55, rescued=KILLED + 34, seen=KILLED + 57)]
    notes = report(peer("slow", ended_after(80)), watched=watched).tables[0].notes
    assert any("back in the queue after 34.0 (34.0 to 34.0) s" in note for note in notes)
    assert any("seen to end after 37.0 (37.0 to 37.0) s" in note for note in notes)


def test_a_server_that_is_missing_is_named_with_what_to_install() -> None:
    with pytest.raises(MissingServerError, match=r"no-such-server.*apt-get install redis-server postgresql"):
        find_program("no-such-server")


def test_no_two_contestants_share_a_name_or_a_queue() -> None:
    servers = Servers(Path())
    assert len({peer.name for peer in PEERS}) == len({peer.broker(servers) for peer in PEERS}) == len(PEERS)
