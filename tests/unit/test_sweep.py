"""The sweep covers every shard, handles each head separately, and keeps its time limit."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from functions.sweeper import handler as sweeper
from functions.sweeper.service import Sweep
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Called, Generation, Totals, Usage
from shared.domain.states import Status
from shared.rescue import Rescuer
from shared.store.deployment_spend import DeploymentSpend
from shared.store.keys import DUE_SHARDS, due_shard, head_key
from shared.store.marshalling import marshal, to_epoch
from shared.store.reads import Due, Reader
from shared.store.whole import Store
from tests.factories import SETTINGS, START, FakeClock, RecordingDispatch, a_generation, an_input, store_over
from tests.unit.emf import metrics_of

pytestmark = pytest.mark.any_kinds


def never() -> bool:
    return False


@dataclass
class Rounds:
    """A sweep over a new table."""

    store: Store
    clock: FakeClock
    dispatch: RecordingDispatch

    @property
    def sweep(self) -> Sweep:
        return Sweep(
            self.store.reads,
            self.store.sweeps,
            Rescuer(self.store.rescuer, self.dispatch, self.clock, SETTINGS, ("flashcards",)),
            self.clock,
            DeploymentSpend(self.store.ground),
        )

    def pending(self, count: int = 1) -> list[Generation]:
        return [self.store.admission.create(a_generation(self.clock), an_input()) for _ in range(count)]

    def run(self, time_is_up: Callable[[], bool] = never) -> Counter[str]:
        return self.sweep.run(time_is_up).report


@pytest.fixture
def rounds(store: Store, clock: FakeClock) -> Rounds:
    return Rounds(store, clock, RecordingDispatch())


def unreadable(dynamodb: Any, clock: FakeClock, **broken: Any) -> None:
    """Put a head that no code can decode into the index, due before all others."""
    head = a_generation(clock)
    item = {"due_at": to_epoch(START), "due_shard": due_shard(head.generation_id), "status": "pending"} | broken
    dynamodb.put_item(TableName=SETTINGS.table_name, Item=head_key(head.key) | marshal(item))


def test_what_is_due_in_any_shard_is_rescued_and_what_is_not_is_left(rounds: Rounds) -> None:
    due = rounds.pending(25)
    assert len({due_shard(head.generation_id) for head in due}) > 5
    rounds.clock.pass_seconds(60)
    later = rounds.pending()
    assert rounds.run() == {"sent_again": 25}
    assert {head.generation_id for head in rounds.dispatch.sent} == {head.generation_id for head in due}
    assert rounds.store.reads.get(later[0].key) == later[0]
    assert rounds.run() == {}


def test_it_comes_by_every_shard_once(rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def nothing(_store: Store, shard: int, _now: datetime) -> list[tuple[str, str]]:
        seen.append(shard)
        return []

    monkeypatch.setattr(Reader, "due", nothing)
    rounds.run()
    assert sorted(seen) == list(range(DUE_SHARDS))


def test_all_shards_are_swept_at_once(rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(DUE_SHARDS)

    def await_the_others(_store: Store, _shard: int, _now: datetime) -> list[tuple[str, str]]:
        together.wait(timeout=30)  # breaks unless every shard gets here
        return []

    monkeypatch.setattr(Reader, "due", await_the_others)
    assert rounds.run() == {}


def test_a_shard_that_cannot_be_read_fails_the_sweep_and_keeps_it_from_no_other(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    due, due_in = rounds.pending(25), Reader.due
    unread = due_shard(due[0].generation_id)
    rounds.clock.pass_seconds(60)

    def unless_it_is(self: Reader, shard: int, now: datetime) -> Iterator[Due]:
        if str(shard) == unread:
            raise StoreUnavailableError("ThrottlingException")
        return due_in(self, shard, now)

    monkeypatch.setattr(Reader, "due", unless_it_is)
    monkeypatch.setattr(sweeper, "_sweep", lambda: rounds.sweep)
    with pytest.raises(StoreUnavailableError):
        sweeper.handler({}, Context(60_000))
    others = {head.generation_id for head in due if due_shard(head.generation_id) != unread}
    assert {head.generation_id for head in rounds.dispatch.sent} == others
    assert rounds.store.sweeps.last_sweep() is None, "health goes on telling of the sweep before"
    told = metrics_of(capsys.readouterr().out)
    assert (told["StaleFound"], told["RescueSentAgain"]) == ([len(others)], [len(others)]), "what was done is told"


BROKEN: list[dict[str, Any]] = [{"status": "unheard of"}, {"created_at": "yesterday"}, {"error": {"no": "code"}}]


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_a_head_that_cannot_be_decoded_does_not_stop_the_sweep(
    rounds: Rounds, dynamodb: Any, clock: FakeClock, broken: dict[str, Any]
) -> None:
    for _ in range(30):
        unreadable(dynamodb, clock, **broken)
    rounds.pending(10)
    clock.pass_seconds(60)
    assert rounds.run() == {"error": 30, "sent_again": 10}


def test_a_head_that_is_gone_since_the_index_was_read_is_passed_over(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds.pending(2)
    rounds.clock.pass_seconds(60)
    monkeypatch.setattr(Reader, "get", lambda *_: None)
    assert rounds.run() == {"gone": 2}


def test_a_sweep_that_is_out_of_time_says_so_and_leaves_the_rest_to_the_next(rounds: Rounds) -> None:
    rounds.pending(5)
    rounds.clock.pass_seconds(60)
    turns = iter((False, False))  # which threads get them is open

    report = rounds.run(lambda: next(turns, True))
    assert report == {"sent_again": 2, "out_of_time": 1}
    mark = rounds.store.sweeps.last_sweep()
    assert mark is not None
    assert not mark.complete
    assert rounds.run() == {"sent_again": 3}


def test_one_sweep_past_the_deadline_leaves_nothing_open(rounds: Rounds) -> None:
    heads = rounds.pending(3)
    rounds.clock.pass_seconds(900)
    assert rounds.run() == {"expired": 3}
    ended = [rounds.store.reads.get(head.key) for head in heads]
    assert {head.status for head in ended if head} == {Status.FAILED}
    assert rounds.run() == {}


class Context:
    """Lambda's context of a sweep that has this many milliseconds left."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.mark.parametrize(("left", "report"), [(10_000, {"sent_again": 1}), (9_999, {"out_of_time": 1})])
def test_the_function_sweeps_while_ten_seconds_are_left(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch, left: int, report: dict[str, int]
) -> None:
    rounds.pending()
    rounds.clock.pass_seconds(60)
    monkeypatch.setattr(sweeper, "_sweep", lambda: rounds.sweep)
    assert sweeper.handler({}, Context(left)) == report


def test_a_sweep_logs_what_it_found_and_nothing_while_nothing_is_due(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds.pending(2)
    monkeypatch.setattr(sweeper, "_sweep", lambda: rounds.sweep)
    with caplog.at_level("INFO"):
        sweeper.handler({}, Context(60_000))
        assert caplog.records == []
        rounds.clock.pass_seconds(60)
        sweeper.handler({}, Context(60_000))
    assert [(record.message, vars(record)["report"]) for record in caplog.records] == [("swept", {"sent_again": 2})]


def test_the_function_measures_what_the_sweep_found(
    rounds: Rounds, dynamodb: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds.pending(2)
    unreadable(dynamodb, rounds.clock, status="unheard of")
    rounds.clock.pass_seconds(900)
    monkeypatch.setattr(sweeper, "_sweep", lambda: rounds.sweep)
    sweeper.handler({}, Context(60_000))
    assert metrics_of(capsys.readouterr().out) == {
        "StaleFound": [2],
        "RescueExpired": [2],
        "Failed": [2],
        "Failures": [2],
        "LatencySeconds": [900, 900],
        "PendingSeconds": [900, 900],
        "Attempts": [0, 0],
        "Errors": [1],
        "OpenBeyondBound": [1],  # the one that cannot be read has been due for 900 s
    }


def test_the_function_tells_how_long_the_oldest_has_been_pending_as_long_as_it_is(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (head,) = rounds.pending()
    monkeypatch.setattr(sweeper, "_sweep", lambda: rounds.sweep)
    monkeypatch.setattr("shared.wiring.clock", rounds.clock)
    ages: list[float] = []
    for _ in range(3):
        rounds.clock.pass_seconds(60)
        sweeper.handler({}, Context(60_000))
        ages += metrics_of(capsys.readouterr().out)["OldestPendingSeconds"]
    assert ages == [60, 120, 180], "though it is not due each time: it was sent again"
    rounds.store.worker.claim(Called(head.key, head.fence), "holder", ("flashcards",))
    sweeper.handler({}, Context(60_000))
    assert metrics_of(capsys.readouterr().out) == {"OpenBeyondBound": [0]}


BOUND = SETTINGS.sweep_bound_seconds


def beyond_bound(rounds: Rounds, time_is_up: Callable[[], bool] = never) -> int:
    return rounds.sweep.run(time_is_up).beyond_bound


def test_what_a_sweep_ends_within_its_bound_is_as_promised_and_later_it_is_counted(rounds: Rounds) -> None:
    rounds.pending(3)
    rounds.clock.pass_seconds(900 + BOUND)
    on_time = rounds.sweep.run(never)
    assert (on_time.report["expired"], on_time.beyond_bound) == (3, 0)
    rounds.pending(2)
    rounds.clock.pass_seconds(900 + BOUND + 1)
    late = rounds.sweep.run(never)
    assert (late.report["expired"], late.beyond_bound) == (2, 2), "though they have ended now"
    assert beyond_bound(rounds) == 0


def test_what_lives_within_its_deadline_is_not_beyond_its_bound_however_long_it_was_due(rounds: Rounds) -> None:
    rounds.pending(2)
    rounds.clock.pass_seconds(899)
    assert beyond_bound(rounds) == 0


@pytest.mark.parametrize("broken", [{"status": "unheard of"}, {"status": 7, "kind": ["no", "kind"]}])
def test_a_head_that_no_sweep_can_read_is_counted_by_each_of_them(
    rounds: Rounds, dynamodb: Any, broken: dict[str, Any]
) -> None:
    unreadable(dynamodb, rounds.clock, **broken)
    rounds.clock.pass_seconds(BOUND)
    assert beyond_bound(rounds) == 0
    rounds.clock.pass_seconds(1)
    assert [beyond_bound(rounds) for _ in range(3)] == [1, 1, 1]


def test_a_status_of_a_newer_version_is_ended_in_time_like_any_other(rounds: Rounds, dynamodb: Any) -> None:
    (head,) = rounds.pending()
    dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=head_key(head.key),
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "parked"}},
    )
    rounds.clock.pass_seconds(900 + BOUND)
    found = rounds.sweep.run(never)
    assert (found.report["expired"], found.beyond_bound) == (1, 0)


def test_a_head_that_no_sweep_can_move_is_counted_once_its_own_bound_is_over(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds.pending()

    def cannot(*_given: object) -> None:
        raise StoreUnavailableError("AccessDeniedException")

    monkeypatch.setattr(type(rounds.store.rescuer), "expire", cannot)
    rounds.clock.pass_seconds(900 + BOUND)
    assert (rounds.run(), beyond_bound(rounds)) == ({"error": 1}, 0)
    rounds.clock.pass_seconds(1)
    assert beyond_bound(rounds) == 1


def test_a_sweep_that_has_no_time_left_says_at_least_that_there_are_some(rounds: Rounds) -> None:
    rounds.pending()
    rounds.clock.pass_seconds(60 + BOUND)
    assert beyond_bound(rounds, lambda: True) == 0
    rounds.clock.pass_seconds(1)
    assert beyond_bound(rounds, lambda: True) == 1


def test_the_function_tells_how_much_of_the_deployments_day_is_spent(
    dynamodb: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = store_over(dynamodb, clock, replace(SETTINGS, max_deployment_daily_spend_usd=4.0))
    rounds = Rounds(store, clock, RecordingDispatch())
    (head,) = rounds.pending()
    held = store.worker.claim(Called(head.key, head.fence), "holder", ("flashcards",))
    store.worker.succeed(held, Totals(1, Usage(1, 1, 1, Decimal("3.25"))), "cards")
    monkeypatch.setattr(sweeper, "_sweep", lambda: rounds.sweep)
    sweeper.handler({}, Context(60_000))
    assert metrics_of(capsys.readouterr().out) == {"DeploymentSpendPercent": [81.25], "OpenBeyondBound": [0]}


def test_a_spend_that_cannot_be_read_keeps_nothing_from_being_told(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(*_: Any) -> float:
        raise StoreUnavailableError("ThrottlingException")

    monkeypatch.setattr(DeploymentSpend, "percent", down)
    monkeypatch.setattr(sweeper, "_sweep", lambda: rounds.sweep)
    rounds.pending()
    rounds.clock.pass_seconds(60)
    assert sweeper.handler({}, Context(60_000)) == {"sent_again": 1}
    assert metrics_of(capsys.readouterr().out)["RescueSentAgain"] == [1]
