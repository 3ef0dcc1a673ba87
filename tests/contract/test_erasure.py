"""Erasing everything of an owner, against moto and MiniStack: bounded, resumable, and done only when it is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from functions.actions import erase
from functions.actions.erase import EraseService
from shared.domain.errors import LeaseLostError, StoreUnavailableError
from shared.domain.generation import Called, Event, Generation, GenerationKey, Totals, Usage
from shared.domain.limits import policy_of
from shared.domain.pseudonym import pseudonym
from shared.domain.states import Status
from shared.store.admission import Admission
from shared.store.ending import EndingStore
from shared.store.erasure import ErasureStore
from shared.store.marshalling import unmarshal
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_acceptance, an_input, store_over
from tests.unit.emf import metrics_of
from tests.unit.requests import a_request, body_of

KINDS = ("flashcards",)
LEASE = SETTINGS.lease_seconds
UNLIMITED = replace(SETTINGS, rate_limits=(), max_running=0, max_daily_spend_usd=0.0)
LIMITED = replace(SETTINGS, rate_limits=("*=5/300",), max_running=0, max_daily_spend_usd=5.0)


@dataclass
class Account:
    """An owner, and the owner's items in the table."""

    store: Store
    clock: FakeClock
    dynamodb: Any
    name: str
    content_erased: bool = False
    """The last call's answer."""

    def items(self) -> dict[str, dict[str, Any]]:
        found = self.dynamodb.query(
            TableName=SETTINGS.table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": self.name}},
            ConsistentRead=True,
        )["Items"]
        return {item["sk"]["S"]: unmarshal(item) for item in found}

    def erase(self) -> tuple[int, bool, int | None]:
        """Call once; return the status, `done`, and when to call again."""
        service = EraseService(self.store.erasure, self.store.endings, self.clock, self.store.ground.settings)
        answer = service.erase(a_request(self.name))
        retry_after = answer.headers.get("retry-after")
        self.content_erased = body_of(answer)["content_erased"]
        return answer.status, body_of(answer)["done"], None if retry_after is None else int(retry_after)

    def pending(self) -> Generation:
        return self.store.admission.create(a_generation(self.clock, user_id=self.name), an_input())

    def running(self) -> Generation:
        head = self.pending()
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)

    def succeeded(self) -> Generation:
        head = self.running()
        self.store.worker.store_step(head, a_step(self.clock))
        self.store.worker.succeed(head, Totals(1, Usage(1, 100, 50, Decimal("0.5"))), "cards")
        found = self.store.reads.get(head.key)
        assert found is not None
        return found


@pytest.fixture
def an_account(dynamodb: Any, clock: FakeClock) -> Callable[..., Account]:
    def make(settings: Any = UNLIMITED) -> Account:
        return Account(store_over(dynamodb, clock, settings), clock, dynamodb, f"owner-{clock.token()}")

    return make


@pytest.fixture
def account(an_account: Callable[..., Account]) -> Account:
    return an_account()


def test_who_has_nothing_is_done_at_once(account: Account) -> None:
    assert account.erase() == (200, True, None)
    assert account.items() == {}


def test_who_has_nothing_to_erase_costs_reads_of_the_table_alone(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing of the bucket costs as much as forty reads, and any token can ask for it again and again."""
    account.succeeded()
    account.erase()
    account.clock.pass_seconds(LEASE)
    assert account.erase() == (200, True, None)
    asked: list[str] = []
    table, objects = account.store.ground.table, account.store.ground.objects
    for name in ("put", "update", "delete", "delete_many", "transact"):
        monkeypatch.setattr(table, name, lambda *_, name=name, **__: asked.append(name))
    monkeypatch.setattr(objects, "delete_some", lambda *_: asked.append("list"))
    assert account.erase() == (200, True, None)
    assert asked == []


def test_an_erasure_leaves_one_line_for_the_auditor_that_names_nobody(
    account: Account, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "logger", lambda: logging.getLogger("audit"))
    account.pending()
    with caplog.at_level(logging.INFO, logger="audit"):
        account.erase()
        assert caplog.records == [], "not over yet"
        account.clock.pass_seconds(LEASE)
        for _ in range(3):
            assert account.erase() == (200, True, None)
    [line] = caplog.records
    assert (line.message, line.__dict__["owner"]) == ("erased", pseudonym(account.name, SETTINGS.owner_key))
    assert account.name not in str(line.__dict__)


def test_a_call_that_dies_before_it_listed_the_objects_leaves_that_to_the_next(
    account: Account, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.succeeded()
    clock.pass_seconds(LEASE)
    objects = account.store.ground.objects

    def fail(_owner: str) -> int:
        raise StoreUnavailableError("SlowDown")

    with monkeypatch.context() as patched:
        patched.setattr(objects, "delete_some", fail)
        with pytest.raises(StoreUnavailableError):
            account.erase()
    assert account.items().keys() == {"X#erase"}
    listed: list[str] = []

    def find_none(owner: str) -> int:
        listed.append(owner)
        return 0

    monkeypatch.setattr(objects, "delete_some", find_none)
    assert account.erase() == (200, True, None)
    assert listed == [account.name]


def test_everything_of_the_owner_goes_and_nothing_of_anothers(
    account: Account, an_account: Callable[..., Account], clock: FakeClock
) -> None:
    other = an_account()
    for one in (account, other):
        head = one.succeeded()
        one.store.reviews.review(head, an_acceptance(clock, head))
        one.store.timeline.note(head, Event("released", clock.now(), 1))
        one.pending()
    kinds_of_items = {sort_key.partition("#")[0] for sort_key in account.items()}
    assert kinds_of_items == {"C", "E", "G", "I", "R", "S", "U"}
    theirs = other.items()
    assert account.erase() == (202, False, LEASE)
    assert account.items().keys() == {"X#erase"}
    clock.pass_seconds(LEASE)
    assert account.erase() == (200, True, None)
    assert account.items() == {}
    assert other.items() == theirs


def test_an_old_account_without_open_generations_is_done_in_one_call(account: Account, clock: FakeClock) -> None:
    for _ in range(3):
        account.succeeded()
    clock.pass_seconds(LEASE)
    assert account.erase() == (200, True, None)
    assert account.items() == {}


def test_done_is_said_again_however_often_it_is_asked(account: Account) -> None:
    account.pending()
    account.erase()
    account.clock.pass_seconds(LEASE)
    assert [account.erase() for _ in range(3)] == [(200, True, None)] * 3


def test_a_running_worker_finds_its_generation_gone_and_what_it_still_stores_goes_too(account: Account) -> None:
    head = account.running()
    assert account.erase() == (202, False, LEASE)
    with pytest.raises(LeaseLostError):
        account.store.worker.heartbeat(head, 50, None)
    with pytest.raises(LeaseLostError):
        account.store.worker.succeed(head, Totals(1, Usage(1)), "cards")
    # Storing a step needs no lease: the one write of a worker that is still possible.
    account.store.worker.store_step(head, a_step(account.clock))
    assert account.items().keys() == {"X#erase", f"S#{head.generation_id}#cards"}
    account.clock.pass_seconds(LEASE - 1)
    assert account.erase() == (202, False, 1), "its lease is not over yet"
    account.store.worker.store_step(head, a_step(account.clock))
    account.clock.pass_seconds(1)
    assert account.erase() == (200, True, None)
    assert account.items() == {}


def test_a_generation_that_is_begun_while_the_erasure_waits_goes_too_and_is_waited_for(account: Account) -> None:
    account.pending()
    account.erase()
    account.clock.pass_seconds(LEASE - 10)
    account.running()
    assert account.erase() == (202, False, LEASE)
    account.clock.pass_seconds(10)
    assert account.erase() == (202, False, LEASE - 10), "the first mark's time has come, and the second's has not"


def test_an_owner_may_begin_anew_afterwards(account: Account) -> None:
    account.succeeded()
    account.clock.pass_seconds(LEASE)
    assert account.erase() == (200, True, None)
    assert account.succeeded().status is Status.SUCCEEDED


def test_more_than_one_batch_goes_in_one_call(account: Account) -> None:
    for _ in range(30):
        account.pending()
    assert account.erase() == (202, False, LEASE)
    assert account.items().keys() == {"X#erase"}


def test_a_call_that_runs_out_of_time_is_gone_on_with_by_the_next(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        account.pending()
    monkeypatch.setattr(erase, "_HEADS_AT_ONCE", 2)
    cancel = EndingStore.cancel

    def slow(store: EndingStore, *arguments: Any) -> Generation | None:
        account.clock.pass_seconds(3)
        return cancel(store, *arguments)

    monkeypatch.setattr(EndingStore, "cancel", slow)
    assert account.erase() == (202, False, 1)
    assert len([one for one in account.items() if one.startswith("G#")]) == 3
    account.erase()
    account.erase()
    assert account.items().keys() == {"X#erase"}


def test_a_call_that_dies_after_it_deleted_heads_has_left_the_mark(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = account.running()
    delete_items = ErasureStore.delete_items

    def die(store: ErasureStore, owner: str, sort_keys: list[str]) -> None:
        delete_items(store, owner, sort_keys)
        raise StoreUnavailableError("the process ended here")

    with monkeypatch.context() as patched:
        patched.setattr(ErasureStore, "delete_items", die)
        with pytest.raises(StoreUnavailableError):
            account.erase()
    assert f"G#{head.generation_id}" not in account.items()
    assert account.erase() == (202, False, LEASE), "the lease of a head that nobody can read any more"


def test_of_two_calls_at_once_none_says_done_when_the_other_found_more(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.pending()
    account.erase()
    account.clock.pass_seconds(LEASE)
    unmark = ErasureStore.unmark_erasure

    def overtaken(store: ErasureStore, owner: str, not_before: Any) -> bool:
        account.running()
        with monkeypatch.context() as patched:
            patched.setattr(ErasureStore, "unmark_erasure", unmark)
            assert account.erase()[:2] == (202, False)
        return unmark(store, owner, not_before)

    monkeypatch.setattr(ErasureStore, "unmark_erasure", overtaken)
    assert account.erase()[:2] == (202, False)


def test_an_erasure_is_no_way_around_the_limits_and_is_done_when_they_have_lapsed(
    an_account: Callable[..., Account],
) -> None:
    account = an_account(LIMITED)
    generation = a_generation(account.clock, user_id=account.name)
    admitted = account.store.admission.admit(generation, an_input(), Admission(policy_of(LIMITED)))
    assert admitted.head is not None
    head = account.store.worker.claim(
        Called(GenerationKey(account.name, admitted.generation_id), 1), account.clock.token(), KINDS
    )
    account.store.worker.succeed(head, Totals(1, Usage(1, 100, 50, Decimal("4.5"))), "cards")
    account.clock.pass_seconds(LEASE)
    day = 86_400 - int(LEASE)  # the fake clock begins at midnight
    assert account.erase() == (202, False, day)
    assert account.content_erased
    left = account.items()
    assert left.keys() == {"L#create", "U#2026-01-01"}
    assert left["U#2026-01-01"].keys() == {"pk", "sk", "cost_usd", "expires_at"}
    standing = account.store.quota.use(account.name, policy_of(LIMITED))
    assert (standing.rates[0].remaining, standing.running, standing.spent_today_usd) == (4, 0, Decimal("4.5"))
    account.clock.pass_seconds(300)
    assert account.erase() == (202, False, day - 300)
    assert account.items().keys() == {"U#2026-01-01"}, "each goes once it binds nobody any more"
    account.clock.pass_seconds(day - 300)
    assert account.erase() == (200, True, None)
    assert account.items() == {}


def test_an_erasure_is_no_way_around_a_month_either(an_account: Callable[..., Account]) -> None:
    monthly = replace(UNLIMITED, max_monthly_spend_usd=2.0)
    account = an_account(monthly)
    account.succeeded()
    account.clock.pass_seconds(86_400)
    account.succeeded()
    account.clock.pass_seconds(LEASE)
    status, done, wait = account.erase()
    assert (status, done, account.content_erased) == (202, False, True)
    assert wait == 30 * 86_400 - LEASE, "until the month is over"
    left = account.items()
    assert left.keys() >= {"U#2026-01-01", "U#2026-01-02"}
    for day in ("U#2026-01-01", "U#2026-01-02"):
        assert left[day].keys() == {"pk", "sk", "cost_usd", "expires_at"}
    assert account.store.quota.use(account.name, policy_of(monthly)).spent.month == Decimal(1)
    before = account.items()
    account.erase()
    assert account.items() == before, "what is stripped is not written again"
    account.clock.pass_seconds(wait)
    assert account.erase() == (200, True, None)
    assert account.items() == {}


def test_what_is_used_after_an_erasure_on_the_same_day_does_not_lapse_with_what_was_erased(
    an_account: Callable[..., Account],
) -> None:
    account = an_account(LIMITED)
    account.succeeded()
    account.clock.pass_seconds(LEASE)
    account.erase()
    assert "expires_at" in account.items()["U#2026-01-01"]
    account.succeeded()
    used = account.items()["U#2026-01-01"]
    assert "expires_at" not in used
    assert (used["generations"], used["cost_usd"]) == (1, Decimal("1.0")), "the ceiling goes by both"


def test_a_rate_limit_alone_is_waited_for_as_long_as_its_window(an_account: Callable[..., Account]) -> None:
    account = an_account(replace(LIMITED, max_daily_spend_usd=0.0))
    generation = a_generation(account.clock, user_id=account.name)
    account.store.admission.admit(generation, an_input(), Admission(policy_of(LIMITED)))
    assert account.erase() == (202, False, LEASE)
    assert not account.content_erased, "a worker may still hold it"
    account.clock.pass_seconds(LEASE)
    status, done, wait = account.erase()
    assert (status, done, account.content_erased) == (202, False, True)
    assert wait is not None
    account.clock.pass_seconds(wait)
    assert account.erase() == (200, True, None)
    assert account.items() == {}


def test_an_erasure_tells_of_each_open_generation_that_it_ends_once(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.pending()
    account.running()
    account.succeeded()
    account.erase()
    assert metrics_of(capsys.readouterr().out) == {"Canceled": [2]}
    account.erase()
    assert capsys.readouterr().out == ""


DAMAGED_HEADS: dict[str, dict[str, Any]] = {
    "a status that is no word": {"status": {"N": "7"}},
    "a time beyond all calendars": {"deadline_at": {"N": "9e20"}},
    "a heartbeat at the end of all calendars": {"heartbeat_at": {"N": "253402300799"}},
    "a cost that is a word": {"cost_usd": {"S": "much"}},
    "no status": {},
}


def put(account: Account, sort_key: str, **attributes: Any) -> None:
    account.dynamodb.put_item(
        TableName=SETTINGS.table_name,
        Item={"pk": {"S": account.name}, "sk": {"S": sort_key}, **attributes},
    )


def raw(account: Account, sort_key: str) -> dict[str, Any]:
    key = {"pk": {"S": account.name}, "sk": {"S": sort_key}}
    return dict(account.dynamodb.get_item(TableName=SETTINGS.table_name, Key=key, ConsistentRead=True)["Item"])


def erased_within_two_leases(account: Account) -> bool:
    for _ in range(4):
        status, done, wait = account.erase()
        if done:
            return status == 200 and account.items() == {}
        account.clock.pass_seconds(wait or 0)
        assert (wait or 0) <= 2 * LEASE
    return False


@pytest.mark.parametrize("name", DAMAGED_HEADS)
def test_a_head_that_cannot_be_read_is_erased_with_all_the_others(account: Account, name: str) -> None:
    account.succeeded()
    odd, _ = account.running(), account.pending()
    sort_key = f"G#{odd.generation_id}"
    put(account, sort_key, **{**raw(account, sort_key), **DAMAGED_HEADS[name]} if DAMAGED_HEADS[name] else {})
    assert erased_within_two_leases(account)


def test_a_generation_whose_step_cannot_be_read_is_erased(account: Account) -> None:
    head = account.running()
    put(account, f"S#{head.generation_id}#cards", position={"S": "first"}, result={"B": b"no zlib"})
    assert erased_within_two_leases(account)


@pytest.mark.parametrize("value", [{"N": "253402300799"}, {"N": "9e30"}, {"S": "never"}, {"L": []}])
def test_a_mark_that_no_lease_explains_delays_an_erasure_by_a_lease_at_most(account: Account, value: Any) -> None:
    account.succeeded()
    put(account, "X#erase", not_before=value, expires_at={"N": "253402300799"})
    assert erased_within_two_leases(account)


def test_limits_that_cannot_be_read_keep_nobody_from_erasing(an_account: Callable[..., Account]) -> None:
    account = an_account(LIMITED)
    account.succeeded()
    put(account, "L#create", windows={"S": "none"})
    put(account, f"U#{account.clock.now().date().isoformat()}", cost_usd={"S": "much"})
    assert erased_within_two_leases(account)
