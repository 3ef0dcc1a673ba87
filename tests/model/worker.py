"""A worker process between its writes, and its possible fates: the model's own reading of `functions/process`. It may
sleep for any time before each of its steps, which looks like a freeze.

The read of the steps is one step with the claim before it, or with the fail after it. Anything between them changes
nothing that the read would not show.
"""

from collections.abc import Iterator

from shared.domain.states import OPEN, Status
from tests.model.checks import Broken
from tests.model.rows import Table, Writer
from tests.model.state import (
    ALONE,
    IDLE,
    NO_COPY,
    SHARED,
    Copy,
    Pc,
    Scene,
    Step,
    StoredCalls,
    Worker,
    add,
    settled,
)
from tests.model.writes import dispatched, lost, try_again, when_refused, write, writer_of


def steps(table: Table, scene: Scene, worker: Worker) -> Iterator[Step]:
    """Everything that a worker may do next."""
    if worker.pc == Pc.IDLE:
        yield from _deliveries(table, scene)
        return
    yield Step(f"a worker dies, {worker.pc}", scene, IDLE, fault=True)
    yield from _beats(table, scene, worker)
    match worker.pc:
        case Pc.READY:
            yield from _next_write(table, scene, worker)
            yield from _releases(table, scene, worker, "no time is left", counted=True, waits=False)
        case Pc.GRANTED:
            yield _send(scene, worker)
            yield from _releases(table, scene, worker, "no time is left", counted=True, waits=False)
        case Pc.CALLING:
            yield from _answers(table, scene, worker)
        case Pc.FAILING:
            yield from _fail(table, scene, worker)
        case Pc.LOST:
            yield from _reckons(table, scene, worker)
        case Pc.BILLING:
            yield from _bills(table, scene, worker)
        case Pc.AGAIN:
            yield try_again(table, scene, worker)


def _deliveries(table: Table, scene: Scene) -> Iterator[Step]:
    for label, bit in (("a message", SHARED), ("a message of the second queue", ALONE)):
        if not scene.queue & bit:
            continue
        writer, emptied = Writer(isolated=bit == ALONE), scene.queue & ~bit
        older = writer._replace(readable=False)
        if table.allows("claim", scene, older):
            yield _claim(table, scene, older, "an older version: claim")
        if table.allows("claim", scene, writer):
            claim = _claim(table, scene, writer, f"{label} comes and stays: claim")
            yield claim
            yield Step(f"{label} comes: claim", claim.scene._replace(queue=claim.scene.queue & ~bit), claim.actor)
        elif not (scene.head.status is Status.PENDING and scene.head.waiting):
            # One that came too early is sent again with the delay that remains, which leaves it where it was.
            yield Step(f"{label} comes and is dropped", scene._replace(queue=emptied), IDLE)
    if table.allows("claim", scene, Writer(fence=False)):
        yield _claim(table, scene, Writer(fence=False), "a message of an older fence comes: claim")


def _claim(table: Table, scene: Scene, writer: Writer, label: str) -> Step:
    claimed = table.write("claim", scene, writer, fruitless_attempts=scene.head.fruitless_attempts + 1, waiting=False)
    head, known = claimed.head, len(scene.stored)
    worker = Worker(
        Pc.READY,
        fence=True,
        holds=True,
        last=True,
        known=known,
        usage=settled(head.usage, head.steps_done, scene.stored),
        shown=max(head.progress, 2 * known),
    )
    return Step(label, claimed, worker, fault=True)


def _behind(scene: Scene, worker: Worker) -> bool:
    """Whether more steps are stored than the head shows: a fruitless row ends with them."""
    return worker.known > scene.head.steps_done


def _next_write(table: Table, scene: Scene, worker: Worker) -> Iterator[Step]:
    head, limits = scene.head, table.limits
    stored = {"usage": worker.usage, "steps_done": worker.known, "fruitless_attempts": 0, "releases": 0}
    made = head.step_calls if head.call_step == worker.known else 0
    if worker.known == limits.steps:
        yield from write(table, scene, worker, "succeed", IDLE, lost(worker), progress=2 * limits.steps + 1, **stored)
    elif _behind(scene, worker):
        yield from write(table, scene, worker, "advance", worker, lost(worker), progress=worker.shown, **stored)
    elif made >= limits.max_calls:
        yield Step("the step has used its calls", scene, worker._replace(pc=Pc.FAILING))
    else:
        call = 1 << (worker.known * limits.max_calls + scene.grants[worker.known])
        granted, refused = worker._replace(pc=Pc.GRANTED, call=call), when_refused(scene, worker)
        granted = granted._replace(step_shown=worker.step_usage)
        counted = {"call_step": worker.known, "step_calls": made + 1, "usage": worker.usage}
        yield from write(table, scene, worker, "begin_call", granted, refused, **counted)


def _beats(table: Table, scene: Scene, worker: Worker) -> Iterator[Step]:
    if worker.pc in (Pc.FAILING, Pc.LOST, Pc.BILLING):
        return
    if not table.allows("heartbeat", scene, writer_of(worker)):
        yield Step("a heartbeat is refused", scene, when_refused(scene, worker))
        if worker.pc == Pc.CALLING:
            # The stream is closed, and the call's final bill is still available.
            billed = worker._replace(usage=add(worker.usage, worker.call))
            yield Step("a heartbeat is refused, the call billed", scene, when_refused(scene, billed))
        return
    progress = max(worker.shown, scene.head.progress)
    beaten = table.write("heartbeat", scene, writer_of(worker), progress=progress)
    yield Step("heartbeat", beaten, worker)
    if "heartbeat" in table.limits.held_up and scene.copy is NO_COPY:
        copy = Copy("heartbeat", worker.fence, worker.holds, progress=worker.shown)
        yield Step("a heartbeat is held up", scene._replace(copy=copy), worker, fault=True)


def _send(scene: Scene, worker: Worker) -> Step:
    if scene.head.status in OPEN and not (worker.fence and worker.holds):
        raise Broken("begin_call", "a call was sent by a worker from which the generation was taken")
    return Step("the call is sent", scene, worker._replace(pc=Pc.CALLING))


def _answers(table: Table, scene: Scene, worker: Worker) -> Iterator[Step]:
    writing = 2 * worker.known + 1
    if worker.shown < writing:
        yield Step("the model writes", scene, worker._replace(shown=writing))
    yield _stored(table, scene, worker)
    billed = worker._replace(usage=add(worker.usage, worker.call), call=0)
    repair = billed._replace(pc=Pc.READY, step_usage=worker.step_usage | worker.call)
    yield Step("the answer does not fit: a repair turn", scene, repair)
    yield from _releases(table, scene, billed, "the provider says when", counted=False, waits=True)
    yield from _releases(table, scene, billed, "the provider fails", counted=True, waits=True)
    yield from _releases(table, scene, worker, "no time is left", counted=True, waits=False)
    yield Step("the provider refuses", scene, billed._replace(pc=Pc.FAILING))


def _stored(table: Table, scene: Scene, worker: Worker) -> Step:
    step, paid = worker.known, worker.step_usage | worker.call
    spent, stored = add(worker.usage, worker.call), scene.stored
    if not table.allows("store_step", scene, Writer(absent=step >= len(stored))):
        if step == len(stored):
            raise Broken("store_step", "a result that was paid for was refused, and there is no other")
        spent = add(spent, stored[step].unshown)
    elif step < len(stored):
        raise Broken("store_step", "another result took the place of the first that was stored")
    else:
        stored = (*stored, StoredCalls(paid, paid & ~worker.step_shown))
    shown = max(worker.shown, 2 * step + 2)
    worker = worker._replace(pc=Pc.READY, known=step + 1, usage=spent, step_usage=0, step_shown=0, call=0, shown=shown)
    return Step("the answer is good: store_step", scene._replace(stored=stored), worker)


def _releases(table: Table, scene: Scene, worker: Worker, why: str, *, counted: bool, waits: bool) -> Iterator[Step]:
    """The attempt ends in order. One that was decided before the deadline may be written after it."""
    head, limits, behind = scene.head, table.limits, _behind(scene, worker)
    releases = 0 if behind else head.releases
    used_up = counted and releases >= limits.max_releases
    if scene.late or used_up:
        yield Step(f"{why}: no more tries", scene, worker._replace(pc=Pc.FAILING, call=0))
    if used_up:
        return
    changes = {
        "fruitless_attempts": 0,
        "releases": releases + (1 if counted else 0),
        "usage": worker.usage,
        "steps_done": worker.known,
        "waiting": waits and not scene.late,
    }
    for step in write(table, scene, worker, "release", IDLE, lost(worker), **changes):
        if step.label == "release":
            yield Step(f"{why}: release, dispatch", dispatched(step.scene), IDLE)
            yield Step(f"{why}: release, and nothing is dispatched", step.scene, IDLE, fault=True)
        else:
            yield step._replace(label=f"{why}: {step.label}")


def _fail(table: Table, scene: Scene, worker: Worker) -> Iterator[Step]:
    usage, done = settled(worker.usage, worker.known, scene.stored), max(worker.known, len(scene.stored))
    yield from write(table, scene, worker, "fail", IDLE, lost(worker), usage=usage, steps_done=done)


def _reckons(table: Table, scene: Scene, worker: Worker) -> Iterator[Step]:
    """After the lease was lost: what was ended under this holder is read, and the steps that are stored by now."""
    if scene.head.status in table.rows["bill"].sources and worker.last:
        usage, known = settled(worker.usage, worker.known, scene.stored), max(worker.known, len(scene.stored))
        reckoned = worker._replace(pc=Pc.BILLING, usage=usage, known=known, version=True)
        yield Step("the last holder reads how it ended", scene, reckoned)


def _bills(table: Table, scene: Scene, worker: Worker) -> Iterator[Step]:
    """A step that was stored after the end is the successor's, if that has taken it over."""
    head, usage, done = scene.head, worker.usage, max(scene.head.steps_done, worker.known)
    if head.successors and worker.version:
        done = head.steps_done
        for step in scene.stored[head.steps_done : min(worker.known, head.copied)]:
            usage &= ~step.unshown
    if usage == head.usage:
        yield Step("there is nothing to bill", scene, IDLE)
    elif table.allows("bill", scene, Writer(version=worker.version)):
        day = add(head.day, usage & ~head.usage)
        billed = table.write("bill", scene, Writer(version=worker.version), usage=usage, steps_done=done, day=day)
        yield Step("bill", billed, IDLE)
    else:
        yield Step("bill is refused: the head is read again", scene, worker._replace(version=True))
