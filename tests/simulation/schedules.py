"""One drawn schedule: from a seed come the owners, the model's manners and the faults. `simulate` is one whole run."""

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from tests.simulation.faults import DrawnFaults, Fault, Plan, draw_denials
from tests.simulation.installation import inhabited
from tests.simulation.model import SPOILING, Manner
from tests.simulation.owners import Client, Habits
from tests.simulation.trace import Trace
from tests.simulation.world import KINDS, Shape, World

_POISON = "poison"


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one run."""

    seed: int
    ends: Counter[str]
    faults: Counter[Fault]
    boundaries: int
    calls: int
    seconds: float
    trace: Trace
    logged: Counter[str]


def simulate(seed: int) -> Run:
    """Run the schedule of a seed. Raises ViolationError."""
    random = Random(f"schedule {seed}")
    shape = _spoiled(draw_shape(random), Random(f"spoiled {seed}"))
    shape = replace(shape, denials=draw_denials(Random(f"denials {seed}")))
    world = World(seed, DrawnFaults(Random(f"faults {seed}")), shape)
    owners = [f"owner-{number}" for number in range(random.choice((1, 1, 2, 3)))]
    erasing = random.choice(owners) if random.random() < 0.1 else None
    for number in range(random.choice((1, 1, 2, 3, 6))):
        owner = random.choice(owners)
        client = Client(world, owner, replace(draw_habits(random), erases=owner == erasing), f"key-{number}")
        world.client(f"client {number}", client.live)
    return run(world)


def run(world: World) -> Run:
    with inhabited(world):
        world.run()
    plan: Plan = world.plan
    return Run(
        world.seed,
        world.invariants.accounts.ends,
        plan.counts,
        world.boundary.crossed,
        len(world.ledger.calls),
        world.scheduler.now,
        world.trace,
        world.logged,
    )


def draw_shape(random: Random) -> Shape:
    manners = {Manner.GOOD: 8.0}
    for manner in Manner:
        if manner is not Manner.GOOD and manner not in SPOILING and random.random() < 0.4:
            manners[manner] = random.choice((0.3, 1.0, 4.0)) / (10 if manner is Manner.REFUSED else 1)
    seconds = random.choice(((4.0,), (0.5, 4.0, 15.0), (8.0, 30.0, 70.0), (1.0, 90.0, 200.0)))
    return Shape(
        manners,
        seconds,
        lambda head: head.user_id.startswith(_POISON),
        latency_seconds=random.choice((0.02, 0.02, 0.5, 2.0)),
        deadline_seconds=random.choice((900.0, 900.0, 100.0, 45.0)),
    )


def _spoiled(shape: Shape, random: Random) -> Shape:
    """Have a kind's own code raise now and then, in few of the schedules."""
    if random.random() >= 0.1:
        return shape
    return replace(shape, manners=shape.manners | {manner: random.choice((0.3, 2.0)) for manner in SPOILING})


def draw_habits(random: Random) -> Habits:
    return Habits(
        kind=random.choice(KINDS),
        starts_at=random.choice((0.0, 0.0, 1.0, 30.0, 100.0)),
        looks_every=random.choice((3.0, 10.0, 40.0, 120.0)),
        cancels_at=random.choice((0.0, 3.0, 8.0, 45.0)) if random.random() < 0.3 else None,
        retries=random.choice((0, 0, 1, 2)),
        dismisses=random.random() < 0.2,
        asks_twice=random.random() < 0.2,
        reviews=random.random() < 0.3,
        brings_key=random.random() < 0.2,
    )
