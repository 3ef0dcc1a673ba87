"""Whether an attempt that ended with an error is retried, and when: decided by the error's type alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import (
    CallDeadlineExceededError,
    CeilingReachedError,
    GenerationError,
    HandoverError,
    InvalidOutputError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)
from shared.domain.retry_policy import GiveUp, Retry, RetryPolicy, decide

POLICY = RetryPolicy(max_releases=10, base_seconds=2.0, cap_seconds=300.0)
PLENTY = 10_000.0
JITTERS = st.floats(0, 1, exclude_max=True)


def transient(retry_after_seconds: float | None = None) -> TransientProviderError:
    return TransientProviderError("provider_overloaded", "Busy.", retry_after_seconds=retry_after_seconds)


def delay(decision: Retry | GiveUp) -> float:
    assert isinstance(decision, Retry)
    return decision.delay_seconds


@pytest.mark.parametrize(
    "error_type",
    [GenerationError, ProviderError, PermanentProviderError, InvalidOutputError, CeilingReachedError],
)
def test_what_would_fail_again_is_given_up_with_its_own_code_however_fresh(error_type: type[GenerationError]) -> None:
    error = error_type("its_code", "Its message.", retry_after_seconds=1)
    assert decide(error, 0, POLICY, jitter=0, seconds_left=PLENTY) == GiveUp("its_code", "Its message.")


@pytest.mark.parametrize("error_type", [TransientProviderError, CallDeadlineExceededError])
def test_what_may_pass_is_tried_again_and_counted(error_type: type[GenerationError]) -> None:
    decision = decide(error_type("code", ""), 0, POLICY, jitter=0.5, seconds_left=PLENTY)
    assert decision == Retry(1.5, counted=True)


@given(st.integers(0, 9), JITTERS)
@settings(deadline=None)
def test_a_delay_lies_in_the_upper_half_of_what_doubled_with_each_release(releases: int, jitter: float) -> None:
    ceiling = min(300.0, 2.0 * 2**releases)
    found = delay(decide(transient(), releases, POLICY, jitter=jitter, seconds_left=PLENTY))
    assert ceiling / 2 <= found <= ceiling


def test_delays_double_until_the_cap() -> None:
    delays = [delay(decide(transient(), n, POLICY, jitter=0, seconds_left=PLENTY)) for n in range(10)]
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 150, 150]


def test_jitter_spreads_a_crowd() -> None:
    early, late = (delay(decide(transient(), 3, POLICY, jitter=jitter, seconds_left=PLENTY)) for jitter in (0, 0.75))
    assert (early, late) == (8, 14)


@pytest.mark.parametrize(("told", "kept"), [(30, 30), (2, 2), (0.5, 2), (0, 2), (500, 500)])
def test_a_delay_that_the_provider_told_is_kept_uncounted_and_never_under_the_base(told: float, kept: float) -> None:
    decision = decide(transient(told), 3, POLICY, jitter=0.9, seconds_left=PLENTY)
    assert decision == Retry(kept, counted=False)


@pytest.mark.parametrize("error", [transient(), HandoverError()], ids=["transient", "handover"])
def test_after_the_last_release_it_is_given_up(error: GenerationError) -> None:
    assert isinstance(decide(error, 9, POLICY, jitter=0, seconds_left=PLENTY), Retry)
    assert decide(error, 10, POLICY, jitter=0, seconds_left=PLENTY) == GiveUp(error.code, error.message)


def test_waiting_as_told_is_never_too_often() -> None:
    assert delay(decide(transient(5), 10, POLICY, jitter=0, seconds_left=PLENTY)) == 5


def test_a_handover_goes_on_at_once_and_is_counted() -> None:
    assert decide(HandoverError(), 4, POLICY, jitter=0.9, seconds_left=PLENTY) == Retry(0.0, counted=True)


@pytest.mark.parametrize(
    ("error", "needed"),
    [(transient(), 1.0), (transient(30), 30.0), (HandoverError(), 0.0)],
    ids=["backoff", "told", "handover"],
)
def test_a_retry_that_would_not_come_before_the_deadline_is_none(error: GenerationError, needed: float) -> None:
    assert decide(error, 0, POLICY, jitter=0, seconds_left=needed) == GiveUp(error.code, error.message)
    assert isinstance(decide(error, 0, POLICY, jitter=0, seconds_left=needed + 0.001), Retry)


def test_a_message_for_the_owner_is_cut_to_a_hundred_characters() -> None:
    assert decide(GenerationError("code", "x" * 101), 0, POLICY, jitter=0, seconds_left=1) == GiveUp("code", "x" * 100)
