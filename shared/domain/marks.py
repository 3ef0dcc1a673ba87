"""Decides from a head whether our write succeeded although its response was lost. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shared.domain.generation import Called, Generation
from shared.domain.row import At, Mark
from shared.domain.states import Status


class Write(NamedTuple):
    """A write as it was sent: the head, the fields that it sets, the time and the writer."""

    head: Generation | Called
    sets: Mapping[str, Any]
    at: At


def knows_itself(mark: Mark, current: Generation, write: Write) -> bool:
    """Whether `current`, the stored head, shows that `write` succeeded."""
    return _KNOWN_BY[mark](current, write)


def held(current: Generation, head: Generation | Called) -> bool:
    """Whether the holder in `head` still holds the generation."""
    if not isinstance(head, Generation):
        return False
    return (current.status, current.fence, current.holder) == (Status.RUNNING, head.fence, head.holder)


def _done(current: Generation, write: Write) -> bool:
    # A time that is only recorded may come from another writer. A time that says when to look next must be ours.
    if "due_at" in write.sets:
        return bool(current.due_at == write.sets["due_at"])
    return all(getattr(current, name) is not None for name in write.sets)


def _shows(current: Generation, write: Write, *names: str) -> bool:
    return all(getattr(current, name) == write.sets[name] for name in names)


_KNOWN_BY: Mapping[Mark, Callable[[Generation, Write], bool]] = {
    Mark.NONE: lambda _current, _write: False,
    Mark.CREATE_OP: lambda current, write: current.create_op == write.at.op,
    Mark.OP: lambda current, write: current.op == write.at.op,
    Mark.HOLDER: lambda current, write: _shows(current, write, "holder"),
    # A heartbeat has no effect if a later heartbeat of mine, or an advance, has overtaken it.
    Mark.STILL_HELD: lambda current, write: held(current, write.head) and current.deadline_at > write.at.now,
    Mark.CALLS: lambda current, write: held(current, write.head) and _shows(current, write, "calls"),
    # Only the holder changes these counts, with one write at a time.
    Mark.STEPS: lambda current, write: held(current, write.head) and _shows(current, write, "steps_done", "usage"),
    Mark.USAGE: lambda current, write: _shows(current, write, "usage", "reserved_usd"),
    Mark.DONE: _done,
}
