"""Runs that a bug is hunted with, beside the drawn schedules: each raises ViolationError. Breaks nothing itself."""

from random import Random

from tests.simulation import crashes
from tests.simulation.faults import AT, OBJECTS, PUTS, Denial, DrawnFaults, Fault, NoFaults, PlacedFaults, Plan, Site
from tests.simulation.model import SPOILING, Manner
from tests.simulation.newer import NewerVersion
from tests.simulation.owners import Client, Habits
from tests.simulation.schedules import run
from tests.simulation.transitions import ViolationError, shown
from tests.simulation.world import KINDS, Shape, World

_SLOWING = frozenset({Fault.FREEZE_BEFORE, Fault.FREEZE_AFTER, Fault.DELAY, Fault.SWEEP_DOUBLED, Fault.INDEX_LAGS})
_NEIGHBOURS = 9
_MODEL_SECONDS = 110.0
"""Two calls of a generation end within an invocation, three do not."""
_REPEATING = frozenset({Fault.MESSAGE_DOUBLED, Fault.MESSAGE_DELAYED, Fault.REDELIVERED, Fault.CRASH_BEFORE})
_STALLING = frozenset({Fault.FREEZE_BEFORE, Fault.FREEZE_AFTER, Fault.CRASH_BEFORE})


class _Slowed(DrawnFaults):
    """Nothing breaks, everything comes late: what was read is out of date when the write follows."""

    def __init__(self, random: Random, kinds: frozenset[Fault] = _SLOWING) -> None:
        super().__init__(random)
        self._kinds = kinds
        self._gap, self._chance, self.ends_at = random.choice((2.0, 4.0, 8.0)), 0.5, 600.0


def late(seed: int) -> None:
    """Owners who look, cancel and retry all at once, while everything that is sent comes late."""
    random = Random(f"late {seed}")
    manners = {Manner.GOOD: 4.0, Manner.UNFIT: 1.0, Manner.BUSY: random.choice((0.5, 4.0))}
    shape = Shape(
        {**manners, Manner.REFUSED: random.choice((0.1, 1.0))},
        random.choice(((0.5, 4.0), (4.0, 15.0))),
        latency_seconds=random.choice((2.0, 5.0)),
        deadline_seconds=random.choice((60.0, 100.0, 300.0)),
    )
    world = World(seed, _Slowed(Random(f"slowed {seed}")), shape)
    for number in range(3):
        habits = Habits(
            kind=random.choice(KINDS),
            looks_every=random.choice((1.0, 3.0)),
            cancels_at=random.choice((None, 3.0, 12.0, 30.0)),
            retries=random.choice((0, 3)),
        )
        world.client(f"client {number}", Client(world, f"owner-{number}", habits, f"key-{number}").live)
    run(world)


def stalling(seed: int) -> None:
    """Workers freeze for longer than their lease, again and again, and wake while others look."""
    random = Random(f"stalling {seed}")
    shape = Shape(model_seconds=(90.0, 200.0), latency_seconds=random.choice((2.0, 5.0)))
    world = World(seed, _Slowed(Random(f"stalled {seed}"), _STALLING), shape)
    for number in range(2):
        habits = Habits(kind=random.choice(KINDS), looks_every=random.choice((1.0, 3.0)))
        world.client(f"client {number}", Client(world, f"owner-{number}", habits, f"key-{number}").live)
    run(world)


def crowded(seed: int) -> None:
    """Processes with many generations die, and messages come again and too late."""
    random = Random(f"crowded {seed}")
    plan = _Slowed(Random(f"repeated {seed}"), _REPEATING)
    world = World(seed, plan, Shape(latency_seconds=random.choice((0.02, 0.5))))
    for number in range(8):
        habits = Habits(kind=random.choice(KINDS), looks_every=10.0)
        world.client(f"client {number}", Client(world, "ann", habits, f"key-{number}").live)
    run(world)


def beside_a_newer_version(seed: int) -> None:
    """During a deploy, another version gives pending generations its own status, some of them for good."""
    random = Random(f"beside {seed}")
    shape = Shape({Manner.GOOD: 1.0, Manner.BUSY: 1.0}, deadline_seconds=random.choice((100.0, 300.0)))
    world = World(seed, _Slowed(Random(f"deploying {seed}")), shape)
    for number in range(3):
        habits = Habits(
            kind=random.choice(KINDS),
            looks_every=random.choice((3.0, 30.0)),
            cancels_at=random.choice((None, None, 12.0)),
            erases=random.random() < 0.2,
        )
        world.client(f"client {number}", Client(world, f"owner-{number}", habits, f"key-{number}").live)
    newer = NewerVersion(world, random)
    newer.start()
    run(world)


def poison(seed: int) -> None:
    """One generation kills every process that works on it: it ends as a crash loop, its neighbours succeed."""
    world = World(seed, NoFaults(), Shape(poisoned=lambda head: head.user_id == "poisoner"))
    for number in range(_NEIGHBOURS):
        world.client(f"client {number}", Client(world, f"owner-{number}", Habits(looks_every=90.0), "key").live)
    world.client("poisoner", Client(world, "poisoner", Habits(looks_every=90.0), "key").live)
    if (ends := run(world).ends) != {"succeeded": _NEIGHBOURS, "crash_loop": 1}:
        raise ViolationError("poison_ends_as_a_crash_loop", str(dict(ends)))


def denied(seed: int) -> None:
    """The workers live but may put no items or objects for a while: no lease runs out, and all reported usage is
    counted."""
    random = Random(f"denied {seed}")
    calls, until = random.choice((PUTS, OBJECTS, frozenset({"put_item"}))), random.choice((20.0, 100.0, 2000.0))
    code = random.choice(("AccessDeniedException", "AccessDenied", "InternalError"))
    world = World(seed, NoFaults(), Shape(denials=(Denial("process", calls, random.choice((0.0, 3.0)), until, code),)))
    kind, retries = random.choice((*KINDS, "image")), random.choice((0, 1))
    world.client("client", Client(world, "ann", Habits(kind=kind, looks_every=20.0, retries=retries), "key").live)
    _without_a_lost_lease(world)


def raising(seed: int) -> None:
    """A kind's own code raises after some of its calls, by mistake or on purpose: each attempt ends in order."""
    random = Random(f"raising {seed}")
    world = World(seed, NoFaults(), Shape({Manner.GOOD: 2.0, **dict.fromkeys(SPOILING, 1.0)}))
    habits = Habits(kind="saga", looks_every=20.0, retries=random.choice((0, 1)))
    world.client("client", Client(world, "ann", habits, "key").live)
    ends = _without_a_lost_lease(world)
    if ends - {"succeeded", "kind_failed", "too_thin"}:
        raise ViolationError("what_a_kind_raises_is_an_orderly_end", str(sorted(ends)))


def undisturbed(seed: int) -> None:
    """Nothing goes wrong and little is fast: one attempt makes it, or several that hand over to each other."""
    random = Random(f"undisturbed {seed}")
    seconds = random.choice((4.0, _MODEL_SECONDS))
    shape = Shape(model_seconds=(seconds,), latency_seconds=random.choice((0.02, 2.0)))
    world = World(seed, NoFaults(), shape)
    kind = random.choice(KINDS)
    world.client("client", Client(world, "ann", Habits(kind=kind, looks_every=20.0), "key").live)
    _without_a_rescue(world)


def an_answer_lost(number: int) -> None:
    """The answer to one write is lost, once: the client's own retry tells that it was written."""
    crossed = crashes.sites("flashcards")
    writes = [place for place, site in enumerate(crossed) if site is Site.WRITE and Fault.LOST_ANSWER in AT[site]]
    place = writes[number % len(writes)]
    plan: Plan = PlacedFaults({place: Fault.LOST_ANSWER})
    world = World(1, plan, Shape())
    world.client("client", Client(world, "ann", Habits(looks_every=200.0), "key").live)
    _without_a_rescue(world)


def no_answer(number: int) -> None:
    """Nothing answers for one write, however often it is sent, although it was written: each call still counts once."""
    _at_a_write("flashcards", number, Fault.ANSWERS_LOST)


def held_up(number: int) -> None:
    """Nothing answers for one write, and it arrives when its worker has given up: each call still counts once."""
    _at_a_write("story", number, Fault.ALL_HELD_UP)


def _at_a_write(kind: str, number: int, fault: Fault) -> None:
    writes = [place for place, site in enumerate(crashes.sites(kind)) if site is Site.WRITE]
    crashes.disturbed(kind, (crashes.Place(writes[number % len(writes)], fault),))


def _without_a_lost_lease(world: World) -> set[str]:
    """Return the ends. All usage that the model reported is on the heads: no worker died, and each ended its attempt
    itself."""
    ends = set(run(world).ends)
    heads = [world.head(generation_id) for generation_id in world.invariants.heads]
    for head in heads:
        if head.isolated or head.dispatches > 1:
            raise ViolationError("no_lease_of_a_living_worker_runs_out", shown(head))
    told = sum(call.usage.prompt_tokens for call in world.ledger.calls if call.told)
    counted = sum(head.usage.prompt_tokens for head in heads)
    if told != counted:
        raise ViolationError("invariant_10_every_call_counts_once", f"{counted:b} of {told:b}")
    return ends


def _without_a_rescue(world: World) -> None:
    run(world)
    for generation_id in world.invariants.heads:
        head = world.head(generation_id)
        if head.isolated or head.dispatches > 1 or head.status != "succeeded":
            raise ViolationError("nobody_need_be_rescued_who_is_not_disturbed", shown(head))
