"""An owner's monthly spending limit: the sum of its days in UTC, with the open generations, until the month is over."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.domain.clock import month_after
from shared.domain.generation import Called, Generation
from shared.domain.limits import Policy
from shared.store.admission import Admission
from shared.store.whole import Store
from tests.contract.admitting import admit, refusal
from tests.contract.test_ceilings import KINDS, ended, let_in
from tests.factories import FakeClock, a_generation, an_input

MONTHLY = Policy({}, max_monthly_spend_usd=Decimal(1))
DAY = 86_400


def test_nothing_starts_once_the_months_days_have_cost_the_ceiling_until_the_next_month(
    store: Store, clock: FakeClock, owner: str
) -> None:
    ended(store, clock, let_in(admit(store, clock, owner, MONTHLY)), "0.4")
    clock.pass_seconds(9 * DAY)
    ended(store, clock, let_in(admit(store, clock, owner, MONTHLY)), "0.599999")
    clock.pass_seconds(DAY)
    ended(store, clock, let_in(admit(store, clock, owner, MONTHLY)), "0.000001")
    clock.pass_seconds(DAY + 0.25)
    refused = refusal(store, clock, owner, MONTHLY)
    assert (refused.code, refused.retry_after_seconds) == ("monthly_spend_reached", (31 - 11) * DAY)
    spent = store.quota.use(owner, MONTHLY).spent
    assert spent == (Decimal(0), Decimal(1))
    let_in(admit(store, clock, f"another {owner}", MONTHLY))
    clock.pass_seconds(refused.retry_after_seconds)
    let_in(admit(store, clock, owner, MONTHLY))
    assert store.quota.use(owner, MONTHLY).spent.month == 0


def test_what_open_ones_have_spent_and_reserved_counts_to_the_month(store: Store, clock: FakeClock, owner: str) -> None:
    ended(store, clock, let_in(admit(store, clock, owner, MONTHLY)), "0.5")
    clock.pass_seconds(DAY)
    head = let_in(admit(store, clock, owner, MONTHLY))
    running = store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)
    store.worker.begin_call(running, "cards", Decimal("0.5"))
    assert store.quota.use(owner, MONTHLY).spent == (Decimal("0.5"), Decimal(1))
    assert refusal(store, clock, owner, MONTHLY).code == "monthly_spend_reached"


def test_both_ceilings_hold_beside_each_other(store: Store, clock: FakeClock, owner: str) -> None:
    both = Policy({}, max_daily_spend_usd=Decimal("0.5"), max_monthly_spend_usd=Decimal("0.75"))
    ended(store, clock, let_in(admit(store, clock, owner, both)), "0.5")
    assert refusal(store, clock, owner, both).code == "daily_spend_reached"
    clock.pass_seconds(DAY)
    ended(store, clock, let_in(admit(store, clock, owner, both)), "0.25")
    refused = refusal(store, clock, owner, both)
    assert refused.code == "monthly_spend_reached"
    assert store.quota.use(owner, both).spent == (Decimal("0.25"), Decimal("0.75"))


def test_a_key_of_the_owners_own_neither_counts_nor_is_held_up(store: Store, clock: FakeClock, owner: str) -> None:
    def with_a_key() -> Generation:
        admission = Admission(MONTHLY, seal=lambda: b"sealed")
        return let_in(store.admission.admit(a_generation(clock, user_id=owner), an_input(), admission))

    ended(store, clock, with_a_key(), "5")
    ended(store, clock, let_in(admit(store, clock, owner, MONTHLY)), "1")
    assert refusal(store, clock, owner, MONTHLY).code == "monthly_spend_reached"
    with_a_key()


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_month_ends_where_the_calendars_does(moment: datetime, end: datetime) -> None:
    assert month_after(moment) == end
    assert month_after(end - timedelta(milliseconds=1)) == end
