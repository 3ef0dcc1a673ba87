"""The life of one generation as a graph: every state that workers, rescuers, the owner, the queue, time and faults can
bring about. The rows of the transition table are the code's own; what happens between two writes is in `worker` and
`rescuer`.

A time that has come is a fact that does not go away: no clock is kept. All processes agree about the time.
"""

from collections.abc import Iterator

from shared.domain.states import OPEN, Status
from tests.model import rescuer
from tests.model.rows import OF_A_HOLDER, Table, Writer
from tests.model.state import IDLE, NO_COPY, NO_NEWS, NOBODY, Copy, Due, News, Pc, Reader, Scene, Step, Worker

_OF_A_LOST_WORKER = ("give_back", "crash_loop")
_SETTLE = frozenset({"give_back", "crash_loop", "expire", "cancel", "retry"})


def steps_of_nobody(table: Table, scene: Scene) -> Iterator[Step]:
    """Events without a process: time passes, messages are lost, a delayed write arrives."""
    yield from _time(scene)
    yield from _held_up(table, scene)
    if scene.queue:
        yield Step("every message is lost", scene._replace(queue=0), NOBODY, fault=True)


def _time(scene: Scene) -> Iterator[Step]:
    head = scene.head
    if head.status not in OPEN:
        return
    if head.status is Status.RUNNING and not head.lease_over:
        over = scene._replace(head=head._replace(lease_over=True), news=News(head.status, lease=False))
        yield Step("a lease passes", over, NOBODY)
    if head.due == Due.LATER:
        # due_at is never before not_before.
        yield Step("due_at passes", scene._replace(head=head._replace(due=Due.PASSED, waiting=False)), NOBODY)
    if head.waiting:
        yield Step("not_before passes", scene._replace(head=head._replace(waiting=False)), NOBODY)
    if not scene.late:
        # Neither of them is after the deadline.
        due = Due.ABSENT if head.due == Due.ABSENT else Due.PASSED
        late = scene._replace(late=True, head=head._replace(due=due, waiting=False))
        yield Step("the deadline passes", late, NOBODY)


def _held_up(table: Table, scene: Scene) -> Iterator[Step]:
    copy, gone = scene.copy, scene._replace(copy=NO_COPY)
    if copy is NO_COPY:
        return
    yield Step(f"the {copy.row} that was held up never comes", gone, NOBODY)
    if not table.allows(copy.row, scene, _writer_of(copy)):
        return
    match copy.row:
        case "heartbeat":
            changes = {"progress": copy.progress}
        case "begin_call":
            changes = {"call_step": copy.call_step, "step_calls": copy.step_calls, "usage": copy.spent}
        case _:
            changes = {"steps_done": copy.steps, "usage": copy.spent, "progress": copy.progress}
            changes |= {"fruitless_attempts": 0, "releases": 0}
    written = table.write(copy.row, gone, _writer_of(copy), **changes)
    yield Step(f"the {copy.row} that was held up comes", written, NOBODY)


def _writer_of(copy: Copy) -> Writer:
    return Writer(copy.fence, copy.holds, copy.calls, usage=copy.usage, progress=copy.progress)


# The one form of all states from which the same can happen: what can never be used again is forgotten.


def scene_form(table: Table, scene: Scene) -> Scene:
    copy, status = scene.copy, scene.head.status
    if copy is not NO_COPY:
        over = table.refuses_for_good(copy.row, _writer_of(copy), status)
        # Neither the deadline nor progress goes back: a heartbeat that is refused once is refused for good.
        if over or (copy.row == "heartbeat" and not table.allows(copy.row, scene, _writer_of(copy))):
            copy = NO_COPY
    return scene._replace(copy=copy, news=NO_NEWS)


def actor_form(table: Table, actor: Worker | Reader, status: Status) -> Worker | Reader:
    return _worker_form(table, actor, status) if isinstance(actor, Worker) else _reader_form(table, actor, status)


def _worker_form(table: Table, one: Worker, status: Status) -> Worker:
    """One whose every write of the head will be refused can only send, and store what its call brings."""
    if one.pc == Pc.IDLE:
        return IDLE
    writer = Writer(one.fence, one.holds)
    if not all(table.refuses_for_good(name, writer, status) for name in OF_A_HOLDER):
        return one
    bills = one.last and (status in OPEN or status in table.rows["bill"].sources)
    kept = Worker(one.pc, last=bills, known=one.known, usage=one.usage if bills else 0)
    if one.pc in (Pc.GRANTED, Pc.CALLING):
        return kept._replace(step_usage=one.step_usage, step_shown=one.step_shown, call=one.call)
    if not bills or status in OPEN:
        return IDLE
    if one.pc == Pc.BILLING:
        return kept._replace(version=one.version)
    return kept._replace(pc=Pc.LOST)


def _reader_form(table: Table, one: Reader, status: Status) -> Reader:
    """A plan that can only be refused is forgotten, and so is every flag that its row does not ask for."""
    if not one.row:
        return NOBODY
    rows = _OF_A_LOST_WORKER if one.row == "give_back" else (one.row,)
    if all(table.refuses_for_good(name, rescuer.writer_of(one), status) for name in rows):
        return NOBODY
    asked = {flag for name in rows for flag in table.lost[name]}
    settles = one.row in _SETTLE
    return one._replace(
        fence=one.fence or "fence" not in asked,
        due=one.due or "due" not in asked,
        heartbeat=one.heartbeat or "heartbeat" not in asked,
        calls=one.calls or one.row not in ("cancel", "expire"),
        usage=one.usage or not settles,
        version=one.version or "version" not in asked,
        seen_usage=one.seen_usage if settles else 0,
        seen_steps=one.seen_steps if settles else 0,
    )


def stale_form(table: Table, plan: str, after: Scene, plan_now: str) -> Reader:
    """Return the state of a process that had read the head before a step, and would now act on it. Returns NOBODY if
    that is refused for good, or if a new read would lead to the same act."""
    if not plan:
        return NOBODY
    form = _reader_form(table, rescuer.told(Reader(plan), after.news), after.head.status)
    return NOBODY if form == Reader(plan_now) else form
