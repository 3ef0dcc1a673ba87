"""What the tests of the simulator share. `SIMULATED_SCHEDULES` in the environment makes a longer run of it."""

import os
from collections.abc import Iterator

import pytest

from tests.simulation.scheduler import Carriers
from tests.simulation.schedules import simulator


@pytest.fixture
def carriers() -> Iterator[Carriers]:
    with simulator() as found:
        yield found


@pytest.fixture(scope="session")
def schedules() -> int:
    """How many schedules a test of many runs."""
    return int(os.environ.get("SIMULATED_SCHEDULES", "2000"))
