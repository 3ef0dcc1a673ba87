"""A rescuer's acts, as the sweeper or a reading `status`, and the owner's: the model's own reading of
`shared/rescue.py` and `functions/actions`. Anything may happen between the read of the head and the write.

The steps are read with the write. A retry counts what a late holder stores between the two; the end does not.
"""

from collections.abc import Iterator
from typing import Any

from shared.domain.states import TERMINAL, Status
from tests.model.checks import Broken
from tests.model.rows import Table, Writer
from tests.model.state import NOBODY, Due, News, Reader, Scene, Step, settled
from tests.model.writes import dispatched

_DISPATCHED = ("give_back", "send_again")
_SAID_BY_THEMSELVES = ("rearm", "postpone")  # what these write may be written twice


def steps(table: Table, scene: Scene, reader: Reader) -> Iterator[Step]:
    """Everything that a rescuer may do next."""
    if reader.row:
        yield Step("a rescuer dies", scene, NOBODY, fault=True)
        yield from _act(table, scene, reader)
        return
    due, plan = scene.head.due == Due.PASSED, diagnosis(scene)
    if plan:
        # The sweeper sees what is due. Somebody who reads it sees it earlier, and nobody may count on that.
        for step in _act(table, scene, Reader(plan)):
            yield step._replace(fault=step.fault or not due)
    if due and table.allows("postpone", scene, Writer()):
        postponed = table.write("postpone", scene, Writer())
        yield Step("a rescuer of an older version: postpone", postponed, NOBODY, fault=True)
    if not scene.late and table.allows("expire", scene, Writer()):
        yield from _act(table, scene, Reader("expire"))  # by one whose clock was ahead when it looked


def owner_steps(table: Table, scene: Scene, owner: Reader) -> Iterator[Step]:
    """The owner's next acts: cancel an open generation, retry one that was not done."""
    if owner.row:
        yield Step(f"the {owner.row} dies", scene, NOBODY, fault=True)
    plan = owner.row or wish(table, scene)
    if plan:
        for step in _act(table, scene, owner if owner.row else Reader(plan)):
            yield step._replace(fault=True)


def last_steps(table: Table, scene: Scene) -> Iterator[Step]:
    """The owner's acts on an ended generation. They change nothing that others read, so this turn may be the last."""
    if table.allows("dismiss", scene, Writer()):
        dismissed = table.write("dismiss", scene, Writer(), dismissals=scene.head.dismissals + 1)
        yield Step("dismiss", dismissed, NOBODY, fault=True)


def told(reader: Reader, news: News) -> Reader:
    """Return the reader after something happened beside it, or by its own write."""
    if not reader.row:
        return NOBODY
    if reader.usage and not news.usage:
        reader = reader._replace(seen_usage=news.usage_before, seen_steps=news.steps_before)
    return reader._replace(
        fence=reader.fence and news.fence,
        due=reader.due and news.due,
        heartbeat=reader.heartbeat and news.heartbeat,
        calls=reader.calls and news.calls,
        usage=reader.usage and news.usage,
        version=reader.version and news.version,
    )


def diagnosis(scene: Scene) -> str:
    """The row that the head requires; a lost worker's generation may turn out to be a crash loop."""
    head = scene.head
    if head.status in TERMINAL:
        return ""
    if scene.late:
        return "expire"
    due = head.due == Due.PASSED
    if head.status is Status.PENDING:
        return "send_again" if due else ""
    if head.lease_over:
        return "give_back"
    return "rearm" if due else ""


def wish(table: Table, scene: Scene) -> str:
    """The row that an owner may want: the code asks for the status before it tries."""
    head = scene.head
    if head.status not in TERMINAL:
        return "cancel"
    return "retry" if head.status in table.rows["retry"].sources and not head.successors else ""


def _act(table: Table, scene: Scene, reader: Reader) -> Iterator[Step]:
    name, head, writer = reader.row, scene.head, writer_of(reader)
    out_of_tries = head.fruitless_attempts >= table.limits.max_fruitless_attempts
    if name == "give_back" and out_of_tries and len(scene.stored) == head.steps_done:
        name = "crash_loop"
    if not table.allows(name, scene, writer):
        yield Step(f"{name} is refused", scene, NOBODY)
        return
    changes: dict[str, Any] = {"isolated": True} if name == "give_back" else {}
    if name in ("crash_loop", "expire", "cancel") or (name == "give_back" and out_of_tries):
        usage, done = (head.usage, head.steps_done) if reader.usage else (reader.seen_usage, reader.seen_steps)
        changes |= {"usage": settled(usage, done, scene.stored), "steps_done": max(done, len(scene.stored))}
    if name == "give_back" and out_of_tries:
        changes["fruitless_attempts"] = 0
    if name == "retry":
        done, copied = head.steps_done if reader.usage else reader.seen_steps, len(scene.stored)
        taken = settled(0, min(done, copied), scene.stored)
        changes = {"successors": head.successors + 1, "copied": copied, "taken": taken}
    written = table.write(name, scene, writer, **changes)
    if name in _DISPATCHED:
        yield Step(f"{name}, dispatch", dispatched(written), NOBODY)
        yield Step(f"{name}, and nothing is dispatched", written, NOBODY, fault=True)
    else:
        yield Step(name, written, NOBODY)
    if name not in _SAID_BY_THEMSELVES and table.allows(name, written, writer_of(told(reader, written.news))):
        raise Broken(name, "applied a second time when its answer was lost")


def writer_of(reader: Reader) -> Writer:
    return Writer(reader.fence, False, reader.calls, reader.due, reader.heartbeat, reader.usage, reader.version)
