"""The two ceilings of an owner: generations open at once, and what a day may cost."""

from datetime import timedelta
from decimal import Decimal

from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.rows.worker import Shown
from shared.store.admission import Admitted
from shared.store.whole import Store
from tests.contract.admitting import FIVE, a_key, admit, refusal
from tests.factories import FakeClock

KINDS = ("flashcards",)


def ended(store: Store, clock: FakeClock, head: Generation, cost: str = "0") -> None:
    running = store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)
    store.worker.fail(running, Totals(0, Usage(1, 1, 1, Decimal(cost))), ErrorInfo("output_empty", "Empty."))


def let_in(admitted: Admitted) -> Generation:
    assert admitted.head is not None
    return admitted.head


def test_as_many_as_may_be_open_at_once_are_and_one_more_when_one_has_ended(
    store: Store, clock: FakeClock, owner: str
) -> None:
    policy = Policy({}, max_running=3)
    first, *_ = [let_in(admit(store, clock, owner, policy)) for _ in range(3)]
    refused = refusal(store, clock, owner, policy)
    assert (refused.code, refused.rate) == ("too_many_running", None)
    assert refused.retry_after_seconds > 0
    assert store.quota.use(owner, policy).running == 3
    ended(store, clock, first)
    assert store.quota.use(owner, policy).running == 2
    let_in(admit(store, clock, owner, policy))
    assert refusal(store, clock, owner, policy).code == "too_many_running"
    let_in(admit(store, clock, f"another {owner}", policy))


def test_one_with_a_long_deadline_is_counted_as_long_as_it_may_be_open(
    store: Store, clock: FakeClock, owner: str
) -> None:
    policy = Policy({"*": FIVE}, max_running=1)
    admit(store, clock, owner, policy, deadline_at=clock.now() + timedelta(hours=2))
    clock.pass_seconds(7_199)
    assert refusal(store, clock, owner, policy).code == "too_many_running"
    clock.pass_seconds(62)  # past its deadline: the sweeper's to end, and no reason to refuse
    let_in(admit(store, clock, owner, policy))


def test_nothing_starts_once_the_days_spend_is_reached_until_midnight(
    store: Store, clock: FakeClock, owner: str
) -> None:
    policy = Policy({}, max_daily_spend_usd=Decimal("0.5"))
    ended(store, clock, let_in(admit(store, clock, owner, policy)), "0.499999")
    ended(store, clock, let_in(admit(store, clock, owner, policy)), "0.000001")
    clock.pass_seconds(3_600.25)
    refused = refusal(store, clock, owner, policy)
    assert (refused.code, refused.retry_after_seconds) == ("daily_spend_reached", 23 * 3600)
    clock.pass_seconds(refused.retry_after_seconds)
    let_in(admit(store, clock, owner, policy))


def test_what_open_ones_have_spent_and_reserved_counts_to_the_day(store: Store, clock: FakeClock, owner: str) -> None:
    policy = Policy({}, max_daily_spend_usd=Decimal("0.5"))
    head = let_in(admit(store, clock, owner, policy))
    head = store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)
    head = store.worker.begin_call(head, "cards", Decimal("0.2"))
    head = store.worker.advance(head, Totals(1, Usage(1, 1, 1, Decimal("0.25"))), Shown(50, None), Decimal("0.2"))
    assert store.quota.use(owner, policy).spent_today_usd == Decimal("0.45")
    store.worker.begin_call(head, "more", Decimal("0.25"))
    assert refusal(store, clock, owner, policy).code == "daily_spend_reached"


def test_ceilings_of_zero_are_none(store: Store, clock: FakeClock, owner: str) -> None:
    policy = Policy({}, 0, Decimal(0))
    for _ in range(12):
        ended(store, clock, let_in(admit(store, clock, owner, policy)), "10")


def test_a_key_is_answered_though_a_ceiling_is_reached(store: Store, clock: FakeClock, owner: str) -> None:
    policy = Policy({}, max_running=1)
    first = admit(store, clock, owner, policy, key=a_key())
    assert refusal(store, clock, owner, policy).code == "too_many_running"
    assert admit(store, clock, owner, policy, key=a_key()).generation_id == first.generation_id
