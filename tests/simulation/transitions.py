"""Invariants of each single write of a head, from the head before and after it and the writer. Keeps nothing."""

from dataclasses import fields
from typing import Any

from docs.row_examples import sets_of
from shared.domain.generation import Generation
from shared.domain.rows import ROWS
from shared.domain.states import Status
from shared.store.keys import due_shard
from tests.simulation.process import Process

LEASE_SECONDS = 40.0
MAX_FRUITLESS_ATTEMPTS = 3
# The fields that every row may change, beside those that it sets. A write to a previous version's head gives it this
# version.
_OF_EVERY_ROW = {"status", "fence", "version", "due_at", "schema_version"}
_MAY_CHANGE = {row.name: sets_of(row).keys() | _OF_EVERY_ROW for row in ROWS}


class ViolationError(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, message: str) -> None:
        super().__init__(f"{invariant}: {message}")
        self.invariant = invariant


def shown(head: Generation) -> str:
    return (
        f"{head.generation_id[-6:]} {head.status} v{head.version} f{head.fence} a{head.attempt} "
        f"b{head.fruitless_attempts} r{head.releases} c{head.calls} s{head.steps_done} {head.progress}% "
        f"{head.holder or ''}"
    )


def check_transition(before: Generation, after: Generation, author: Process, holder: Process | None) -> None:
    """Check one write. `holder` is the process that claimed the head before the write, None if none is known."""
    invariant_1_a_terminal_status_stays(before, after)
    invariant_2_fence_and_version_never_decrease(before, after)
    invariant_3_only_the_holder_moves_a_running_head(before, after, author, holder)
    invariant_4_progress_never_decreases(before, after)
    if author.role != "newer":  # it has its own rows
        every_change_is_a_row_of_the_table(before, after, author)
    a_worker_is_replaced_after_its_lease(before, after, author)
    one_successor_stays(before, after)
    usage_never_decreases(before, after)
    what_readers_see_raises_the_version(before, after)


def changed(before: Generation, after: Generation) -> set[str]:
    """Return the fields that differ."""
    return {field.name for field in fields(Generation) if getattr(before, field.name) != getattr(after, field.name)}


def invariant_1_a_terminal_status_stays(before: Generation, after: Generation) -> None:
    if before.terminal and after.status != before.status:
        raise ViolationError("invariant_1_a_terminal_status_stays", f"{shown(before)} became {shown(after)}")


def invariant_2_fence_and_version_never_decrease(before: Generation, after: Generation) -> None:
    if after.fence < before.fence or after.version < before.version:
        raise ViolationError("invariant_2_fence_and_version_never_decrease", f"{shown(before)} became {shown(after)}")


def invariant_3_only_the_holder_moves_a_running_head(
    before: Generation, after: Generation, author: Process, holder: Process | None
) -> None:
    if before.status is not Status.RUNNING or author.role != "process":
        return
    if holder is not author or (after.status is Status.RUNNING and after.holder != before.holder):
        told = f"{author.label} wrote {shown(after)} over {shown(before)} of {holder and holder.label}"
        raise ViolationError("invariant_3_only_the_holder_moves_a_running_head", told)


def invariant_4_progress_never_decreases(before: Generation, after: Generation) -> None:
    if after.progress < before.progress:
        raise ViolationError("invariant_4_progress_never_decreases", f"{shown(before)} became {shown(after)}")


def usage_never_decreases(before: Generation, after: Generation) -> None:
    if after.usage.prompt_tokens < before.usage.prompt_tokens:
        raise ViolationError("usage_never_decreases", f"{shown(before)} became {shown(after)}")


def what_readers_see_raises_the_version(before: Generation, after: Generation) -> None:
    seen = [(head.status, head.progress, head.steps_done) for head in (before, after)]
    if seen[0] != seen[1] and after.version == before.version:
        raise ViolationError("what_readers_see_raises_the_version", f"{shown(before)} became {shown(after)}")


def every_change_is_a_row_of_the_table(before: Generation, after: Generation, author: Process) -> None:
    for row in ROWS:
        unread = row.any_version and not before.status.known
        if author.role not in row.by or not (before.status in row.sources or unread):
            continue
        if after.status != (row.target or before.status):
            continue
        fences = {1} if row.raises_fence else {0}
        # A row that does not always raise the version may, where it moves what a reader sees.
        versions = {1} if row.raises_version else {0, 1}
        counted = after.fence - before.fence in fences and after.version - before.version in versions
        if counted and changed(before, after) <= _MAY_CHANGE[row.name]:
            return
    raise ViolationError("every_change_is_a_row_of_the_table", f"{author.label} made {shown(after)} of {shown(before)}")


def a_worker_is_replaced_after_its_lease(before: Generation, after: Generation, author: Process) -> None:
    given_up = after.error is not None and after.error.code == "crash_loop"
    replaced = before.status is Status.RUNNING and (after.status is Status.PENDING or given_up)
    if replaced and author.role != "process" and not before.lease_over(author.clock.now(), LEASE_SECONDS):
        raise ViolationError("a_worker_is_replaced_after_its_lease", f"{author.label} replaced that of {shown(before)}")


def one_successor_stays(before: Generation, after: Generation) -> None:
    if before.retried_as not in (None, after.retried_as):
        raise ViolationError("one_successor_stays", f"{before.retried_as} and then {after.retried_as}")


def invariant_7_open_heads_are_in_the_index(after: Generation, item: Any) -> None:
    """An open head is indexed, due by its deadline at the latest; one that has ended is not."""
    if after.terminal:
        sound = "due_at" not in item and "due_shard" not in item
    else:
        sound = item.get("due_shard", {}).get("S") == due_shard(after.generation_id)
        sound = sound and after.due_at is not None and after.due_at <= after.deadline_at
    if not sound:
        raise ViolationError("invariant_7_open_heads_are_in_the_index", shown(after))


def check_claim(after: Generation, author: Process) -> None:
    """Check who may begin: what died once with others runs alone, and so often at most."""
    if after.isolated and author.batch > 1:
        raise ViolationError("invariant_11_what_died_once_runs_alone", f"{shown(after)} is one of {author.batch}")
    if after.fruitless_attempts > MAX_FRUITLESS_ATTEMPTS:
        raise ViolationError("invariant_11_poison_is_tried_so_often_at_most", shown(after))
