"""Crash enumeration: one scenario, run once for every boundary that it crosses and everything that may happen there."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from tests.simulation.faults import AT, Fault, NoFaults, PlacedFaults, Site
from tests.simulation.owners import Client, Habits
from tests.simulation.scheduler import Carriers
from tests.simulation.schedules import Outcome, run
from tests.simulation.world import Shape, World

ENUMERATED = (
    Fault.CRASH_BEFORE,
    Fault.CRASH_AFTER,
    Fault.LOST_ANSWER,
    Fault.ANSWERS_LOST,
    Fault.ERROR,
    Fault.OUTAGE,
)
_SEED = 1


class Place(NamedTuple):
    """One boundary of the undisturbed run, by number, and what happens there."""

    number: int
    fault: Fault


def world_of(kind: str, plan: NoFaults | PlacedFaults, carriers: Carriers) -> World:
    """One owner who asks once and looks seldom: the schedule, not the reader, has to heal what breaks."""
    world = World(_SEED, plan, Shape(), carriers)
    client = Client(world, "ann", Habits(kind=kind, looks_every=200.0), "key")
    world.client("client", client.live)
    return world


def sites(kind: str, carriers: Carriers) -> list[Site]:
    """Return the boundaries that an undisturbed run crosses, in order."""
    plan = NoFaults()
    run(world_of(kind, plan, carriers))
    return plan.sites


def singles(crossed: list[Site]) -> Iterator[tuple[Place, ...]]:
    for number, site in enumerate(crossed):
        for fault in ENUMERATED:
            if fault in AT[site]:
                yield (Place(number, fault),)


def pairs(crossed: list[Site]) -> Iterator[tuple[Place, ...]]:
    """Yield all pairs of places, the second one also behind the end of the undisturbed run: after a first fault the
    run is longer."""
    longer = crossed + [Site.WRITE] * len(crossed)
    for first, second in combinations(range(len(longer)), 2):
        if first >= len(crossed):
            return
        for one in ENUMERATED:
            for other in ENUMERATED:
                if one in AT[crossed[first]]:
                    yield Place(first, one), Place(second, other)


def disturbed(kind: str, places: tuple[Place, ...], carriers: Carriers) -> Outcome:
    """Run the scenario with these faults. Raises ViolationError; liveness is one of the invariants."""
    return run(world_of(kind, PlacedFaults(dict(places)), carriers))
