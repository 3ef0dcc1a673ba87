"""Shared by the tests of the simulator. `SIMULATED_SCHEDULES` in the environment makes a run longer."""

import os
from collections.abc import Iterator

import pytest

from tests.simulation.installation import installed


@pytest.fixture
def simulated() -> Iterator[None]:
    """Replace the clients, clocks and threads of the code under test."""
    with installed():
        yield


@pytest.fixture(scope="session")
def schedules() -> int:
    """How many schedules a test of many runs."""
    return int(os.environ.get("SIMULATED_SCHEDULES", "1000"))
