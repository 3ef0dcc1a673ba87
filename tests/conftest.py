"""Fixtures that several layers of tests share."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from shared.store.whole import Store
from tests.factories import FakeClock, moto_dynamodb, store_over

# The same examples each time: a change breaks the gate, never a draw. `--hypothesis-profile default` draws others.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("same")


def pytest_configure() -> None:
    # A shell has what it starts in the background ignore SIGINT, and so would every process that a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Tests only call servers on this machine, so the developer's proxies must not apply.
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, ("127.0.0.1,localhost", os.environ.get(name))))


@pytest.fixture(autouse=True)
def _no_credentials_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test can reach an account, whatever the shell it runs in is signed in to."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def store(dynamodb: Any, clock: FakeClock) -> Store:
    return store_over(dynamodb, clock)
