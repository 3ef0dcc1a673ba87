"""Shared by the worker's tests: one of moto's tables per module, and a rig over it."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.store.whole import Store
from tests.factories import FakeClock, moto_dynamodb
from tests.integration.worker_rig import Rig


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def rig(store: Store, clock: FakeClock) -> Rig:
    return Rig(store, clock)
