"""Decides whether to retry an attempt that ended with an error, and when. Pure: no clock, store or randomness."""

from dataclasses import dataclass, field

from shared.domain.errors import GenerationError, HandoverError, StorageUnavailableError, TransientProviderError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`base_seconds` doubles with each release up to `cap_seconds`. After `max_releases` in a row, the generation
    fails."""

    max_releases: int = 10
    base_seconds: float = 2.0
    cap_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Release the generation and dispatch it after `delay_seconds`.

    `counted` is False if the provider set the delay: waiting as requested is not a failure.
    """

    delay_seconds: float
    counted: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Fail the generation with the error's own code. Only that is logged, because a message may quote a text."""

    code: str
    message: str = field(repr=False)


def decide(
    error: GenerationError,
    releases: int,
    policy: RetryPolicy,
    *,
    attempt: int = 1,
    jitter: float,
    seconds_left: float,
) -> Retry | GiveUp:
    """Decide by the error's type only.

    `jitter` is in [0, 1) and spreads the delay over its upper half, so that many generations do not return at once.
    `seconds_left` is the time to the generation's deadline: there is no retry after it. A wait that the server set is
    kept, but also doubles with `attempt`. Otherwise a server that says "one second" for an hour would be called
    thousands of times.
    """
    if not isinstance(error, TransientProviderError | HandoverError | StorageUnavailableError):
        return GiveUp(error.code, error.message)
    told = error.retry_after_seconds
    if told is not None:
        retry = Retry(max(told, policy.base_seconds, _delay(policy, attempt - 1, jitter)), counted=False)
    elif releases >= policy.max_releases:
        return GiveUp(error.code, error.message)
    else:
        at_once = isinstance(error, HandoverError)
        retry = Retry(0.0 if at_once else _delay(policy, releases, jitter), counted=True)
    return retry if retry.delay_seconds < seconds_left else GiveUp(error.code, error.message)


def _delay(policy: RetryPolicy, before: int, jitter: float) -> float:
    ceiling = min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(before, 64))
    return ceiling * (0.5 + jitter / 2)
