"""What the tests of the simulator share. `SIMULATED_SCHEDULES` in the environment makes a longer run of it."""

import os
from collections.abc import Iterator

import pytest

from tests.simulation.installation import installed


@pytest.fixture
def simulated() -> Iterator[None]:
    """What the code under test gets for its clients, clocks and threads."""
    with installed():
        yield


@pytest.fixture(scope="session")
def schedules() -> int:
    """How many schedules a test of many runs."""
    return int(os.environ.get("SIMULATED_SCHEDULES", "2000"))
