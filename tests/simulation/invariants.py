"""The invariants of DESIGN section 4, checked with every write and every call of the model. Changes nothing.

`transitions` checks single writes, `accounts` checks sums; this module checks a whole life.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.domain.generation import Generation
from shared.domain.states import Status
from shared.kinds import load
from shared.store import items
from tests.factories import START
from tests.simulation.accounts import Accounts, invariant_10_the_days_of_owners_and_the_deployments_are_one_sum
from tests.simulation.kinds import SAGA
from tests.simulation.model import Paid
from tests.simulation.process import Process
from tests.simulation.scheduler import Task
from tests.simulation.table import Change, Key
from tests.simulation.transitions import (
    LEASE_SECONDS,
    ViolationError,
    check_claim,
    check_transition,
    invariant_7_open_heads_are_in_the_index,
    shown,
)

if TYPE_CHECKING:
    from tests.simulation.world import World

SWEEP_SECONDS, MARGIN_SECONDS = 60.0, 80.0
"""The margin is for an index that lagged at the last fault, and for the duration of a sweep."""

REPAIRS = 1
OUR_KEY = "sk-simulated"


def _call_reserve_usd(kind: str) -> float:
    return (SAGA if kind == SAGA.name else load(kind)).limits.call_reserve_usd


@dataclass
class Grant:
    """One begin_call that was written: its process may send once for it."""

    process: Process
    at: float
    used: bool = False


@dataclass
class Invariants:
    """Knows every head by its id, and who holds it. Every check raises ViolationError."""

    world: "World"
    heads: dict[str, Key] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    _now: dict[str, Generation] = field(default_factory=dict)
    _seen_at: dict[str, float] = field(default_factory=dict)
    _holders: dict[str, Process] = field(default_factory=dict)
    _claimed_at: dict[str, float] = field(default_factory=dict)
    _attempts: dict[str, list[Process]] = field(default_factory=lambda: defaultdict(list))
    _tasks: dict[Task | None, str] = field(default_factory=dict)
    _grants: dict[tuple[str, str], list[Grant]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.world.table, self.world.ledger, self.heads, _call_reserve_usd)

    def written(self, changes: list[Change]) -> None:
        """Check one write, as a whole."""
        author = self.world.boundary.process
        for change in changes:
            match change.key[1][:2]:
                case "G#":
                    self._head(change, author)
                case "S#":
                    head = self._now.get(change.key[1].split("#")[1])
                    held = head is None or self._holders.get(head.holder or "") is author
                    self.accounts.step(change, author, held=held)
                    self.accounts.thawed(change.key, author)
                case "E#" | "I#":
                    self.accounts.thawed(change.key, author)
                case "U#":
                    self.accounts.day(change)
        self.accounts.invariant_10_an_ended_head_and_its_day_are_one_write()
        invariant_10_the_days_of_owners_and_the_deployments_are_one_sum(changes)

    def _head(self, change: Change, author: Process) -> None:
        key, before_item, after_item = change
        generation_id = key[1][2:]
        if after_item is None:
            self.open.discard(generation_id)
            del self._now[generation_id]
            return
        before = self._now[generation_id] if before_item is not None else None
        after = self._now[generation_id] = items.decode_head(after_item)
        self.heads[generation_id] = key
        self._seen_at.setdefault(generation_id, self.world.scheduler.now)
        self.world.trace.note("head", shown(after))
        invariant_7_open_heads_are_in_the_index(after, after_item)
        self.accounts.invariant_10_a_bill_takes_the_place_of_its_reserve(after, _call_reserve_usd(after.kind))
        if before is not None:
            check_transition(before, after, author, self._holders.get(before.holder or ""))
            if after.calls > before.calls:
                self._granted(after, author)
            if before.status is Status.RUNNING and self._holders.get(before.holder or "") is author:
                self._ended_in_order(after, author)
                if after.status is not Status.RUNNING:
                    self.accounts.invariant_10_who_ends_an_attempt_has_counted_its_calls(after, author)
        if after.holder and (before is None or before.holder != after.holder):
            self._claimed(after, author)
        if not after.terminal:
            self.open.add(generation_id)
            return
        self.open.discard(generation_id)
        self.accounts.terminal(before, after, author)
        if before is not None and before.status is Status.RUNNING and after.error and after.error.code == "crash_loop":
            self.invariant_11_a_neighbours_poison_costs_one_attempt_at_most(after)

    def _claimed(self, after: Generation, author: Process) -> None:
        holder = after.holder or ""
        self._holders[holder], self._claimed_at[holder] = author, self.world.scheduler.now
        self._attempts[after.generation_id].append(author)
        self._tasks[self.world.scheduler.current] = after.generation_id
        check_claim(after, author)

    def _granted(self, after: Generation, author: Process) -> None:
        step = after.call_step or ""
        stored_at = self.accounts.stored_at((after.user_id, f"S#{after.generation_id}#{step}"))
        # A late holder may store a step after this attempt has read the steps: only steps from before that count.
        if stored_at is not None and stored_at < self._claimed_at[after.holder or ""]:
            raise ViolationError("invariant_5_no_call_for_a_stored_step", f"{step} of {shown(after)}")
        grants = self._grants[after.generation_id, step]
        grants.append(Grant(author, self.world.scheduler.now))
        if len(grants) > after.attempt * (1 + REPAIRS):
            told = f"{len(grants)} of {step} of {shown(after)}"
            raise ViolationError("invariant_5_calls_per_step_are_bounded", told)

    def sending(self, paid: Paid) -> None:
        """Check a call of the model when it is sent."""
        grants = self._grants[paid.generation_id, paid.step]
        mine = [grant for grant in grants if grant.process is paid.process and not grant.used]
        if not mine:
            told = f"{paid.process.label} calls for {paid.step} of {paid.generation_id}"
            raise ViolationError("invariant_6_no_call_without_a_grant", told)
        grant = mine[-1]
        for one in mine:
            one.used = True  # one that was not used before the next was asked for is not used any more
        seconds = self.world.scheduler.now - grant.at
        # The one exception that DESIGN states: a freeze exactly between the last check and the sending.
        if seconds > LEASE_SECONDS + 2 * self.world.shape.latency_seconds and not paid.late:
            raise ViolationError("invariant_5_sent_within_the_lease", f"{paid.process.label} after {seconds:.1f} s")
        head = self._now.get(paid.generation_id)
        if head is not None and (paid.api_key == OUR_KEY) is head.own_key:
            raise ViolationError("whose_key_is_given_pays", f"{paid.api_key} for {shown(head)}")

    def invariant_8_every_generation_ends_in_time(self) -> None:
        for generation_id in sorted(self.open):
            head = self._now[generation_id]
            deadline = (head.deadline_at - START) / timedelta(seconds=1)
            # One that was stored by a process that had been frozen may be born past its own deadline.
            begins = max(deadline, self.world.plan.ends_at, self._seen_at[generation_id])
            if self.world.scheduler.now > begins + SWEEP_SECONDS + MARGIN_SECONDS:
                raise ViolationError("invariant_8_every_generation_ends_in_time", shown(head))

    def _ended_in_order(self, after: Generation, author: Process) -> None:
        """If its worker gave it back, it costs it nothing if that worker dies later."""
        if after.status is not Status.RUNNING:
            self._attempts[after.generation_id].remove(author)

    def invariant_11_a_neighbours_poison_costs_one_attempt_at_most(self, ended: Generation) -> None:
        died = [process.culprit for process in self._attempts[ended.generation_id] if process.culprit is not None]
        killers = [self._tasks.get(culprit) for culprit in died]
        neighbours = [killer for killer in killers if killer not in (None, ended.generation_id)]
        if len(neighbours) > 1:
            told = f"{shown(ended)} was killed by {neighbours}"
            raise ViolationError("invariant_11_a_neighbours_poison_costs_one_attempt_at_most", told)
