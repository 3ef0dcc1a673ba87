"""`python -m tests.soak.run`: a local stack under load and faults for some minutes, and then the account of all of it.

Owns the course of a soak: load and faults by the plan, then the wait until all has ended, then the account.
"""

import argparse
import json
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console

from local.stack import LocalStack, StackOptions
from tests.e2e.conftest import SHORT
from tests.e2e.owner import TERMINAL
from tests.soak.account import judge
from tests.soak.evidence import Evidence, gather, left_behind
from tests.soak.hurts import Hurting
from tests.soak.owner import Accepted, SoakOwner, patiently
from tests.soak.plan import OWNERS, Fault, Plan, Send, draw_plan
from tests.soak.report import Told

PARAMETERS = SHORT | {
    "LeaseSeconds": "4",
    "DispatchGraceSeconds": "4",
    "ModelTimeoutSeconds": "12",
    # A worker that sleeps for 90 s and wakes must not have been ended for its timeout; it hands over as after 30 s.
    "ProcessTimeoutSeconds": "120",
    "HandoverMarginSeconds": "104",
    "DeadlineSeconds": "240",
    "MaxReleases": "5",
    # A process that takes a killed one's place costs about a second of CPU: no more of them than two cores can bear.
    "MaximumConcurrency": "4",
    "IsolatedMaximumConcurrency": "4",
}
SENDERS, HURTERS = 4, 16
TELL_SECONDS = 30.0
WAIT_SECONDS = 420.0
"""The time for everything to end after the last fault: beyond each deadline, because a sweep comes once a minute."""


@dataclass
class Soak:
    """One soak of a stack that is up."""

    stack: LocalStack
    plan: Plan
    say: Callable[[str], None]
    impatient: bool = False
    """Whether the sweeper is run all the time once the faults are over, not by its schedule alone."""
    owners: list[SoakOwner] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Evidence:
        """Carry out the whole plan, wait until everything has ended or the time is over, and return the evidence."""
        stack, mark = self.stack, uuid.uuid4().hex[:8]
        self._over = threading.Event()
        self.owners = [SoakOwner(stack, f"soak-{mark}-{number}", stopped=self.stopped) for number in range(OWNERS)]
        self.hurting = Hurting(stack)
        watchers = [threading.Thread(target=self._watch, args=(owner,), name=owner.name) for owner in self.owners]
        for watcher in watchers:
            watcher.start()
        try:
            with self.hurting.refusals.before_objects():  # to the end: taking it away cuts off running work
                self._load()
                self.say("the last fault is over; waiting until everything has ended")
                self._wait_for_all()
        finally:
            self._over.set()
            for watcher in watchers:
                watcher.join()
        for owner in self.owners:
            for accepted in owner.accepted.values():
                self._held_to(partial(self._last_look, owner, accepted))
        evidence = gather(stack, self.owners, self.hurting, self.complaints)
        for owner in self.owners:
            owner.close()
        return evidence

    def _load(self) -> None:
        """Do the plan's steps at their times. On a machine that cannot keep up, its clock stops meanwhile: calls that
        pile up would only time out."""
        began, told, behind = time.monotonic(), 0.0, 0.0
        steps: list[Send | Fault] = sorted([*self.plan.sends, *self.plan.faults], key=lambda step: step.at)
        free = threading.BoundedSemaphore(SENDERS)
        with ThreadPoolExecutor(SENDERS) as senders, ThreadPoolExecutor(HURTERS) as hurters:
            try:
                for step in steps:
                    time.sleep(max(0.0, began + behind + step.at - time.monotonic()))
                    waited = time.monotonic()
                    if isinstance(step, Send):
                        free.acquire()
                        sent = senders.submit(self._held_to, partial(self.owners[step.owner].send, step))
                        sent.add_done_callback(lambda _: free.release())
                    else:
                        hurters.submit(self._held_to, partial(self.hurting.carry_out, step))
                    behind += time.monotonic() - waited
                    if time.monotonic() - told > TELL_SECONDS:
                        told = time.monotonic()
                        self.say(self._standing(told - began))
            except BaseException:
                self.stopped.set()
                senders.shutdown(wait=False, cancel_futures=True)
                hurters.shutdown(wait=False, cancel_futures=True)
                raise
        self.load_seconds = time.monotonic() - began

    def _standing(self, seconds: float) -> str:
        accepted = [one for owner in self.owners for one in list(owner.accepted.values())]
        ended = sum(one.ended is not None for one in accepted)
        counts = self.hurting.counts
        return (
            f"{seconds:4.0f} s: {len(accepted)} accepted, {ended} seen to end, {counts['kill']} kills, "
            f"{counts['freeze']} freezes, {counts['zombie']} zombies, {counts['restart']} restarts, "
            f"{counts['deny'] + counts['objects']} refusals, {len(self.complaints)} complaints"
        )

    def _held_to(self, do: Callable[[], object]) -> None:
        """Do it; what goes against an assertion, or fails otherwise, is a complaint of the account."""
        try:
            do()
        except Exception as error:  # noqa: BLE001 - whatever it is, the soak continues and the account reports it
            self.complaints.append(f"{type(error).__name__}: {error}")

    def _watch(self, owner: SoakOwner) -> None:
        """Follow the owner's generations as a client does: by the hint of each answer. Cancel and retry as planned."""
        due: dict[str, float] = {}
        while not self._over.is_set():
            for accepted in list(owner.accepted.values()):
                self._held_to(partial(self._follow, owner, accepted, due))
            time.sleep(0.1)

    def _follow(self, owner: SoakOwner, accepted: Accepted, due: dict[str, float]) -> None:
        now = time.monotonic()
        if accepted.cancel_at is not None and now >= accepted.cancel_at:
            owner.cancel_now(accepted)
        if accepted.watched and accepted.ended is None and now >= due.get(accepted.generation_id, 0.0):
            found = owner.look(accepted.generation_id)
            if found["steps_done"]:
                owner.look_at_steps(accepted.generation_id)
            due[accepted.generation_id] = time.monotonic() + max(0.5, found.get("poll_after_seconds", 0.5))
        if accepted.ended is not None and accepted.to_be_retried:
            try:
                if accepted.ended["status"] in ("failed", "canceled"):
                    owner.retry(accepted)
            finally:
                accepted.to_be_retried = False

    def _wait_for_all(self) -> None:
        """Look only at the table: generations that nobody polls must end too."""
        until = time.monotonic() + WAIT_SECONDS
        told = time.monotonic()
        while (left := patiently(self.hurting.open_heads)) and time.monotonic() < until:
            if time.monotonic() - told > 20:
                told = time.monotonic()
                self.say(f"{len(left)} are still open")
            if self.impatient:
                self.hurting.sweep()
            time.sleep(0.5)
        # An owner who has just seen an end may still ask for a retry.
        while (self._has_plans() or self.hurting.open_heads()) and time.monotonic() < until:
            time.sleep(0.5)
        while any(call["outcome"] is None for call in self.stack.ledger()) and time.monotonic() < until:
            time.sleep(0.5)

    def _has_plans(self) -> bool:
        """Whether somebody has not yet seen an end, or wants to retry what has ended."""
        watched = [one for owner in self.owners for one in list(owner.accepted.values()) if one.watched]
        return any(one.ended is None or one.to_be_retried for one in watched)

    def _last_look(self, owner: SoakOwner, accepted: Accepted) -> None:
        if accepted.ended is None or accepted.ended["status"] == "succeeded":
            found = owner.look(accepted.generation_id)
            assert found["status"] in TERMINAL, f"{accepted.generation_id} is shown as {found['status']}"
        if accepted.generation_id in owner.steps:
            owner.look_at_steps(accepted.generation_id)


def soak(seed: int, seconds: float, say: Callable[[str], None], *, impatient: bool = False) -> tuple[Told, Evidence]:
    """Bring a stack up, soak it, end it; return the account and what it was made from. See `Soak.impatient`."""
    began = time.monotonic()
    plan = draw_plan(seed, seconds)
    say(f"seed {seed}: {len(plan.sends)} generations and {len(plan.faults)} faults in {seconds:.0f} s")
    with LocalStack(StackOptions(parameters=PARAMETERS, restartable=True)) as stack:
        one = Soak(stack, plan, say, impatient)
        evidence = one.run()
    account = judge(evidence)
    off = account.off + [f"process {pid} has outlived its stack" for pid in left_behind(stack)]
    if stack.state.exists():
        off.append(f"{stack.state} has outlived its stack")
    unanswered = sum(owner.unanswered for owner in one.owners)
    spent = time.monotonic() - began
    return Told(seed, spent, one.load_seconds, one.hurting.counts, unanswered, account, off), evidence


def main() -> int:
    """Return 0 when nothing is off, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long load and faults go on (30)")
    parser.add_argument("--seed", type=int, default=None, help="draws the plan; one is made up and told")
    parser.add_argument("--json", type=Path, default=None, help="where to write the result")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # the stack ends in order, however this is stopped
    console = Console(highlight=False)
    seed = arguments.seed if arguments.seed is not None else int(time.time())
    told, _ = soak(seed, arguments.minutes * 60, lambda line: console.print(line, markup=False))
    told.show(console)
    if arguments.json:
        arguments.json.write_text(json.dumps(told.as_json(), indent=2) + "\n", encoding="utf-8")
    return 1 if told.off else 0


if __name__ == "__main__":
    sys.exit(main())
