"""One local stack for all end-to-end tests, with leases of seconds; each test has its own owners."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from local.stack import LocalStack, StackOptions
from tests.e2e.owner import Owner
from tests.e2e.soundness import assert_sound

SHORT = {
    "HeartbeatSeconds": "0.5",
    "LeaseSeconds": "2.5",
    "DispatchGraceSeconds": "2",
    "RetryBaseSeconds": "0.2",
    "HandoverMarginSeconds": "22",
    "ProcessTimeoutSeconds": "30",
    "ModelTimeoutSeconds": "20",
    # Tests of other things send as much as they like; those of the limits set their own.
    "RateLimits": "*=10000/1",
    "MaxRunning": "0",
    "MaxDailySpendUsd": "0",
}
"""Of every time that a test waits for: rescues within seconds, a handover 8 s into an invocation."""


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    with LocalStack(StackOptions(parameters=SHORT)) as running:
        yield running


@pytest.fixture
def new_owner(stack: LocalStack) -> Iterator[Callable[[], Owner]]:
    """Make owners that no other test knows. At the end of the test, all of their requests must have ended in order."""
    made: list[Owner] = []

    def make() -> Owner:
        made.append(Owner(stack, f"user-{uuid.uuid4()}"))
        return made[-1]

    yield make
    for owner in made:
        owner.close()
    for owner in made:
        assert_sound(owner)


@pytest.fixture
def alice(new_owner: Callable[[], Owner]) -> Owner:
    return new_owner()


@pytest.fixture
def leaver(stack: LocalStack) -> Iterator[Owner]:
    """An owner whose generations a test changes by hand, or erases."""
    owner = Owner(stack, f"leaver-{uuid.uuid4()}")
    yield owner
    owner.close()
