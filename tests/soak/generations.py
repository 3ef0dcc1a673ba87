"""The account of one generation: how it ended, its calls and their order, its usage, its output. Pure.

A difference with a recorded reason is counted, not reported. For example, a paid call is in no usage if its worker was
killed before it could save it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.kinds import load
from shared.store.marshalling import unpack
from tests.e2e.faults import fingerprint
from tests.e2e.owner import TERMINAL
from tests.soak.bill import Bill
from tests.soak.catalogue import ASKED_TWICE
from tests.soak.evidence import Evidence
from tests.soak.owner import Accepted
from tests.soak.tally import Account

_OPEN_ONLY = ("due_at", "due_shard", "holder")
_OF_STORAGE = "storage_unavailable"
_STORAGE_FAULTS = ("deny", "objects", "restart")
_BY_FAULTS = frozenset({"crash_loop", "deadline_exceeded", "call_limit", "cost_limit", "handover_limit"})
"""Codes with which a generation may fail because of faults in its workers, whatever its model does."""
_UNDER_WAY_SECONDS = 1.0  # a cancel may come between the leave for a call and the call
_SWEEP_SECONDS, _MARGIN_SECONDS = 60.0, 15.0


@dataclass
class Judging:
    """One generation. `every_lost` has the attempts of each generation that lost their worker or lease, and why."""

    evidence: Evidence
    account: Account
    accepted: Accepted
    every_lost: Mapping[str, dict[int, str]]

    @property
    def lost(self) -> dict[int, str]:
        return self.every_lost[self.accepted.generation_id]

    def lines(self) -> Iterator[str]:
        head = self.evidence.head(self.accepted)
        if head is None:
            yield "was accepted, and is gone"
            return
        self.head = head
        self.calls = self.evidence.calls.get(self.accepted.generation_id, [])
        self.steps = self.evidence.of(self.accepted, "S#")
        self.account.paid_calls += sum(call["paid"] for call in self.calls)
        if head["status"] not in TERMINAL:
            yield f"is still {head['status']}, in attempt {head.get('attempt', 0)}"
            return
        self.account.ends[self.accepted.order.kind, head["status"]] += 1
        yield from self._ended()
        yield from self._calls()
        yield from self._usage()
        if head["status"] == "succeeded":
            yield from self._output()

    def _ended(self) -> Iterator[str]:
        head, asked = self.head, self.accepted
        finished = float(head["finished_at"])
        late = finished - float(head["deadline_at"])
        since = finished - self.evidence.last_fault_at
        self.account.slowest_end_seconds = max(self.account.slowest_end_seconds, since)
        if late > _SWEEP_SECONDS + _MARGIN_SECONDS:
            yield f"ended {late:.1f} s after its deadline"
        if left := [name for name in _OPEN_ONLY if name in head]:
            yield f"has ended and still has {left}"
        if self.evidence.of(asked, "Y#"):
            yield "has ended, and its owner's key is still there"
        code = head.get("error", {}).get("code", "")
        self.account.codes[code] += bool(code)
        if head["status"] == "canceled" and not asked.cancel_asked:
            yield "is canceled, and nobody asked for it"
        if head["status"] == "succeeded" and not asked.order.works:
            yield "succeeded with a model that never gives what is asked for"
        if head["status"] == "failed":
            yield from self._failed(code)
        if asked.ended is not None and asked.ended["status"] != head["status"]:
            yield f"was shown as {asked.ended['status']}, and is {head['status']}"

    def _failed(self, code: str) -> Iterator[str]:
        hurt = len(self.lost)
        if code == _OF_STORAGE and self._storage_was_hurt():
            self.account.explained["failed since its storage was refused"] += 1
        elif code == "crash_loop" and hurt < 3:
            yield f"ended as crash_loop after {hurt} lost attempts"
        elif code in _BY_FAULTS and hurt == 0 and self.accepted.order.works:
            yield f"failed with {code}, and no worker of it was hurt"
        elif code not in _BY_FAULTS and self.accepted.order.works:
            yield f"failed with {code}: {self.head['error'].get('message', '')}"
        elif code in _BY_FAULTS:
            self.account.explained[f"failed for its faults: {code}"] += 1

    def _storage_was_hurt(self) -> bool:
        """Whether any process was refused storage while it was open."""
        began, ended = float(self.head["created_at"]), float(self.head["finished_at"])
        hurts = (hurt for hurt in self.evidence.hurts if hurt.name in _STORAGE_FAULTS)
        return any(hurt.began <= ended and hurt.ended >= began for hurt in hurts)

    def _calls(self) -> Iterator[str]:
        head, asked = self.head, self.accepted
        if len(self.calls) > int(head.get("calls", 0)):
            yield f"{len(self.calls)} calls, and leave for {head.get('calls', 0)}"
        if [call for call in self.calls if not 1 <= int(call["attempt"]) <= int(head.get("attempt", 0))]:
            yield "a call of an attempt that never was"
        key = self.evidence.our_key if asked.secret is None else fingerprint(asked.secret.text)
        if {call["key_fingerprint"] for call in self.calls} - {key}:
            yield "a call with another key than its own"
        if [call for call in self.calls if call["outcome"] is None]:
            yield "a call that is still open"
        most = 2 if asked.order.model in ASKED_TWICE else 1
        paid = Counter((call["attempt"], call["step"]) for call in self.calls if call["paid"])
        if over := {place: count for place, count in paid.items() if count > most}:
            yield f"paid more than {most} times in one attempt and step: {over}"
        yield from self._order()

    def _order(self) -> Iterator[str]:
        """Expect no call after its step was stored, after its attempt was replaced, or after the end. There are two
        exceptions. A worker may freeze exactly between the last check and the socket. A late worker may store a step
        that the next one has begun.
        """
        lease, highest = self.evidence.lease_seconds, 0
        stored = {step["sk"].rpartition("#")[2]: step for step in self.steps}
        finished = float(self.head["finished_at"])
        for call in self.calls:
            attempt, at = int(call["attempt"]), float(call["received_at"])
            if attempt < highest:
                yield from self._late(attempt, f"a call of attempt {attempt} after one of attempt {highest}")
            highest = max(highest, attempt)
            step = stored.get(call["step"])
            if step is not None and at > float(step["stored_at"]):
                by = self._attempt_that_stored(step)
                if by is not None and by < attempt and at - float(step["stored_at"]) < lease:
                    self.account.explained["called while a late worker stored the same step"] += 1
                else:
                    ago = at - float(step["stored_at"])
                    yield from self._late(attempt, f"a call for {call['step']}, which was stored {ago:.2f} s before")
            if at > finished + _UNDER_WAY_SECONDS:
                yield from self._late(attempt, f"a call {at - finished:.2f} s after the end")

    def _late(self, attempt: int, what: str) -> Iterator[str]:
        if self.lost.get(attempt) in ("freeze", "zombie"):
            self.account.explained["frozen between leave and socket"] += 1
        else:
            yield what

    def _attempt_that_stored(self, step: dict[str, Any]) -> int | None:
        found = [call["attempt"] for call in self.calls if call["id"] == step.get("call_id")]
        return int(found[0]) if found else None

    def _usage(self) -> Iterator[str]:
        """The usage must be that of the paid calls, each once, without those that lost workers took with them."""
        bill = self._bill(self.accepted)
        untold = bill.untold()
        if untold is not None:
            self.account.explained.update(f"paid and not told: its worker had a {reason}" for reason in untold)
        elif self.kin and sum((self._bill(one) for one in self.kin), bill).untold() is not None:
            # A step that a late holder stored after the end is counted by the retry that took it over.
            self.account.explained["the retry that took over a step counted it"] += 1
        else:
            yield f"has {bill}; lost were {self.lost}"

    @property
    def kin(self) -> list[Accepted]:
        """The generations before and after it in its line of retries."""
        found, accepted = list[Accepted](), self.evidence.accepted
        for name in ("retry_of", "retried_as"):
            one = accepted.get(self.head.get(name, ""))
            while one is not None:
                found.append(one)
                one = accepted.get((self.evidence.head(one) or {}).get(name, ""))
        return found

    def _bill(self, accepted: Accepted) -> Bill:
        calls = self.evidence.calls.get(accepted.generation_id, [])
        free = accepted.order.model == "local/no_cost"  # it does not say, and nobody else does
        return Bill.of(self.evidence.head(accepted) or {}, calls, self.every_lost[accepted.generation_id], free=free)

    def _output(self) -> Iterator[str]:
        head, asked = self.head, self.accepted
        kind, fields = load(asked.order.kind), asked.order.fields
        if len(self.steps) != int(head.get("steps_done", 0)):
            yield f"counts {head.get('steps_done', 0)} steps, and {len(self.steps)} are stored"
        yield from self._made_by_its_calls()
        last = [step for step in self.steps if step["sk"].endswith(f"#{head.get('output_step')}")]
        if not last:
            yield "its output is not there"
            return
        try:
            output: Any = kind.output.model_validate(unpack(last[0]["result"]))
        except ValidationError as error:
            yield f"its output is none of its kind: {error}"
            return
        wanted = {"story": fields.get("chapters"), "image": fields.get("count")}.get(asked.order.kind)
        made = {"story": "chapters", "image": "images"}.get(asked.order.kind)
        if made is not None and len(getattr(output, made)) != wanted:
            yield f"{len(getattr(output, made))} {made}, and {wanted} were asked for"
        if asked.ended is None or "output" not in asked.ended:
            yield "its owner was not shown the output"
        elif made == "images":
            there = self.evidence.pictures.get(asked.generation_id, [])
            if there != [True] * int(wanted or 0):
                yield f"its pictures are not there: {there}"

    def _made_by_its_calls(self) -> Iterator[str]:
        """Each stored step is the answer of a call that was paid: its own, or one of those that it is a retry of."""
        line: Accepted | None = self.accepted
        paid = set[str]()
        while line is not None:
            paid |= {call["id"] for call in self.evidence.calls.get(line.generation_id, []) if call["paid"]}
            line = self.evidence.accepted.get(line.retry_of) if line.retry_of else None
        for step in self.steps:
            if step.get("call_id") is not None and step["call_id"] not in paid:
                yield f"step {step['sk'].rpartition('#')[2]} names a call that is none of its own"
