"""Time and identity: ids of RFC 9562 that sort by time, milliseconds that survive being stored."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.clock import SystemClock, epoch_milliseconds, from_epoch_milliseconds, uuid7
from shared.http.request import _ID as ID_IN_A_PATH

MILLISECONDS = st.integers(0, (1 << 48) - 1)
RANDOM_BITS = st.integers(0, (1 << 74) - 1)


@given(MILLISECONDS, RANDOM_BITS)
@settings(deadline=None)
def test_an_id_has_the_version_variant_time_and_randomness_of_rfc_9562(milliseconds: int, random_bits: int) -> None:
    made = uuid.UUID(uuid7(milliseconds, random_bits))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == milliseconds
    high, low = (made.int >> 64) & 0xFFF, made.int & ((1 << 62) - 1)
    assert (high << 62) | low == random_bits


def test_the_id_of_the_rfcs_own_example_is_made_of_its_parts() -> None:
    # RFC 9562, appendix A.6: 2022-02-22 14:22:22.00 GMT-5, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    random_bits = (0xCC3 << 62) | 0x18C4DC0C0C07398F
    assert uuid7(0x017F22E279B0, random_bits) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(MILLISECONDS, MILLISECONDS, RANDOM_BITS, RANDOM_BITS)
@settings(deadline=None)
def test_ids_sort_as_text_by_the_time_of_their_creation(one: int, other: int, bits: int, more_bits: int) -> None:
    if one != other:
        assert (uuid7(one, bits) < uuid7(other, more_bits)) == (one < other)


@given(st.integers(-(10**12), 10**14))
@settings(deadline=None)
def test_whole_milliseconds_come_back_from_a_time_as_they_went_in(milliseconds: int) -> None:
    assert epoch_milliseconds(from_epoch_milliseconds(milliseconds)) == milliseconds


def test_a_part_of_a_millisecond_is_cut_and_another_zone_is_the_same_moment() -> None:
    moment = datetime(2026, 1, 1, 12, 0, 0, 1999, tzinfo=UTC)
    assert epoch_milliseconds(moment) == epoch_milliseconds(moment.replace(microsecond=1000))
    assert epoch_milliseconds(moment.astimezone(timezone(timedelta(hours=5)))) == epoch_milliseconds(moment)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        epoch_milliseconds(datetime(2026, 1, 1))  # noqa: DTZ001


def test_now_is_the_real_utc_time_in_whole_milliseconds() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)
    assert now.microsecond % 1000 == 0


def test_monotonic_time_never_goes_back() -> None:
    clock = SystemClock()
    seen = [clock.monotonic() for _ in range(100)]
    assert seen == sorted(seen)


def test_tokens_are_sixteen_characters_and_no_two_are_alike() -> None:
    tokens = {SystemClock().token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {16}


def test_jitter_is_spread_over_zero_to_one_and_is_never_one() -> None:
    drawn = [SystemClock().random() for _ in range(1000)]
    assert 0 <= min(drawn) < 0.1
    assert 0.9 < max(drawn) < 1


def test_a_new_id_carries_now_and_is_one_that_the_api_takes() -> None:
    clock = SystemClock()
    before = epoch_milliseconds(clock.now())
    ids = [clock.new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(ID_IN_A_PATH.fullmatch(one) for one in ids)
    assert all(before <= uuid.UUID(one).int >> 80 <= epoch_milliseconds(clock.now()) for one in ids)
