"""A worker's writes of the head, and the possible outcomes: answered, refused, its answer lost, or delayed."""

from collections.abc import Iterator
from typing import Any

from shared.domain.states import Status
from tests.model.checks import Broken
from tests.model.rows import Table, Writer
from tests.model.state import ALONE, IDLE, NO_COPY, SHARED, Copy, News, Pc, Scene, Step, Worker


def told(worker: Worker, news: News) -> Worker:
    """Return the worker after something happened beside it, or by its own write."""
    if worker.pc == Pc.IDLE:
        return IDLE
    if not news.lease and (worker.pc == Pc.GRANTED or (worker.pc == Pc.AGAIN and worker.row == "begin_call")):
        return IDLE  # it sends only within a lease of its begin_call, and the head's lease began no earlier
    return worker._replace(
        fence=worker.fence and news.fence,
        holds=worker.holds and news.holds,
        calls=worker.calls and news.calls,
        last=worker.last and news.last,
        version=worker.version and news.version,
    )


def dispatched(scene: Scene) -> Scene:
    """Send the message of the present head."""
    return scene._replace(queue=scene.queue | (ALONE if scene.head.isolated else SHARED))


def writer_of(worker: Worker) -> Writer:
    # An advance that was applied has moved the usage that it would move again.
    return Writer(worker.fence, worker.holds, worker.calls, usage=worker.pc != Pc.AGAIN, progress=worker.shown)


def write(
    table: Table, scene: Scene, worker: Worker, name: str, after: Worker, refused: Worker, **changes: Any
) -> Iterator[Step]:
    """A write, and all of its outcomes; `after` is the worker that got the answer."""
    writer = writer_of(worker)
    if not table.allows(name, scene, writer):
        yield Step(f"{name} is refused", scene, refused)
        return
    if name in table.limits.held_up and scene.copy is NO_COPY:
        late = Copy(name, worker.fence, worker.holds, True, True, worker.shown, worker.usage, worker.known)
        late = late._replace(**{key: value for key, value in changes.items() if key in ("call_step", "step_calls")})
        yield Step(f"{name} is held up, and to be sent again", scene._replace(copy=late), worker, fault=True)
    if name == "begin_call":
        grants = list(scene.grants)
        grants[worker.known] += 1
        scene = scene._replace(grants=tuple(grants))
    written = table.write(name, scene, writer, **changes)
    yield Step(name, written, after._replace(version=True))
    again = told(worker, written.news)._replace(pc=Pc.AGAIN, row=name, call=after.call)
    if name in ("begin_call", "advance"):
        yield Step(f"{name}, and its answer is lost", written, again, fault=True)
    elif table.allows(name, written, writer_of(again)):
        raise Broken(name, "applied a second time when its answer was lost")


def when_refused(scene: Scene, worker: Worker) -> Worker:
    """A worker whose lease was not renewed: past its deadline, it fails the generation that it still holds."""
    if worker.fence and worker.holds and scene.late and scene.head.status is Status.RUNNING:
        return worker._replace(pc=Pc.FAILING, call=0)
    return lost(worker)


def lost(worker: Worker) -> Worker:
    """A worker that has lost its lease: it only acts if the generation was ended under it."""
    return worker._replace(pc=Pc.LOST, row="", call=0)


def try_again(table: Table, scene: Scene, worker: Worker) -> Step:
    """The second try of a write that was applied: applied again, recognised as its own, or refused.

    The worker's other writes carry a mark, which identifies them: their second try ends as the first.
    """
    label, row, head = f"{worker.row} is tried again", worker.row, scene.head
    on = worker._replace(pc=Pc.READY, row="", calls=True)
    if row == "begin_call":
        on = on._replace(pc=Pc.GRANTED, step_shown=worker.step_usage)
    if table.allows(row, scene, writer_of(worker)):
        return Step(f"{label} and applied", scene, on)
    held = worker.fence and worker.holds and head.status is Status.RUNNING
    if held and (row == "begin_call" or head.steps_done == worker.known):
        return Step(f"{label} and known", scene, on)
    return Step(f"{label} and refused", scene, lost(worker))
