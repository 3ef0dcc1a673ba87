"""Invariants of a single head, as far as one read of one item can tell. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from operations import findings as rules
from operations.findings import Finding, Rule
from operations.partition import Partition
from shared.domain.generation import Generation
from shared.domain.states import Status
from shared.store.keys import due_shard

_OVERSTAYED = timedelta(days=7)
AHEAD = timedelta(days=1)
LONGEST_DEADLINE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Expected:
    """The deployment's promises. `patience` is one sweep plus a margin for late sweeps and clocks."""

    retention: timedelta
    lease: timedelta
    patience: timedelta


def heads(partition: Partition, expected: Expected, now: datetime) -> Iterator[Finding]:
    """Yield the faults of single heads."""
    for head in partition.heads.values():
        item = f"G#{head.generation_id}"
        shard = partition.shards[head.generation_id]
        found = _ended(head, shard) if head.terminal else _open(head, shard, expected, now)
        yield from (Finding(rule, partition.owner, item, detail) for rule, detail in found)
        if (ahead := _ahead(head, now)) is not None:
            yield Finding(rules.FAR_TIME, partition.owner, item, ahead)
        if (detail := _contradiction(head)) is not None:
            yield Finding(rules.CONTRADICTION, partition.owner, item, detail)


def _ended(head: Generation, shard: str | None) -> Iterator[tuple[Rule, str]]:
    if head.due_at is not None or shard is not None:
        yield rules.ENDED_IN_INDEX, f"{head.status}"
    missing = [name for name in ("finished_at", "expires_at") if getattr(head, name) is None]
    if missing:
        yield rules.ENDED_INCOMPLETE, f"{head.status}, without {' and '.join(missing)}"


def _open(head: Generation, shard: str | None, expected: Expected, now: datetime) -> Iterator[tuple[Rule, str]]:
    if head.expires_at is not None:
        yield rules.OPEN_LAPSES, f"{head.status}, until {head.expires_at:%Y-%m-%d %H:%M}"
    if head.due_at is None or shard is None:
        yield rules.NOT_IN_INDEX, f"{head.status}"
    elif shard != due_shard(head.generation_id):
        yield rules.WRONG_SHARD, f"{head.status}, due in shard {due_shard(head.generation_id)}"
    if head.due_at is not None and head.due_at > head.deadline_at:
        yield rules.DUE_AFTER_DEADLINE, f"by {duration(head.due_at - head.deadline_at)}"
    if now > head.deadline_at + expected.patience:
        yield rules.OVERDUE, f"{head.status}, {duration(now - head.deadline_at)} past its deadline"
    elif head.due_at is not None and now > head.due_at + expected.patience:
        yield rules.UNATTENDED, f"{head.status}, due for {duration(now - head.due_at)}"
    elif _silent(head, expected, now):
        beat = head.heartbeat_at or head.created_at
        yield rules.LEASE_OVER, f"silent for {duration(now - beat)}, due in {duration((head.due_at or now) - now)}"


def _ahead(head: Generation, now: datetime) -> str | None:
    """Return which of a head's times is impossibly far ahead. A separate finding covers the times of the index."""
    if head.deadline_at > now + LONGEST_DEADLINE:
        return f"deadline_at {head.deadline_at:%Y-%m-%d}"
    times = ("created_at", "started_at", "heartbeat_at", "progress_at", "finished_at", "not_before")
    far = [name for name in times if (at := getattr(head, name)) is not None and at > now + AHEAD]
    return f"{far[0]} {getattr(head, far[0]):%Y-%m-%d}" if far else None


def _silent(head: Generation, expected: Expected, now: datetime) -> bool:
    if head.status is not Status.RUNNING or head.heartbeat_at is None or head.due_at is None:
        return False
    return now > head.heartbeat_at + expected.lease + expected.patience


def _contradiction(head: Generation) -> str | None:
    held = head.holder is not None
    if held is not (head.status is Status.RUNNING):
        return f"{head.status}, {'with' if held else 'without'} a holder"
    if head.status is Status.RUNNING and head.heartbeat_at is None:
        return f"{head.status}, without a heartbeat"
    if (head.error is not None) is not (head.status is Status.FAILED):
        return f"{head.status}, {'with' if head.error else 'without'} an error"
    if head.status is Status.SUCCEEDED and head.progress != 100:
        return f"{head.status}, at {head.progress} %"
    if head.fence < 1 or head.version < 1:
        return f"{head.status}, fence {head.fence}, version {head.version}"
    return None


def others(partition: Partition, now: datetime) -> Iterator[Finding]:
    """Yield the faults of single items other than heads, and of unreadable items."""
    owner = partition.owner
    for sort_key, reason in partition.unreadable:
        yield Finding(rules.UNREADABLE, owner, sort_key, reason)
    for sort_key in partition.newer:
        yield Finding(rules.NEWER_SCHEMA, owner, sort_key)
    for sort_key in partition.unknown:
        yield Finding(rules.UNKNOWN_ITEM, owner, sort_key)
    for sort_key in partition.empty_steps:
        yield Finding(rules.STEP_EMPTY, owner, sort_key)
    for day, used in partition.days.items():
        if used.lapses and not used.stripped:
            yield Finding(rules.DAY_LAPSES, owner, f"U#{day}")
    if partition.erasing_until is not None and partition.erasing_until > now + AHEAD:
        yield Finding(rules.FAR_TIME, owner, "X#erase", f"not_before {partition.erasing_until:%Y-%m-%d}")
    yield from _limit(partition, now)
    overstayed = [sort_key for sort_key, at in partition.lapses.items() if at + _OVERSTAYED < now]
    if overstayed:
        yield Finding(rules.OVERSTAYED, owner, overstayed[0], f"{len(overstayed)} of its owner's items")


def _limit(partition: Partition, now: datetime) -> Iterator[Finding]:
    owner = partition.owner
    lapses, swept = partition.limit_lapses_at, partition.limit_swept_at
    if lapses is not None and (swept is None or swept < lapses):
        yield Finding(rules.LIMIT_UNSWEPT, owner, "L#create", f"last used at {lapses:%Y-%m-%d %H:%M}")
    if lapses is not None and lapses > now + AHEAD:
        yield Finding(rules.FAR_TIME, owner, "L#create", f"last used at {lapses:%Y-%m-%d}")


def duration(span: timedelta) -> str:
    """Return a duration for people: its two largest units."""
    seconds = max(0, int(span.total_seconds()))
    for name, size, below, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            return f"{seconds // size} {name} {seconds % size // part} {below}"
    return f"{seconds} s"
