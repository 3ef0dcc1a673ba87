"""Invariants of every write in a generation's life, as far as the model can express them.

Each describes its purpose, and not the guard that keeps it: a row that lost its guard must not lose its check.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.domain.row import Row
from shared.domain.states import OPEN, TERMINAL, Status
from tests.model.state import DOUBLED, Due, Head, Scene, Size

if TYPE_CHECKING:
    from tests.model.rows import Writer


class Broken(Exception):  # noqa: N818 - an invariant that is broken, and no error of the model's
    """A write along the row `name` that the table allows breaks an invariant."""

    def __init__(self, name: str, told: str) -> None:
        super().__init__(f"{name}: {told}")


class Write(NamedTuple):
    """One write that the table allows: the head before and after it, and who makes it."""

    row: Row[Any]
    scene: Scene
    old: Head
    new: Head
    writer: "Writer"
    limits: Size

    @property
    def of_a_holder(self) -> bool:
        return self.row.by == ("process",) and self.row.name not in ("claim", "store_step", "bill")


Check = Callable[[Write], bool]

BREAKS: Mapping[str, Check] = {
    # 1 and 2: what has ended, and what a reader has seen, stays.
    "an ended generation changed its status": lambda w: w.old.status in TERMINAL and w.new.status is not w.old.status,
    "the holder changed, and the fence did not": (
        lambda w: {w.old.status, w.new.status} == OPEN and not w.row.raises_fence
    ),
    "a reader saw two statuses of one version": (
        lambda w: w.old.status is not w.new.status and not w.row.raises_version
    ),
    # 3: one holder, and only it moves the head.
    "the head was moved by a worker that does not hold it": (
        lambda w: w.of_a_holder and not (w.writer.holds and w.old.status is Status.RUNNING)
    ),
    "a worker lost the generation within its lease": (
        lambda w: w.row.name in ("give_back", "crash_loop") and not w.old.lease_over
    ),
    # 4: progress.
    "progress went back": lambda w: w.new.progress < w.old.progress,
    "the steps done went back": lambda w: w.new.steps_done < w.old.steps_done,
    # 5 and 6: calls.
    "a step was granted more calls than it may make": lambda w: max(w.scene.grants) > w.limits.max_calls,
    "a lease was renewed after the deadline": (
        lambda w: w.scene.late and w.row.name in ("heartbeat", "begin_call")
    ),
    # 7 and 8: the index, and the times.
    "in the index are not the open generations and those alone": (
        lambda w: (w.new.due == Due.ABSENT) != (w.new.status in TERMINAL)
    ),
    "it expired before its deadline": lambda w: w.row.name == "expire" and not w.scene.late,
    "an attempt began after the deadline": lambda w: w.row.name == "claim" and w.scene.late,
    "claimed earlier than the provider or the delay allows": lambda w: w.row.name == "claim" and w.old.waiting,
    "claimed by code that cannot read it": lambda w: w.row.name == "claim" and not w.writer.readable,
    "claimed, though another holds it or it has ended": (
        lambda w: w.row.name == "claim" and w.old.status is not Status.PENDING
    ),
    "a message was sent again before it was due": (
        lambda w: w.row.name == "send_again" and w.old.due != Due.PASSED
    ),
    # 10: usage.
    "a call was counted twice": lambda w: bool(w.new.usage & DOUBLED),
    "a call that was counted is not counted any more": lambda w: bool(w.old.usage & ~w.new.usage),
    "a call is counted by the successor as well": lambda w: bool(w.new.taken & w.new.usage),
    "the owner's day does not count the end once": lambda w: w.new.ends != (1 if w.new.status in TERMINAL else 0),
    "the owner's day counts other calls than the generation": (
        lambda w: w.new.status in TERMINAL and w.new.day != w.new.usage
    ),
    "it ended, and a step that was stored is not in its usage": (
        lambda w: w.old.status in OPEN and w.new.status in TERMINAL
        and any(step.paid & ~w.new.usage for step in w.scene.stored)
    ),
    "it ended, and a call that began meanwhile lost its reserve": (
        lambda w: w.row.name in ("cancel", "expire") and not w.writer.calls
    ),
    "a second dismissal changed something": lambda w: w.new.dismissals > 1,
    "it has two successors": lambda w: w.new.successors > 1,
    # 11: poison.
    "more attempts in a row than allowed stored nothing": (
        lambda w: w.new.fruitless_attempts > w.limits.max_fruitless_attempts
    ),
    "claimed beside neighbours, though its worker was lost once": (
        lambda w: w.row.name == "claim" and w.old.isolated and not w.writer.isolated
    ),
    "failed as a crash loop, and no attempt of it was alone": (
        lambda w: w.row.name == "crash_loop" and not w.old.isolated
    ),
}  # fmt: skip


def broken_by(write: Write) -> str | None:
    """Say which invariant a write breaks that the table allows; None when it breaks none."""
    return next((told for told, breaks in BREAKS.items() if breaks(write)), None)
