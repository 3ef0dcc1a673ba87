"""The store against a plain account: any writes in any order, by heads read just now or long ago, some answers lost."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shared.domain import rows
from shared.domain.diagnosis import Diagnosis, RescueOutcome, diagnose
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.row import Row
from shared.domain.rows.worker import Shown
from shared.domain.states import Status
from shared.rescue import Rescuer
from shared.store.admission import Admission
from tests.contract.plain_account import GRACE, PlainAccount
from tests.factories import SETTINGS, RecordingDispatch, a_generation, a_step, an_input, create_table, moto_dynamodb

KINDS = ("flashcards",)
ERROR = ErrorInfo("output_invalid", "")
MOMENTS = (0.001, 5.0, 30.0, SETTINGS.lease_seconds, SETTINGS.dispatch_grace_seconds, 450.0)
LOST = st.integers(0, 7).map(lambda number: number == 0)


OF_A_WORKER = ("heartbeat", "heartbeat", "begin_call", "begin_call", "store_step", "advance", "release", "end")
OF_AN_OWNER = ("dismiss", "retry", "retry", "bill", "bill")
STEPS = ("outline", "cards")
A_WHILE = 12  # writes, before somebody ends the generation: something must happen first


class StoreMachine(RuleBasedStateMachine):
    """All possible actions on one generation. `read` and `claimed` are heads that a process still holds."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        # moto copies the whole table for each transaction: a full one is slow.
        client.delete_table(TableName=SETTINGS.table_name)
        create_table(client, SETTINGS.table_name)
        self.plain = PlainAccount(client)
        self.clock = self.plain.clock
        self.rescuer = Rescuer(self.plain.store.rescuer, RecordingDispatch(), self.clock, SETTINGS, KINDS)
        self.turns = 0
        self.read, self.claimed = [self.plain.head], [replace(self.plain.head, holder="nobody", fence=0)]

    def any_of(self, data: Any, heads: list[Generation]) -> Generation:
        """Mostly the latest: what is older is nearly always refused."""
        back: int = data.draw(st.sampled_from((0, 0, 0, 1, 2)))
        return heads[-1 - back % len(heads)]

    @rule(seconds=st.sampled_from(MOMENTS))
    def time_passes(self, seconds: float) -> None:
        """Before it does, somebody has read the head, and will rely on that."""
        found = self.plain.store.reads.get(self.plain.head.key)
        assert found is not None
        self.read.append(found)
        self.clock.pass_seconds(seconds)

    @rule(data=st.data(), act=st.sampled_from(OF_A_WORKER), lost=LOST)
    def a_worker_writes(self, data: Any, act: str, lost: bool) -> None:
        unheld = len(self.claimed) == 1 or (self.plain.head.status is Status.PENDING and data.draw(st.booleans()))
        if unheld or (act == "end" and self.turns < A_WHILE):
            self.claim(data, lost)
        else:
            getattr(self, act)(data, lost)

    def claim(self, data: Any, lost: bool) -> None:
        seen, holder, now = self.any_of(data, [*self.read, self.plain.head]), self.clock.token(), self.clock.now()
        called = (Called(seen.key, seen.fence), holder, KINDS)
        sets = {"holder": holder, "heartbeat_at": now, "not_before": None, "stage": "starting", "asked_to_wait": False}
        sets |= {"attempt": self.plain.head.attempt + 1, "fruitless_attempts": self.plain.head.fruitless_attempts + 1}
        sets |= {"started_at": self.plain.head.started_at or now}
        head = self.plain.write(rows.CLAIM, seen, lambda: self.plain.store.worker.claim(*called), sets, lost=lost)
        self.claimed += [head] if head else []

    def heartbeat(self, data: Any, lost: bool) -> None:
        progress, stage = data.draw(st.integers(0, 99)), data.draw(st.sampled_from((None, "writing")))
        seen, now = self.any_of(data, self.claimed), self.clock.now()
        moved = progress > seen.progress or stage != seen.stage
        sets = {"heartbeat_at": now} | ({"progress": progress, "stage": stage, "progress_at": now} if moved else {})

        def act() -> Generation:
            return self.plain.store.worker.heartbeat(seen, progress, stage)

        self.plain.write(rows.HEARTBEAT, seen, act, sets, lost=lost, progress=progress, shows=moved, repeats=True)

    def begin_call(self, data: Any, lost: bool) -> None:
        step, news = data.draw(st.sampled_from(STEPS)), data.draw(st.booleans())
        seen = self.any_of(data, self.claimed)
        totals = Totals(seen.steps_done, seen.usage + Usage(1, 10, 5)) if news else None
        sets: dict[str, Any] = {"heartbeat_at": self.clock.now(), "calls": seen.calls + 1, "call_step": step}
        sets["step_calls"] = (seen.step_calls if seen.call_step == step else 0) + 1
        sets |= self.plain.account(totals) if totals else {}
        # No heartbeat is ahead of the progress that the worker's own thread shows.
        shown = Shown(max(self.plain.head.progress, seen.progress), data.draw(st.sampled_from((None, "writing"))))
        moved = shown.progress > seen.progress or shown.stage != seen.stage
        if moved:
            sets |= {"progress": shown.progress, "stage": shown.stage, "progress_at": self.clock.now()}

        def act() -> Generation:
            return self.plain.store.worker.begin_call(seen, step, seen.reserved_usd, totals, shown)

        self.claimed += [self.plain.write(rows.BEGIN_CALL, seen, act, sets, lost=lost, shows=news or moved) or seen]

    def store_step(self, data: Any, lost: bool) -> None:
        name = data.draw(st.sampled_from(STEPS))
        step = a_step(self.clock, name, len(self.plain.steps) + 1)
        first = next((stored for stored in self.plain.steps if stored.name == name), None)
        with self.plain.losing(lost):
            assert self.plain.store.worker.store_step(self.any_of(data, self.claimed), step) == (first or step)
        self.plain.steps += [] if first else [step]

    def advance(self, data: Any, lost: bool) -> None:
        seen, now = self.any_of(data, self.claimed), self.clock.now()
        totals, progress = self.plain.settled(seen), max(self.plain.head.progress, 50)
        sets = {"progress": progress, "progress_at": now, "heartbeat_at": now, "fruitless_attempts": 0, "releases": 0}
        sets |= self.plain.account(totals) | {"stage": "next", "because": None}

        def act() -> Generation:
            return self.plain.store.worker.advance(seen, totals, Shown(progress, "next"), seen.reserved_usd)

        # A bill that counts nothing new, which no worker sends, has no mark to be recognised by.
        old = (seen.usage, seen.steps_done) == (totals.usage, totals.steps_done)
        self.claimed += [self.plain.write(rows.ADVANCE, seen, act, sets, lost=lost, repeats=old) or seen]

    def end(self, data: Any, lost: bool) -> None:
        well = data.draw(st.booleans())
        seen = self.any_of(data, self.claimed)
        totals = self.plain.settled(seen)
        if well:
            sets = {"progress": 100, "output_step": "cards", "fruitless_attempts": 0, "releases": 0, "stage": None}
            sets |= self.plain.account(totals)
            act = partial(self.plain.store.worker.succeed, seen, totals, "cards")
            self.plain.write(rows.SUCCEED, seen, act, sets, lost=lost)
        else:
            act = partial(self.plain.store.worker.fail, seen, totals, ERROR)
            self.plain.write(rows.FAIL, seen, act, self.plain.account(totals), lost=lost)

    def release(self, data: Any, lost: bool) -> None:
        delay, counted = data.draw(st.sampled_from((None, 30.0))), data.draw(st.booleans())
        seen, now = self.any_of(data, self.claimed), self.clock.now()
        not_before = now + timedelta(seconds=delay) if delay else None
        totals = self.plain.settled(seen)
        sets: dict[str, Any] = {
            "fruitless_attempts": 0,
            "releases": seen.releases + counted,
            "step_calls": seen.step_calls,
            "holder": None,
            "stage": None,
            "because": "provider_unavailable",
            "asked_to_wait": not counted,
        }
        sets |= {"not_before": not_before, "due_at": min((not_before or now) + GRACE, seen.deadline_at)}
        act = partial(
            self.plain.store.worker.release,
            seen,
            totals,
            not_before=not_before,
            counted=counted,
            reserved_usd=seen.reserved_usd,
            because="provider_unavailable",
        )
        self.plain.write(rows.RELEASE, seen, act, sets | self.plain.account(totals), lost=lost)

    @rule(data=st.data(), act=st.sampled_from(("row", "rescue")), lost=LOST)
    def a_rescuer_writes(self, data: Any, act: str, lost: bool) -> None:
        getattr(self, act)(data, lost)

    def row(self, data: Any, lost: bool) -> None:
        """Whether the head calls for it or not."""
        place = data.draw(st.integers(0, 5))
        seen = self.any_of(data, [*self.read, self.plain.head])
        row, (act, sets) = list(self.plain.rows_of_a_rescuer(seen).items())[place]
        same_due = sets.get("due_at") == self.plain.head.due_at
        if not (same_due and row in (rows.REARM, rows.POSTPONE)):  # it is done, no matter which process did it
            # Sent again with a due_at that is at the deadline already, the guard cannot tell the second copy. A worker
            # that is replaced is its own guard.
            self.plain.write(row, seen, act, sets, lost=lost, repeats=same_due and row is rows.SEND_AGAIN)

    def rescue(self, data: Any, _lost: bool) -> None:
        """As the sweeper and `status` do it: the head decides which row."""
        seen = self.any_of(data, [*self.read, self.plain.head])
        possible, totals = self.plain.rows_of_a_rescuer(seen), self.plain.settled(seen)
        diagnosis = diagnose(seen, self.clock.now(), SETTINGS.lease_seconds, KINDS)
        by_diagnosis: dict[Diagnosis, Row[Any]] = {
            Diagnosis.OVERDUE: rows.EXPIRE,
            Diagnosis.LOST_MESSAGE: rows.SEND_AGAIN,
            Diagnosis.LOST_WORKER: rows.GIVE_BACK,
            Diagnosis.FRESH: rows.REARM,
        }
        row = by_diagnosis.get(diagnosis)
        if diagnosis is Diagnosis.FRESH and seen.due_at is not None and seen.due_at > self.clock.now():
            row = None
        sets = possible[row][1] if row else {}
        if diagnosis is Diagnosis.LOST_WORKER and seen.fruitless_attempts >= SETTINGS.max_fruitless_attempts:
            if totals.steps_done == seen.steps_done:
                row, sets = rows.CRASH_LOOP, self.plain.account(totals)
            else:
                sets = sets | {"fruitless_attempts": 0} | self.plain.account(totals)
        if row is None:
            assert self.rescuer.rescue(seen).outcome is RescueOutcome.NOTHING
        elif row is not rows.REARM or sets["due_at"] != self.plain.head.due_at:
            self.plain.write(row, seen, partial(self.outcome_of_a_rescue, seen), sets)

    def outcome_of_a_rescue(self, seen: Generation) -> None:
        outcome = self.rescuer.rescue(seen).outcome
        if outcome is RescueOutcome.MOVED_ON:
            raise TransitionRefusedError(outcome, None)

    @rule(data=st.data(), act=st.sampled_from(OF_AN_OWNER), lost=LOST)
    def an_owner_or_a_late_worker_writes(self, data: Any, act: str, lost: bool) -> None:
        if self.plain.head.terminal:
            getattr(self, act)(data, lost)
        elif self.turns > A_WHILE:
            self.cancel(lost)

    def cancel(self, lost: bool) -> None:
        head = self.plain.head
        act = partial(self.plain.store.endings.cancel, head.key)
        if head.terminal:
            ended = act()
            assert ended is not None
            assert ended.status is head.status
        else:
            sets = self.plain.account(self.plain.settled(head))
            self.plain.write(rows.CANCEL, head, act, sets, lost=lost)

    def dismiss(self, data: Any, lost: bool) -> None:
        seen = self.any_of(data, [*self.read, self.plain.head])
        if self.plain.head.dismissed_at is not None:
            self.plain.store.endings.dismiss(seen)  # it is done, no matter which process did it
        else:
            act = partial(self.plain.store.endings.dismiss, seen)
            self.plain.write(rows.DISMISS, seen, act, {"dismissed_at": self.clock.now()}, lost=lost)

    def retry(self, data: Any, lost: bool) -> None:
        seen = self.any_of(data, [*self.read, self.plain.head])
        new, admission = a_generation(self.clock, user_id=seen.user_id), Admission(Policy({}))
        act = partial(self.plain.store.retries.retry, seen, new, an_input(), lambda: self.plain.steps, admission)
        self.plain.write(rows.RETRY, seen, act, {"retried_as": new.generation_id}, lost=lost)

    def bill(self, data: Any, lost: bool) -> None:
        """By one that claimed it once, and learned what another call had cost."""
        held, head = self.any_of(data, self.claimed), self.plain.head
        if head.retried_as is not None:
            return  # what its successor counts is another test's
        totals = self.plain.settled(head)
        usage = totals.usage + Usage(1, 10, 5)
        act = partial(self.plain.store.worker.bills.bill, held, usage, self.plain.steps)
        if head.status not in rows.BILL.sources or head.fence != held.fence + (head.status is Status.CANCELED):
            with pytest.raises(TransitionRefusedError):
                act()
            return
        sets = {"usage": usage, "steps_done": totals.steps_done}
        self.plain.write(rows.BILL, head, act, sets, lost=lost)
        self.plain.day += usage - head.usage

    @invariant()
    def the_table_holds_what_the_account_says(self) -> None:
        self.turns += 1
        self.plain.check()

    def teardown(self) -> None:
        self.plain.check_beside()


def test_the_store_does_what_a_plain_account_of_its_rows_says(monkeypatch: pytest.MonkeyPatch) -> None:
    # botocore sleeps before it sends again what had no answer.
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
    with moto_dynamodb() as client:
        run_state_machine_as_test(
            lambda: StoreMachine(client),  # type: ignore[arg-type]  # it takes whatever makes one
            # Not shrunk: they can be read, and a failure would take minutes to report.
            settings=settings(
                max_examples=30,
                stateful_step_count=25,
                deadline=None,
                print_blob=True,
                phases=[Phase.reuse, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
