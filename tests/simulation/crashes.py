"""Crash enumeration: one scenario, run once for every boundary that it crosses and everything that may happen there."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.simulation.faults import AT, Fault, NoFaults, PlacedFaults, Site
from tests.simulation.owners import Client, Habits
from tests.simulation.schedules import Run, run
from tests.simulation.world import Shape, World

ENUMERATED = (
    Fault.CRASH_BEFORE,
    Fault.CRASH_AFTER,
    Fault.LOST_ANSWER,
    Fault.ANSWERS_LOST,
    Fault.HELD_UP,
    Fault.ALL_HELD_UP,
    Fault.ERROR,
    Fault.OUTAGE,
)
_SEED = 1


class Place(NamedTuple):
    """One boundary of the undisturbed run, by number, and what happens there."""

    number: int
    fault: Fault


def world_of(kind: str, plan: NoFaults | PlacedFaults) -> World:
    """One owner who asks once and looks seldom: the schedule, not the reader, has to heal what breaks."""
    world = World(_SEED, plan, Shape())
    client = Client(world, "ann", Habits(kind=kind, looks_every=200.0), "key")
    world.client("client", client.live)
    return world


def sites(kind: str) -> list[Site]:
    """Return the boundaries that an undisturbed run crosses, in order."""
    plan = NoFaults()
    run(world_of(kind, plan))
    return plan.sites


def singles(crossed: list[Site]) -> Iterator[tuple[Place, ...]]:
    for number, site in enumerate(crossed):
        for fault in ENUMERATED:
            if fault in AT[site]:
                yield (Place(number, fault),)


def seconds(kind: str, first: Place) -> Iterator[tuple[Place, Place]]:
    """Yield every pair that begins with `first`: the run that it disturbs says which boundaries come after it."""
    plan = PlacedFaults({first.number: first.fault})
    run(world_of(kind, plan))
    for number in range(first.number + 1, len(plan.sites)):
        for fault in ENUMERATED:
            if fault in AT[plan.sites[number]]:
                yield first, Place(number, fault)


def disturbed(kind: str, places: tuple[Place, ...]) -> Run:
    """Run the scenario with these faults. Raises ViolationError; liveness is one of the invariants."""
    return run(world_of(kind, PlacedFaults(dict(places))))
