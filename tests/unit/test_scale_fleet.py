"""The simulated deployment is consistent: every request ends once, one seed gives one run, and no quota is exceeded."""

from dataclasses import replace

import pytest
import yaml

from bench.scale import quotas
from bench.scale.buckets import Bucket
from bench.scale.fleet import Fleet
from bench.scale.life import Cost
from bench.scale.outcome import outcome
from bench.scale.plan import PLANS, STEPS, Measured, Plan
from shared.store.keys import DUE_SHARDS
from tests.unit.test_template import TEMPLATE, _Loader

pytestmark = pytest.mark.any_kinds

ACTS = {
    "create": Cost(8, 3, 1, 4),
    "read what to do": Cost(0, 2, 0, 2),
    "begin_call": Cost(1, 0, 0, 1),
    "heartbeat": Cost(1, 0, 0, 1),
    "store_step": Cost(2, 0, 0, 1),
    "succeed": Cost(4, 0, 1, 1),
}
MEASURED = Measured(ACTS, rescues_a_second=100.0)
CALM = Plan("calm", 60, minutes=4)
CROWDED = Plan("crowded", 600, minutes=8)
THROTTLED = Plan("throttled", 600, minutes=2, warm_writes=60, warm_index=1_000, maximum_concurrency=100)
SLOW_SWEEPER = replace(MEASURED, rescues_a_second=1.0)


@pytest.mark.parametrize("plan", [CALM, CROWDED, THROTTLED], ids=lambda plan: plan.name)
def test_everything_that_is_accepted_ends_once(plan: Plan) -> None:
    fleet = Fleet(plan, MEASURED, seed=1)
    tally = fleet.run()
    assert tally.offered == tally.accepted == sum(tally.ends.values()) > 200
    assert fleet.open == 0


def test_one_seed_is_one_course_and_another_is_another() -> None:
    first, second, other = (outcome(CROWDED, MEASURED, seed) for seed in (1, 1, 2))
    assert first == second
    assert first != other


@pytest.mark.parametrize("plan", [CALM, CROWDED, THROTTLED], ids=lambda plan: plan.name)
def test_no_quota_is_exceeded(plan: Plan) -> None:
    fleet = Fleet(plan, MEASURED, seed=1)
    tally = fleet.run()
    largest = max(cost.write for cost in ACTS.values()) + 3  # the last of a second may begin in it and end behind it
    assert fleet.database.writes.peak() <= plan.warm_writes + largest
    assert all(part.peak() <= quotas.PARTITION_WRITES.value + 2 for part in fleet.database.index)
    assert fleet.main.most_running <= plan.maximum_concurrency
    assert fleet.isolated.most_running <= plan.isolated_concurrency
    assert tally.concurrency <= plan.account
    assert max(seconds for _due, seconds in tally.sweeps) <= MEASURED.sweep_seconds


def test_a_table_that_cannot_follow_puts_creates_off_and_loses_none() -> None:
    found = outcome(THROTTLED, MEASURED, seed=1)
    assert found["put off"] > 0
    assert found["writes %"] >= 100


def test_more_work_than_workers_waits_and_more_workers_help() -> None:
    few = outcome(CROWDED, MEASURED, seed=1)
    many = outcome(replace(CROWDED, maximum_concurrency=60), MEASURED, seed=1)
    assert few["failed %"] > 0
    assert few["messages a generation"] > 1, "what waits for long is sent again"
    assert (many["failed %"], many["messages a generation"]) == (0, 1)
    assert many["wait 95 % s"] < few["wait 95 % s"] / 10


def test_every_generation_whose_worker_died_is_rescued_within_its_lease_and_two_sweeps() -> None:
    found = outcome(CALM, MEASURED, seed=1)
    assert 0 < found["lost"] == found["rescued"]
    # Its due_at is looked at a minute after the create at the latest, and re-armed once at most after the death.
    assert found["rescued last s"] <= 40 + 2 * 60


def test_a_sweeper_with_more_due_than_it_can_do_ends_them_late_and_all() -> None:
    assert outcome(CROWDED, MEASURED, seed=1)["last end after its deadline s"] <= 61
    assert outcome(CROWDED, SLOW_SWEEPER, seed=1)["last end after its deadline s"] > 120


def test_a_bucket_gives_its_rate_and_has_the_rest_wait() -> None:
    bucket = Bucket(8.0)
    assert [bucket.take(0.0, 1) for _ in range(25)] == [number / 8 for number in range(25)]
    assert bucket.peak() == 8
    assert bucket.take(100.0, 1) == 0


def test_the_defaults_are_the_templates() -> None:
    plan, parameters = Plan("defaults", 10), yaml.load(TEMPLATE.read_text(), _Loader)["Parameters"]  # noqa: S506 - a SafeLoader
    assert plan.shards == DUE_SHARDS
    for name, value in {
        "BatchSize": plan.batch,
        "BatchingWindowSeconds": 0,
        "MaximumConcurrency": plan.maximum_concurrency,
        "IsolatedMaximumConcurrency": plan.isolated_concurrency,
        "ProcessTimeoutSeconds": plan.process_timeout_seconds,
        "HandoverMarginSeconds": plan.handover_margin_seconds,
        "HeartbeatSeconds": plan.heartbeat_seconds,
        "LeaseSeconds": plan.lease_seconds,
        "DispatchGraceSeconds": plan.grace_seconds,
        "DeadlineSeconds": plan.deadline_seconds,
        "SweepSchedule": "rate(1 minute)",
    }.items():
        assert parameters[name]["Default"] == value, name


def test_every_plan_has_a_name_of_its_own() -> None:
    names = [plan.name for plan in (*PLANS, *STEPS)]
    assert len(set(names)) == len(names)
