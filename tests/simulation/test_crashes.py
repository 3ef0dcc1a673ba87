"""Crash enumeration: whatever happens at whichever boundary of a run, once, the generation ends well."""

import pytest

from tests.simulation import crashes
from tests.simulation.faults import AT, Site
from tests.simulation.world import KINDS


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("kind", KINDS)
def test_every_single_fault_at_every_boundary_is_survived(kind: str) -> None:
    crossed = crashes.sites(kind)
    assert {Site.READ, Site.WRITE, Site.QUEUE, Site.MODEL} <= set(crossed)
    for places in crashes.singles(crossed):
        outcome = crashes.disturbed(kind, places)
        assert outcome.faults.total() == 1, places
        assert outcome.ends == {"succeeded": 1}, places


def test_every_enumerated_fault_can_happen_somewhere() -> None:
    assert set(crashes.ENUMERATED) <= {fault for faults in AT.values() for fault in faults}
