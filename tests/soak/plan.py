"""The plan of a soak, drawn from its seed before it begins: one seed, one plan. Does nothing itself.

The plan can be repeated. The machine's execution of it cannot, because processes and their timing are real.
"""

import random
from dataclasses import dataclass

from tests.soak.catalogue import Order, draw_order

OWNERS = 6
SENDS_A_MINUTE = 37.0
FAULTS_A_MINUTE = {
    "kill": 8.0,
    "freeze": 4.4,
    "duplicate": 3.0,
    "lose": 1.5,
    "pause": 0.7,
    "sweep": 1.0,
    "restart": 0.4,
    "deny": 1.0,
    "objects": 0.5,
    "garbage": 2.0,
    "zombie": 0.3,
}
"""How often each fault happens."""

VICTIMS = {"process": 76, "create": 8, "status": 8, "actions": 4, "sweeper": 4}
"""Which function's process is killed or frozen, in percent."""

RIGHTS = (
    ("process", "s3:*"),
    ("process", "dynamodb:PutItem"),
    ("process", "dynamodb:UpdateItem"),
    ("status", "dynamodb:UpdateItem"),
    ("sweeper", "dynamodb:UpdateItem"),
)
"""The action that is refused for a while, and the role."""

ZOMBIE_SECONDS = 90.0
"""How long a worker sleeps that wakes after everything else has been settled."""


@dataclass(frozen=True, slots=True)
class Send:
    """One generation to request, and its owner's later actions. Times are seconds from the start.

    `watched`: somebody polls it; otherwise only the sweeper can rescue it. `twice`: the request is sent two times at
    once.
    """

    at: float
    owner: int
    order: Order
    own_key: bool
    watched: bool
    twice: bool
    cancel_after: float | None
    retried: bool
    key: str
    """Its Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its name, when, a function where it hurts one, how long it lasts, and a dice for the rest."""

    at: float
    name: str
    victim: str
    seconds: float
    dice: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All actions of a soak, in the order of time."""

    seed: int
    seconds: float
    sends: tuple[Send, ...]
    faults: tuple[Fault, ...]


def draw_plan(seed: int, seconds: float) -> Plan:
    """Return the plan of a seed. Faults begin when there is something to hurt, and end with the last send."""
    dice = random.Random(seed)
    sends = tuple(_send(dice, at) for at in _times(dice, SENDS_A_MINUTE, 0.0, seconds))
    faults: list[Fault] = []
    for name, rate in FAULTS_A_MINUTE.items():
        faults += [_fault(dice, at, name, seconds) for at in _times(dice, rate, min(3.0, seconds), seconds)]
    return Plan(seed, seconds, sends, tuple(sorted(faults, key=lambda fault: fault.at)))


def _times(dice: random.Random, a_minute: float, first: float, last: float) -> list[float]:
    """Return one time in each interval of the rate, anywhere within it: steady, and in step with nothing."""
    count = max(1, round((last - first) * a_minute / 60.0))
    width = (last - first) / count
    return [first + (number + dice.random()) * width for number in range(count)]


def _send(dice: random.Random, at: float) -> Send:
    order = draw_order(dice)
    return Send(
        at=at,
        owner=dice.randrange(OWNERS),
        order=order,
        own_key=dice.random() < 0.15,
        watched=dice.random() < 0.7,
        twice=dice.random() < 0.1,
        cancel_after=dice.uniform(0.0, 6.0) if dice.random() < 0.07 else None,
        retried=dice.random() < 0.3,
        key=f"soak-{dice.getrandbits(96):x}",
    )


def _fault(dice: random.Random, at: float, name: str, whole: float) -> Fault:
    victim = "process" if name == "zombie" else dice.choices(list(VICTIMS), list(VICTIMS.values()))[0]
    # Three of four freezes outlast the lease of 4 s; in the others, the worker must be able to continue.
    long = dice.random() < 0.75
    seconds = {
        "freeze": dice.uniform(5.0, 9.0) if long else dice.uniform(0.3, 2.0),
        "lose": dice.uniform(2.0, 4.0),
        "pause": dice.uniform(2.0, 6.0),
        "deny": dice.uniform(2.0, 10.0),
        "objects": dice.uniform(2.0, 10.0),
        "zombie": min(ZOMBIE_SECONDS, whole / 2),  # a short soak does not wait for a long sleep
    }.get(name, dice.uniform(0.0, 0.06))
    return Fault(at, name, victim, seconds, dice.getrandbits(32))
