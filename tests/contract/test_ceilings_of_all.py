"""The ceiling of a deployment's day: every bill is booked once beside its owner's, and nothing starts beyond it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import AdmissionRefusedError
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Policy, policy_of
from shared.store.admission import Admission
from shared.store.booking import PARTITIONS, partition_of
from shared.store.deployment_spend import CACHE_SECONDS, DeploymentSpend
from shared.store.items import charged
from shared.store.keys import usage_key
from shared.store.whole import Store
from tests.contract.leftovers import writes_of
from tests.contract.test_lost_answers import answers_lost
from tests.factories import SETTINGS, START, FakeClock, a_generation, a_step, an_input, s3_beside, store_over

KINDS = ("flashcards",)
ON_MINISTACK = pytest.mark.parametrize("dynamodb", ["ministack"], indirect=True)
CEILING = Decimal(1)
LIMITED = replace(
    SETTINGS, rate_limits=(), max_running=0, max_daily_spend_usd=0, max_deployment_daily_spend_usd=float(CEILING)
)
POLICY = policy_of(LIMITED)
ERROR = ErrorInfo("output_refused", "No.")


def bill(cost: str) -> Usage:
    return Usage(1, 10, 5, Decimal(cost))


@dataclass
class House:
    """A deployment on a day that no other test knows, and who lives in it."""

    store: Store
    clock: FakeClock
    dynamodb: Any

    def held(self, owner: str, *, key: bool = False, policy: Policy = POLICY) -> Generation:
        admission = Admission(policy, seal=(lambda: b"sealed") if key else None)
        head = self.store.admission.admit(a_generation(self.clock, user_id=owner), an_input(), admission).head
        assert head is not None
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)

    def spend(self, owner: str, cost: str, **more: Any) -> None:
        self.store.worker.fail(self.held(owner, **more), Totals(0, bill(cost)), ERROR)

    def refused(self, owner: str) -> AdmissionRefusedError:
        with pytest.raises(AdmissionRefusedError) as refused:
            self.held(owner)
        return refused.value

    def day_of(self, owner: str) -> Decimal:
        key = usage_key(owner, self.clock.now().date().isoformat())
        return charged(self.dynamodb.get_item(TableName=SETTINGS.table_name, Key=key, ConsistentRead=True).get("Item"))

    def day(self) -> Decimal:
        return DeploymentSpend(self.store.ground).spent_today(self.clock.now())

    def owners(self, count: int) -> list[str]:
        return [f"owner {self.clock.token()}" for _ in range(count)]

    def cache_passes(self) -> None:
        self.clock.pass_seconds(CACHE_SECONDS)


@pytest.fixture
def house(dynamodb: Any, clock: FakeClock) -> House:
    clock.moment = START + timedelta(days=clock.count % 20_000)
    return House(store_over(dynamodb, clock, LIMITED), clock, dynamodb)


def test_nobody_starts_once_all_together_have_spent_the_day_until_midnight(house: House) -> None:
    alice, bob, carol = house.owners(3)
    house.spend(alice, "0.6")
    house.cache_passes()
    house.spend(bob, "0.399999")
    house.cache_passes()
    house.spend(alice, "0.000001")
    house.cache_passes()
    with writes_of(house.dynamodb, s3_beside(house.dynamodb)) as written:
        refused = house.refused(carol)
    assert (refused.code, refused.retry_after_seconds) == ("deployment_spend_reached", 86_400 - 3 * CACHE_SECONDS)
    assert written == [], "it is refused before anything is stored"
    house.clock.pass_seconds(refused.retry_after_seconds)
    house.held(carol)


def test_a_sum_is_kept_for_seconds_and_no_longer(house: House) -> None:
    alice, bob = house.owners(2)
    house.held(bob)
    house.spend(alice, "2")
    house.held(bob)
    house.clock.pass_seconds(CACHE_SECONDS - 0.5)
    house.held(bob)
    house.clock.pass_seconds(0.5)
    assert house.refused(bob).code == "deployment_spend_reached"


def test_what_users_own_keys_pay_for_counts_nothing_and_is_not_held_up(house: House) -> None:
    alice, bob = house.owners(2)
    house.spend(alice, "5", key=True)
    house.cache_passes()
    assert house.day() == 0
    house.spend(alice, "5")
    house.cache_passes()
    house.held(bob, key=True)
    assert house.refused(bob).code == "deployment_spend_reached"


def reserved(house: House, owner: str) -> Generation:
    """One whose call was sent, and whose bill has not come."""
    return house.store.worker.begin_call(house.held(owner), "cards", Decimal("0.125"))


def late(house: House, head: Generation) -> None:
    house.store.endings.cancel(head.key)
    house.store.worker.bills.bill(replace(head, reserved_usd=Decimal(0)), bill("0.0625"), [])


def stored_late(house: House, head: Generation) -> None:
    house.store.endings.cancel(head.key)
    step = a_step(house.clock, usage=bill("0.25"))
    house.store.worker.store_step(head, step)
    house.store.worker.bills.bill(head, bill("0.25") + bill("0.5"), [step])


def expire(house: House, head: Generation) -> None:
    house.clock.moment = head.deadline_at
    house.store.rescuer.expire(head, Totals(0, bill("0.25")))


ENDS: dict[str, Callable[[House, Generation], Any]] = {
    "succeed": lambda house, head: house.store.worker.succeed(head, Totals(1, bill("0.25")), "cards"),
    "fail": lambda house, head: house.store.worker.fail(head, Totals(0, bill("0.25")), ERROR),
    "crash_loop": lambda house, head: house.store.rescuer.crash_loop(head, Totals(0, bill("0.25"))),
    "expire": expire,
    "cancel": lambda house, head: house.store.endings.cancel(head.key),
    "a late bill gives a reserve back": late,
    "a late bill and a late step": stored_late,
}


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_generation_books_the_same_on_both_days(house: House, end: str) -> None:
    [alice] = house.owners(1)
    ENDS[end](house, reserved(house, alice))
    assert house.day() == house.day_of(alice) > 0


@pytest.mark.parametrize("times", [1, 2])
def test_an_end_whose_answer_was_lost_is_booked_once(house: House, dynamodb: Any, times: int) -> None:
    [alice] = house.owners(1)
    head = house.held(alice)
    with answers_lost(dynamodb, times, ("TransactWriteItems",)):
        house.store.worker.fail(head, Totals(0, bill("0.25")), ERROR)
    assert house.day() == house.day_of(alice) == Decimal("0.25")


@ON_MINISTACK
def test_ends_that_come_at_once_lose_nothing(house: House) -> None:
    owners = house.owners(24)
    heads = [house.held(owner) for owner in owners]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda head: house.store.worker.fail(head, Totals(0, bill("0.01")), ERROR), heads))
    assert house.day() == sum(house.day_of(owner) for owner in owners) == Decimal("0.24")


def test_a_day_is_spread_over_partitions_that_lapse_by_themselves(house: House) -> None:
    for owner in house.owners(40):
        house.spend(owner, "0.001", policy=Policy({}))
    today = house.clock.now().date()
    found = [
        house.dynamodb.query(
            TableName=SETTINGS.table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition_of(today, number)}},
        )["Items"]
        for number in range(PARTITIONS)
    ]
    assert sum(1 for shards in found if shards) >= PARTITIONS - 3
    midnight = house.clock.now().replace(hour=0, minute=0)
    for shard in (shard for shards in found for shard in shards):
        assert 1 <= (float(shard["expires_at"]["N"]) - midnight.timestamp()) / 86_400 <= 4


def test_without_the_ceiling_nothing_is_booked_beside_the_owners_day(house: House) -> None:
    unlimited = store_over(house.dynamodb, house.clock, replace(LIMITED, max_deployment_daily_spend_usd=0))
    free = House(unlimited, house.clock, house.dynamodb)
    [alice] = free.owners(1)
    free.spend(alice, "2", policy=Policy({}))
    assert (free.day(), free.day_of(alice)) == (Decimal(0), Decimal(2))
