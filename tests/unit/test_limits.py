"""The sliding window: exact in any window of time, whatever the clocks say, and honest about when to come back."""

import random
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.limits import Accepted, Limit, Policy, Rate, parse, policy_of
from shared.domain.settings import Settings, from_environment
from tests.factories import SETTINGS
from tests.unit.test_template import TEMPLATE, _Loader

FIVE = Limit("create", 5, 300)
POLICY = Policy({"*": FIVE})
NOON = 1_767_268_800_000
OPEN_FOR = 900_000


def knock(accepted: Accepted, now: int, limit: Limit = FIVE) -> tuple[Accepted, bool]:
    """Ask once, at `now`, and take what is given."""
    if accepted.wait(limit, now):
        return accepted, False
    return accepted.take(Policy({"*": limit}), limit, now, OPEN_FOR, "op"), True


def assert_never_one_more(times: list[int], limit: Limit, window: int) -> None:
    """In any `window` milliseconds, both ends included, there are at most `count`."""
    times = sorted(times)
    for first, one_more in zip(times, times[limit.count :], strict=False):
        assert one_more - first > window, (first, one_more)


gaps = st.one_of(st.integers(0, 3_000), st.integers(0, 120_000), st.sampled_from([0, 1, 299_999, 300_000, 300_001]))


@given(st.lists(gaps, max_size=60))
def test_no_window_ever_holds_a_sixth(between: list[int]) -> None:
    accepted, now, times = Accepted(), NOON, list[int]()
    for gap in between:
        now += gap
        accepted, let_in = knock(accepted, now)
        if let_in:
            times.append(now)
    assert_never_one_more(times, FIVE, FIVE.milliseconds)


@given(st.lists(st.tuples(gaps, st.integers(-20_000, 20_000)), max_size=60))
def test_clocks_that_disagree_squeeze_no_sixth_in(knocks: list[tuple[int, int]]) -> None:
    """Each request is judged by another machine's clock. No recorded window has a sixth request. A true window has none
    either, if it is shorter by the largest difference between two clocks."""
    accepted, now, times = Accepted(), NOON, list[int]()
    for gap, skew in knocks:
        now += gap
        before = accepted.last_at
        accepted, let_in = knock(accepted, now + skew)
        assert accepted.last_at >= before
        if let_in:
            times.append(now)
            [recorded] = accepted.windows.values()
            assert list(recorded) == sorted(recorded)
            assert len(recorded) <= FIVE.count
    assert_never_one_more(times, FIVE, FIVE.milliseconds - 40_000)


@given(st.lists(gaps, max_size=60), st.integers(1, 7), st.integers(1, 400))
def test_who_comes_back_when_told_is_let_in_and_a_moment_sooner_is_not(
    between: list[int], count: int, seconds: int
) -> None:
    limit = Limit("create", count, seconds)
    accepted, now = Accepted(), NOON
    for gap in between:
        now += gap
        wait = accepted.wait(limit, now)
        if wait:
            assert not knock(accepted, now + wait - 1, limit)[1]
            assert knock(accepted, now + wait, limit)[1]
            assert 0 < wait <= limit.milliseconds + 1
        accepted, _ = knock(accepted, now, limit)


@given(st.lists(gaps, max_size=40))
def test_what_is_said_to_be_left_is_left(between: list[int]) -> None:
    accepted, now = Accepted(), NOON
    for gap in between:
        now += gap
        rate = accepted.rate(FIVE, now)
        trial = accepted
        for _ in range(rate.remaining):
            trial, let_in = knock(trial, now)
            assert let_in
        assert not knock(trial, now)[1]
        assert rate.seconds <= FIVE.seconds
        accepted, _ = knock(accepted, now)


def test_a_refusal_moves_nothing() -> None:
    accepted = Accepted()
    for _ in range(5):
        accepted, _ = knock(accepted, NOON)
    refused, let_in = knock(accepted, NOON + 299_000)
    assert not let_in
    assert refused == accepted


def test_the_headers_are_structured_fields() -> None:
    assert Rate(FIVE, 4, 297).headers() == {
        "ratelimit-policy": '"create";q=5;w=300',
        "ratelimit": '"create";r=4;t=297',
    }


def test_what_is_left_rises_when_the_oldest_leaves_the_window() -> None:
    accepted, _ = knock(Accepted(), NOON)
    accepted, _ = knock(accepted, NOON + 3_000)
    assert accepted.rate(FIVE, NOON + 3_000) == Rate(FIVE, 3, 298)
    assert accepted.rate(FIVE, NOON + 300_001) == Rate(FIVE, 4, 3)
    assert accepted.rate(FIVE, NOON + 303_001) == Rate(FIVE, 5, 0)


def test_a_kind_with_a_limit_of_its_own_has_a_window_of_its_own() -> None:
    policy = policy_of(Settings("t", "q", "a", rate_limits=("*=2/300", "image=1/3600")))
    image, other = policy.limit_for("image"), policy.limit_for("story")
    assert image == Limit("create-image", 1, 3600)
    assert other == Limit("create", 2, 300)
    accepted = Accepted().take(policy, policy.limit_for("image"), NOON, OPEN_FOR, "op")
    assert accepted.wait(image, NOON) == 3_600_001
    assert accepted.wait(other, NOON) == 0
    accepted = accepted.take(policy, policy.limit_for("story"), NOON, OPEN_FOR, "op")
    accepted = accepted.take(policy, policy.limit_for("flashcards"), NOON, OPEN_FOR, "op")
    assert accepted.wait(other, NOON) > 0, "all kinds that none names share one window"
    assert accepted.windows == {"create-image": (NOON,), "create": (NOON, NOON)}


def test_a_kind_that_nothing_limits_leaves_only_its_time() -> None:
    accepted = Accepted().take(Policy({}), None, NOON, OPEN_FOR, "op")
    assert accepted == Accepted({}, NOON, OPEN_FOR, "op")


def test_a_limit_that_was_lowered_holds_at_once() -> None:
    accepted = Accepted()
    for second in range(10):
        accepted, _ = knock(accepted, NOON + second * 1000, Limit("create", 10, 300))
    assert accepted.wait(FIVE, NOON + 9_000) == 5_000 + 300_001 - 9_000


def test_what_left_every_window_is_forgotten() -> None:
    accepted = Accepted()
    drawn = random.Random(4)
    now = NOON
    for _ in range(1_000):
        now += drawn.randrange(1, 200_000)
        accepted, _ = knock(accepted, now)
    assert len(accepted.windows["create"]) <= 5


def test_the_longest_that_anything_may_be_open_is_kept() -> None:
    accepted = (
        Accepted()
        .take(POLICY, POLICY.limit_for("story"), NOON, 3_600_000, "one")
        .take(POLICY, POLICY.limit_for("flashcards"), NOON, 900_000, "two")
    )
    assert (accepted.longest, accepted.op) == (3_600_000, "two")


@pytest.mark.parametrize(
    "entry", ["", "5/300", "*=0/300", "*=5/0", "*=5/300s", "*=5", "A=5/300", "*=-1/3", "*=10001/3", "*=5/12345678"]
)
def test_limits_of_another_form_are_an_error_that_names_the_setting(entry: str) -> None:
    with pytest.raises(ValueError, match="RATE_LIMITS"):
        parse([entry])


def test_a_kind_cannot_have_two_limits() -> None:
    with pytest.raises(ValueError, match="each kind once"):
        parse(["*=5/300", "*=6/300"])


def test_the_defaults_are_five_in_three_hundred_seconds_ten_at_once_and_five_dollars_a_day() -> None:
    assert policy_of(SETTINGS) == Policy({"*": FIVE}, 10, Decimal(5))


MONEY = {
    "MaxDailySpendUsd": "max_daily_spend_usd",
    "MaxMonthlySpendUsd": "max_monthly_spend_usd",
    "MaxDeploymentDailySpendUsd": "max_deployment_daily_spend_usd",
}


@pytest.mark.parametrize(("parameter", "setting"), MONEY.items())
def test_a_ceiling_of_money_has_the_templates_bounds(parameter: str, setting: str) -> None:
    template = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    declared = template["Parameters"][parameter]
    assert (declared["MinValue"], declared["MaxValue"]) == (0, 1_000_000_000)
    assert declared["Default"] == getattr(Settings("table", "queue", "isolated"), setting)
    environment = {name: name for name in ("TABLE_NAME", "QUEUE_URL", "ISOLATED_QUEUE_URL")}
    for text, usd in (("0", Decimal(0)), ("0.05", Decimal("0.05")), ("1000000000", Decimal(1_000_000_000))):
        read = policy_of(from_environment(environment | {setting.upper(): text}))
        assert getattr(read, setting) == usd
    with pytest.raises(ValueError, match=setting.upper()):
        policy_of(from_environment(environment | {setting.upper(): "-0.01"}))
