"""Compares what was promised, spent and stored with the model's ledger and the owners' days. Changes nothing."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from shared.domain.generation import Generation
from shared.store import items
from shared.store.marshalling import Item, unmarshal
from tests.simulation.model import Ledger
from tests.simulation.process import Process
from tests.simulation.table import Change, FakeTable, Key
from tests.simulation.transitions import LEASE_SECONDS, ViolationError, shown

_OF_GENERATIONS = ("G#", "I#", "S#", "Y#", "R#", "C#", "E#")


@dataclass
class Accounts:
    """Each call's prompt tokens are a different bit: a sum shows which calls were counted, and if one was twice."""

    table: FakeTable
    ledger: Ledger
    heads: Mapping[str, Key]
    call_reserve_usd: Callable[[str], float]
    """By kind."""
    erased: set[str] = field(default_factory=set)
    """Owners who have requested an erasure: nothing of theirs is counted."""
    done_erasing: set[str] = field(default_factory=set)
    ends: Counter[str] = field(default_factory=Counter)
    _promised: dict[str, str] = field(default_factory=dict)
    _ended_at: dict[str, tuple[float, float]] = field(default_factory=dict)
    """When the process that ended it began, and when it was ended."""
    _stored: dict[Key, float] = field(default_factory=dict)
    _authors: dict[Key, Process] = field(default_factory=dict)
    _thawed: set[Key] = field(default_factory=set)
    """Writes of processes that had slept for longer than a lease: an erasure waits for the lease and no longer."""
    _late: set[Key] = field(default_factory=set)
    """Steps stored by a worker that was no longer the holder."""
    _spent: Counter[str] = field(default_factory=Counter)
    _used: Counter[str] = field(default_factory=Counter)

    def promised(self, generation_id: str, owner: str) -> None:
        """Somebody got a 202."""
        self._promised[generation_id] = owner
        if generation_id not in self.heads:
            raise ViolationError("invariant_8_what_was_accepted_exists", generation_id)

    def stored_at(self, key: Key) -> float | None:
        return self._stored.get(key)

    def step(self, change: Change, author: Process, *, held: bool) -> None:
        """Note a step's write; `held` says that its author is the generation's holder."""
        key, before, after = change
        # A successor's copies are put whole, and again when an answer is lost: the same bytes, before it has a head.
        if before is not None and after is not None and before != after:
            raise ViolationError("the_first_stored_step_stays", key[1])
        if after is None:
            return
        self._stored[key], self._authors[key] = self.table.now(), author
        if not held:
            self._late.add(key)

    def thawed(self, key: Key, author: Process) -> None:
        """Note what a process writes that has slept for longer than a lease."""
        if author.longest_freeze > LEASE_SECONDS:
            self._thawed.add(key)

    def day(self, change: Change) -> None:
        before = unmarshal(change.before) if change.before else {}
        after = unmarshal(change.after) if change.after else {}
        self._used[change.key[0]] += int(after.get("prompt_tokens", 0)) - int(before.get("prompt_tokens", 0))

    def terminal(self, before: Generation | None, after: Generation, author: Process) -> None:
        """Note a write of a head that has ended, the one that ends it and those that come after."""
        known = 0
        if before is not None and before.terminal:
            known = before.usage.prompt_tokens  # what the last holder learned too late is added after the end
        else:
            self.ends[after.error.code if after.error else str(after.status)] += 1
            if after.error is not None and after.error.code == "input_unreadable" and after.user_id not in self.erased:
                raise ViolationError("what_was_sent_in_is_there", shown(after))
            self._ended_at[after.generation_id] = author.began_at, self.table.now()
        self._spent[after.user_id] += after.usage.prompt_tokens - known
        if (after.user_id, f"Y#{after.generation_id}") in self.table.items:
            raise ViolationError("an_ended_generations_key_is_gone", shown(after))

    def invariant_10_an_ended_head_and_its_day_are_one_write(self) -> None:
        for owner, spent in self._spent.items():
            if spent != self._used[owner] and owner not in self.erased:
                told = f"{owner}: heads {spent:b}, days {self._used[owner]:b}"
                raise ViolationError("invariant_10_an_ended_head_and_its_day_are_one_write", told)

    def at_the_end(self) -> None:
        """Check what only the whole tells."""
        for generation_id, owner in self._promised.items():
            if (owner, f"G#{generation_id}") not in self.table.items and owner not in self.erased:
                raise ViolationError("invariant_8_what_was_accepted_exists", generation_id)
        for owner, sk in self.table.items:
            if owner in self.done_erasing and sk[:2] in _OF_GENERATIONS and (owner, sk) not in self._thawed:
                raise ViolationError("what_is_erased_stays_gone", f"{sk} of {owner}")
        counted: Counter[str] = Counter()
        for owner, sk in self.heads.values():
            if owner not in self.erased:
                head = items.decode_head(self.table.items[owner, sk])
                self.invariant_10_every_call_counts_once(head)
                self.invariant_10_stored_steps_are_counted(head)
                self.invariant_10_a_call_without_a_bill_keeps_its_reserve(head, self.call_reserve_usd(head.kind))
                if counted[owner] & head.usage.prompt_tokens:
                    raise ViolationError("invariant_10_no_call_counts_with_two_generations", shown(head))
                counted[owner] += head.usage.prompt_tokens

    def invariant_10_every_call_counts_once(self, head: Generation) -> None:
        # A successor counts what a late holder of the one before it stored after that one's end.
        told = sum(call.usage.prompt_tokens for one in self._line_of(head) for call in self.ledger.of(one) if call.told)
        counted = head.usage.prompt_tokens
        if counted & ~told or counted.bit_count() != head.usage.calls:
            raise ViolationError("invariant_10_every_call_counts_once", f"{shown(head)} has {counted:b} of {told:b}")

    def invariant_10_a_bill_takes_the_place_of_its_reserve(self, head: Generation, call_reserve_usd: float) -> None:
        """Reserved is at most what the calls reserve that had leave and have no bill."""
        if head.retry_of is not None:
            return  # it may count the bill of a call that the one before it began
        most = (head.calls - head.usage.calls) * Decimal(str(call_reserve_usd))
        if head.reserved_usd > most:
            told = f"{shown(head)} reserves {head.reserved_usd} USD beside {head.usage.calls} bills"
            raise ViolationError("invariant_10_a_bill_takes_the_place_of_its_reserve", told)

    def invariant_10_a_call_without_a_bill_keeps_its_reserve(self, head: Generation, call_reserve_usd: float) -> None:
        """Every call that was sent is counted, or reserved for."""
        if head.retry_of is not None or head.retried_as is not None:
            return  # either may count a call of the other
        calls = self.ledger.of(head.generation_id)
        left = sum(not call.usage.prompt_tokens & head.usage.prompt_tokens for call in calls)
        if head.reserved_usd < left * Decimal(str(call_reserve_usd)):
            told = f"{shown(head)} reserves {head.reserved_usd} USD for {left} calls without a bill"
            raise ViolationError("invariant_10_a_call_without_a_bill_keeps_its_reserve", told)

    def invariant_10_who_ends_an_attempt_has_counted_its_calls(self, after: Generation, author: Process) -> None:
        """Whatever ended the attempt, everything that its worker knew of is on the head that it leaves."""
        calls = [call for call in self.ledger.of(after.generation_id) if call.process is author and call.told]
        told = sum(call.usage.prompt_tokens for call in calls if call.attempt == after.attempt)
        if told & ~after.usage.prompt_tokens:
            missed = f"{shown(after)} has {after.usage.prompt_tokens:b} of {told:b}"
            raise ViolationError("invariant_10_who_ends_an_attempt_has_counted_its_calls", missed)

    def invariant_10_stored_steps_are_counted(self, head: Generation) -> None:
        first, behind = f"S#{head.generation_id}#", f"S#{head.generation_id}$"
        looked_at, ended_at = self._ended_at[head.generation_id]
        for sk in self.table.keys_between(head.user_id, first, behind):
            key = (head.user_id, sk)
            # Nothing ties a step to the head: one that comes after who ends it has looked is not seen. A holder that
            # lives on, and reaches the table, adds it to the bill, unless a successor counted it first.
            author = self._authors[key]
            unseen = key in self._late or author.dead or author.troubled
            if self._stored[key] >= (looked_at if unseen else ended_at):
                continue
            spent = int(unmarshal(self.table.items[key]).get("prompt_tokens", 0))
            if spent & ~head.usage.prompt_tokens & ~self._usage_of_successor(head):
                raise ViolationError("invariant_10_stored_steps_are_counted", f"{sk} of {shown(head)}")

    def _usage_of_successor(self, head: Generation) -> int:
        if head.retried_as is None:
            return 0
        return items.decode_head(self.table.items[self.heads[head.retried_as]]).usage.prompt_tokens

    def _line_of(self, head: Generation) -> list[str]:
        line = [head.generation_id]
        while head.retry_of is not None and head.retry_of in self.heads:
            head = items.decode_head(self.table.items[self.heads[head.retry_of]])
            line.append(head.generation_id)
        return line


def invariant_10_the_days_of_owners_and_the_deployments_are_one_sum(changes: list[Change]) -> None:
    """Each write adds the same to owners' days and to the deployment's. An erasure deletes only from the owners'."""
    owners = deployment = Decimal(0)
    for key, before, after in changes:
        if key[1].startswith("U#") and after is not None:
            owners += items.charged(after) - items.charged(before)
        elif key[1].startswith("spend ") and after is not None:
            deployment += _spent(after) - _spent(before)
    if owners != deployment:
        raise ViolationError("invariant_10_the_days_are_one_sum", f"{owners} and {deployment} USD")


def _spent(shard: Item | None) -> Decimal:
    return Decimal(0) if shard is None else Decimal(unmarshal(shard)["spent_usd"])
