"""Retrying many at once, what their owners' own retries would do, once each, at no one's expense."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from operations.reading import Reader
from operations.retry import BulkRetry, Line, RetryOutcome, Wanted
from shared.domain.errors import AdmissionRefusedError, StoreUnavailableError
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Limit, Policy
from shared.domain.states import Status
from shared.store.admission import Admission
from shared.store.retry import RetryStore
from shared.store.whole import Store
from tests.contract.admitting import admit
from tests.contract.counter import PAID, Counter, meanwhile
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input, store_over

DOWN = ErrorInfo("provider_unavailable", "The provider is down.")


@dataclass
class Outage:
    """Generations of one owner that failed together."""

    dynamodb: Any
    store: Store
    clock: FakeClock
    owner: str
    dispatch: RecordingDispatch = field(default_factory=RecordingDispatch)
    slept: list[float] = field(default_factory=list)

    def start(self, sealed: bytes | None = None, **changes: Any) -> Generation:
        generation = a_generation(self.clock, user_id=self.owner, **changes)
        head = self.store.admission.admit(
            generation, an_input(), Admission(Policy({}), seal=(lambda: sealed) if sealed else None)
        ).head
        assert head is not None
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), (head.kind,))

    def failed(self, error: ErrorInfo = DOWN, **changes: Any) -> Generation:
        """A generation that failed after its first step."""
        head = self.start(**changes)
        self.store.worker.store_step(head, a_step(self.clock, "outline", usage=PAID))
        self.store.worker.fail(head, Totals(1, PAID), error)
        self.clock.pass_seconds(1)
        return self.read(head)

    def canceled(self) -> Generation:
        head = self.start()
        self.store.endings.cancel(head.key)
        self.clock.pass_seconds(1)
        return self.read(head)

    def read(self, head: Generation) -> Generation:
        found = self.store.reads.get(head.key)
        assert found is not None
        return found

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.pass_seconds(seconds)

    def work(self) -> BulkRetry:
        reader = Reader(self.dynamodb, SETTINGS.table_name, self.clock)
        return BulkRetry(reader, self.store, self.dispatch, self.clock, SETTINGS, self.sleep)

    def retry(self, *, act: bool = True, limit: int = 100, per_second: float = 0.0, **wanted: Any) -> list[Line]:
        asked: dict[str, Any] = {"code": DOWN.code, "until": self.clock.now(), "owner": self.owner} | wanted
        return list(self.work().run(Wanted(**asked), act=act, limit=limit, per_second=per_second))

    def successors(self) -> list[Generation]:
        return [head for _, head in self.store.reads.newest(self.owner, None, 100) if head and head.retry_of]


@pytest.fixture
def outage(dynamodb: Any, store: Store, clock: FakeClock, owner: str) -> Outage:
    return Outage(dynamodb, store, clock, owner)


def ids(lines: list[Line]) -> set[str]:
    return {line.key.generation_id for line in lines}


def test_each_that_failed_so_is_tried_again_from_its_stored_steps(outage: Outage) -> None:
    failed = [outage.failed() for _ in range(3)]
    lines = outage.retry()
    assert ids(lines) == {head.generation_id for head in failed}
    assert {line.outcome for line in lines} == {RetryOutcome.RETRIED}
    successors = outage.successors()
    assert {new.retry_of for new in successors} == ids(lines)
    assert {outage.read(old).retried_as for old in failed} == {line.successor_id for line in lines}
    for new in successors:
        assert (new.status, new.steps_done, new.usage) == (Status.PENDING, 1, Usage())
        assert outage.store.reads.get_input(new.key) == replace(an_input(), request_id="")
    assert {sent.generation_id for sent in outage.dispatch.sent} == {new.generation_id for new in successors}


def test_a_dry_run_lists_them_and_stores_and_sends_nothing(outage: Outage) -> None:
    before = outage.failed()
    [line] = outage.retry(act=False)
    assert (line.outcome, line.successor_id) == (RetryOutcome.RETRIED, "")
    assert outage.read(before) == before
    assert outage.successors() == outage.dispatch.sent == []


def test_only_what_is_asked_for_is_tried_again(outage: Outage) -> None:
    early = outage.failed()
    began = outage.clock.now()
    middle, story = outage.failed(), outage.failed(kind="story")
    over = outage.clock.now()
    late, other, canceled = outage.failed(), outage.failed(ErrorInfo("output_refused", "No.")), outage.canceled()
    outage.start()

    def listed(**wanted: Any) -> set[str]:
        return ids(outage.retry(act=False, **wanted))

    assert listed() == {head.generation_id for head in (early, middle, story, late)}
    assert listed(since=began, until=over) == {middle.generation_id, story.generation_id}
    assert listed(kind="story") == {story.generation_id}
    assert listed(code="output_refused") == {other.generation_id}
    assert listed(code="canceled") == {canceled.generation_id}
    assert listed(owner="somebody else") == set()
    assert listed(since=middle.finished_at, until=story.finished_at) == {middle.generation_id}


def test_without_an_owner_the_whole_table_is_gone_through(outage: Outage, clock: FakeClock) -> None:
    other = Outage(outage.dynamodb, outage.store, clock, f"other {clock.token()}")
    mine, theirs = outage.failed(), other.failed()
    # Other tests share the table: leave their data alone.
    assert ids(outage.retry(owner=None, act=False)) >= {mine.generation_id, theirs.generation_id}


def test_run_again_it_tries_none_a_second_time(outage: Outage) -> None:
    for _ in range(3):
        outage.failed()
    assert len(outage.retry(limit=2)) == 2
    again = outage.retry()
    assert [line.outcome for line in again].count(RetryOutcome.RETRIED) == 1
    assert {line.reason for line in again if line.outcome is RetryOutcome.SKIPPED} == {"It was already retried."}
    assert len(outage.successors()) == 3


def test_interrupted_between_two_it_goes_on_when_it_is_run_again(outage: Outage) -> None:
    for _ in range(4):
        outage.failed()
    wanted = Wanted(DOWN.code, outage.clock.now(), owner=outage.owner)
    lines = outage.work().run(wanted, act=True, limit=100, per_second=0)
    next(lines), next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert len(outage.successors()) == 2
    outage.retry()
    assert len(outage.successors()) == len(outage.dispatch.sent) == 4


def test_what_an_owner_retries_at_the_same_moment_is_retried_once(outage: Outage, clock: FakeClock) -> None:
    head = outage.failed()
    counter = Counter(outage.store, clock, head, outage.dispatch)
    with meanwhile(counter.retry):
        [line] = outage.retry()
    assert (line.outcome, line.reason) == (RetryOutcome.SKIPPED, "It was already retried.")
    assert len(outage.successors()) == len(outage.dispatch.sent) == 1


def test_a_last_bill_that_comes_in_between_keeps_none_back(outage: Outage, clock: FakeClock) -> None:
    held = outage.start()
    outage.store.endings.cancel(held.key)
    clock.pass_seconds(1)
    with meanwhile(lambda: outage.store.worker.bills.bill(held, PAID, [])):
        [line] = outage.retry(code="canceled")
    assert line.outcome is RetryOutcome.RETRIED
    assert len(outage.successors()) == 1
    assert outage.read(held).usage == PAID.all_wasted()


def test_one_with_a_key_of_its_owners_is_left_out_with_a_line(outage: Outage) -> None:
    outage.failed(sealed=b"sealed")
    [line] = outage.retry()
    assert line.outcome is RetryOutcome.SKIPPED
    assert "own provider key" in line.reason
    assert outage.successors() == []


def input_gone(outage: Outage, head: Generation) -> None:
    key = {"pk": {"S": outage.owner}, "sk": {"S": f"I#{head.generation_id}"}}
    outage.dynamodb.delete_item(TableName=SETTINGS.table_name, Key=key)


def erasing(outage: Outage, _head: Generation) -> None:
    outage.store.erasure.mark_erasure(outage.owner, outage.clock.now() + timedelta(hours=1))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (input_gone, "The input is no longer kept, or cannot be read. Create a new generation."),
        (erasing, "erasing everything"),
    ],
)
def test_one_that_cannot_be_tried_again_is_left_out_with_a_line(
    outage: Outage, make: Callable[[Outage, Generation], None], reason: str
) -> None:
    make(outage, outage.failed())
    [line] = outage.retry()
    assert line.outcome is RetryOutcome.SKIPPED
    assert reason in line.reason
    assert outage.successors() == []


def test_one_whose_kind_is_not_made_any_more_is_left_out_with_a_line(outage: Outage) -> None:
    outage.failed(kind="opera")
    assert [line.reason for line in outage.retry()] == [
        "This kind no longer exists. Create a generation of another kind."
    ]


LIMITED = Policy({"*": Limit("create", 3, 300)}, max_running=4)


def test_the_owners_rate_limit_neither_holds_it_back_nor_pays_for_it(outage: Outage, clock: FakeClock) -> None:
    store = store_over(outage.dynamodb, clock, replace(SETTINGS, rate_limits=("*=3/300",)))
    for _ in range(2):
        admit(store, clock, outage.owner, LIMITED)
    before = store.quota.use(outage.owner, LIMITED)
    for _ in range(2):
        outage.failed()
    outage.store = store
    work = replace(outage.work(), settings=replace(SETTINGS, rate_limits=("*=3/300",)))
    wanted = Wanted(DOWN.code, clock.now(), owner=outage.owner)
    assert len(list(work.run(wanted, act=True, limit=9, per_second=0))) == 2
    after = store.quota.use(outage.owner, LIMITED)
    assert [rate.remaining for rate in after.rates] == [rate.remaining for rate in before.rates] == [1]
    # The generations that it started are open all the same, and the owner's limit counts them.
    assert after.running == before.running + 2 == 4
    with pytest.raises(AdmissionRefusedError, match="too_many_running"):
        admit(store, clock, outage.owner, LIMITED)


def test_what_it_started_is_open_for_an_owner_who_started_nothing_of_late(outage: Outage) -> None:
    outage.failed()
    assert outage.store.quota.use(outage.owner, LIMITED).running == 0
    outage.retry()
    assert outage.store.quota.use(outage.owner, LIMITED).running == 1


def test_no_more_are_started_in_a_second_than_it_was_told(outage: Outage) -> None:
    for _ in range(3):
        outage.failed()
    outage.retry(per_second=4)
    assert outage.slept == [0.25] * 3


def test_what_the_queue_does_not_take_is_told_and_left_to_the_sweeper(outage: Outage) -> None:
    outage.failed()
    outage.dispatch.fails = True
    [line] = outage.retry()
    assert line.outcome is RetryOutcome.NOT_SENT
    [new] = outage.successors()
    assert new.due_at is not None


def test_a_table_that_does_not_answer_ends_it(outage: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    outage.failed()

    def unavailable(*_arguments: Any, **_more: Any) -> None:
        raise StoreUnavailableError("ThrottlingException")

    monkeypatch.setattr(RetryStore, "retry", unavailable)
    with pytest.raises(StoreUnavailableError):
        outage.retry()


def change(outage: Outage, sort_key: str, name: str, value: dict[str, Any]) -> None:
    outage.dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key={"pk": {"S": outage.owner}, "sk": {"S": sort_key}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": value},
    )


def test_a_damaged_generation_is_passed_over_and_named_and_the_others_are_retried(outage: Outage) -> None:
    heads = [outage.failed() for _ in range(5)]
    change(outage, f"G#{heads[0].generation_id}", "created_at", {"S": "yesterday"})
    change(outage, f"G#{heads[1].generation_id}", "deadline_at", {"N": "9e20"})
    change(outage, f"I#{heads[2].generation_id}", "content", {"B": b"no zlib"})
    change(outage, f"S#{heads[3].generation_id}#outline", "result", {"B": b"no zlib"})
    lines = {line.key.generation_id: line for line in outage.retry()}
    assert [lines[head.generation_id].outcome for head in heads] == ["skipped"] * 3 + ["retried"] * 2
    assert "KeyError" not in lines[heads[2].generation_id].reason
    assert "cannot be read" in lines[heads[0].generation_id].reason
    assert len(outage.successors()) == 2


def test_a_damaged_generation_that_has_not_failed_is_not_named(outage: Outage) -> None:
    head = outage.start()
    change(outage, f"G#{head.generation_id}", "created_at", {"S": "yesterday"})
    assert outage.retry() == []
