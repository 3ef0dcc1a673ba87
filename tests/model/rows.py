"""Reads the rows of the transition table: whether a write is allowed, and its effect on the head and on those who have
read it. Knows no row's reasons and takes the table literally."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from docs.row_examples import sets_of
from shared.domain.row import Row
from shared.domain.rows import ROWS
from shared.domain.states import TERMINAL, Guard, Status
from tests.model.checks import Broken, Write, broken_by
from tests.model.state import NO_COPY, Due, Head, News, Scene, Size, add


class Writer(NamedTuple):
    """The comparison of a write: for each value "as read", whether it is still the one that the writer has read."""

    fence: bool = True
    holds: bool = False
    calls: bool = True
    due: bool = True
    heartbeat: bool = True
    usage: bool = True
    version: bool = True
    progress: int = 0
    readable: bool = True
    absent: bool = True
    isolated: bool = False
    """The message came from the queue for those that are alone."""


GUARDS: Mapping[Guard, Callable[[Scene, Writer, Size], bool]] = {
    Guard.ABSENT: lambda _scene, writer, _limits: writer.absent,
    Guard.FENCE: lambda _scene, writer, _limits: writer.fence,
    Guard.HOLDER: lambda _scene, writer, _limits: writer.holds,
    Guard.READABLE: lambda _scene, writer, _limits: writer.readable,
    Guard.FRUITLESS_ATTEMPTS_LEFT: lambda scene, _writer, limits: (
        scene.head.fruitless_attempts < limits.max_fruitless_attempts
    ),
    Guard.NOT_BEFORE_PASSED: lambda scene, _writer, _limits: not scene.head.waiting,
    Guard.BEFORE_DEADLINE: lambda scene, _writer, _limits: not scene.late,
    Guard.PAST_DEADLINE: lambda scene, _writer, _limits: scene.late,
    Guard.PROGRESS_NOT_AHEAD: lambda scene, writer, _limits: scene.head.progress <= writer.progress,
    Guard.CALLS_AS_KNOWN: lambda _scene, writer, _limits: writer.calls,
    Guard.HEARTBEAT_AS_READ: lambda _scene, writer, _limits: writer.heartbeat,
    Guard.DUE_AS_READ: lambda _scene, writer, _limits: writer.due,
    Guard.USAGE_AS_READ: lambda _scene, writer, _limits: writer.usage,
    Guard.VERSION_AS_READ: lambda _scene, writer, _limits: writer.version,
    Guard.NOT_DISMISSED: lambda scene, _writer, _limits: not scene.head.dismissals,
    Guard.NOT_RETRIED: lambda scene, _writer, _limits: not scene.head.successors,
}
# Conditions that never hold again once they fail: a write that has lost one of these is refused for good.
_LOST_FOR_GOOD = (
    (Guard.FENCE, "fence"),
    (Guard.HOLDER, "holds"),
    (Guard.CALLS_AS_KNOWN, "calls"),
    (Guard.DUE_AS_READ, "due"),
    (Guard.HEARTBEAT_AS_READ, "heartbeat"),
    (Guard.USAGE_AS_READ, "usage"),
    (Guard.VERSION_AS_READ, "version"),
)
RENEW_THE_LEASE = frozenset(row.name for row in ROWS if "heartbeat_at" in sets_of(row))
MOVE_DUE = frozenset(row.name for row in ROWS if "due_at" in sets_of(row) and row.sources)
MOVES = frozenset(
    {"claim", "heartbeat", "begin_call", "store_step", "advance", "succeed", "release", "fail", "bill"}
    | {"rearm", "postpone", "give_back", "crash_loop", "send_again", "expire", "cancel", "dismiss", "retry"}
)
"""The rows that the model moves along."""
OF_A_HOLDER = ("heartbeat", "begin_call", "advance", "succeed", "release", "fail")


class Table:
    """The rows by name, and the writes that they allow. Raises Broken for a write that breaks an invariant."""

    def __init__(self, limits: Size, rows: Sequence[Row[Any]] = ROWS) -> None:
        self.limits = limits
        self.rows = {row.name: row for row in rows}
        self.lost = {row.name: tuple(name for guard, name in _LOST_FOR_GOOD if guard in row.guards) for row in rows}
        self._guards = {row.name: [GUARDS[guard] for guard in row.guards] for row in rows}

    def allows(self, name: str, scene: Scene, writer: Writer) -> bool:
        """Whether DynamoDB finds the condition of the row to hold."""
        if scene.head.status not in self.rows[name].sources:
            return False
        return all(holds(scene, writer, self.limits) for holds in self._guards[name])

    def refuses_for_good(self, name: str, writer: Writer, status: Status) -> bool:
        """Whether what a writer compares with, and a head of this status, can never be allowed again."""
        if status in TERMINAL and status not in self.rows[name].sources:
            return True
        return not all(getattr(writer, flag) for flag in self.lost[name])

    def write(self, name: str, scene: Scene, writer: Writer, **changes: Any) -> Scene:
        """Make an allowed write: `changes`, and what the row itself says of status, fence, version and index."""
        row, old = self.rows[name], scene.head
        if name in MOVE_DUE:
            changes["due"] = Due.PASSED if scene.late else Due.LATER
        if name in RENEW_THE_LEASE:
            changes["lease_over"] = False
        if row.target is not None:
            changes["status"] = row.target
        if row.leaves_index():
            changes["due"] = Due.ABSENT
        if row.target in TERMINAL and row.transaction:
            changes |= {"ends": old.ends + 1, "day": add(old.day, changes["usage"])}
        new = old._replace(**changes)
        if new.status is not Status.RUNNING:
            new = new._replace(lease_over=False)
        told = broken_by(Write(row, scene, old, new, writer, self.limits))
        if told:
            raise Broken(name, told)
        return self._noted(row, scene, new)

    def _noted(self, row: Row[Any], scene: Scene, new: Head) -> Scene:
        old = scene.head
        spent = (new.usage, new.steps_done) != (old.usage, old.steps_done)
        shown = row.name in ("heartbeat", "begin_call") and (spent or new.progress > old.progress)
        news = News(
            status=new.status,
            fence=not row.raises_fence,
            holds=row.target is None,
            calls=(new.call_step, new.step_calls) == (old.call_step, old.step_calls),
            due=row.name not in MOVE_DUE and not row.leaves_index(),
            heartbeat=row.name not in RENEW_THE_LEASE,
            usage=not spent,
            version=not (row.raises_version or shown),
            last=not row.raises_fence or new.status in TERMINAL,
            usage_before=old.usage if spent else 0,
            steps_before=old.steps_done if spent else 0,
        )
        copy = scene.copy
        if copy is not NO_COPY:
            copy = copy._replace(
                fence=copy.fence and news.fence,
                holds=copy.holds and news.holds,
                calls=copy.calls and news.calls,
                usage=copy.usage and news.usage,
            )
        queue = 0 if row.raises_fence else scene.queue
        return scene._replace(head=new, queue=queue, copy=copy, news=news)
