"""Carries faults out on a running stack, and writes down each: what, when, and whose work it cut off. Linux only."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.processes import environments
from local.stack import LocalStack
from shared.store.marshalling import unmarshal
from tests.e2e import faults, messages
from tests.soak.owner import patiently
from tests.soak.plan import Fault
from tests.soak.refusals import Refusals

BUSY_SECONDS = 5.0
READY_CPU_SECONDS = 0.25
"""A process that has used this much has its code. Once it sleeps and uses no more, it has imported it."""
_STREAM = "AWS_LAMBDA_LOG_STREAM_NAME"


@dataclass(frozen=True, slots=True)
class Hurt:
    """One fault that was carried out. `held`: generation and attempt that its victim held then, by the table."""

    name: str
    began: float
    ended: float
    function: str = ""
    held: frozenset[tuple[str, int]] = frozenset()


@dataclass
class Hurting:
    """Carries out faults, several at a time. Those that involve the emulator itself go one at a time."""

    stack: LocalStack
    done: list[Hurt] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    """Generations whose message was received and deleted."""
    _ready: set[str] = field(default_factory=set)
    refusals: Refusals = field(init=False)
    _emulator: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.refusals = Refusals(self.stack, self.held)

    def carry_out(self, fault: Fault) -> None:
        dice = random.Random(fault.dice)
        match fault.name:
            case "kill" | "freeze" | "zombie":
                self._hurt_a_process(fault, dice)
            case "duplicate":
                self._duplicate(dice)
            case "lose":
                self._lose(fault, dice)
            case "pause":
                with self._no_delivery():
                    time.sleep(fault.seconds)
                self._note("pause", fault.seconds)
            case "sweep":
                self._sweep_twice_at_once()
            case "restart":
                self._restart()
            case "deny":
                self._note("deny", fault.seconds, None, *self.refusals.deny(fault, dice))
            case "objects":
                self.refusals.lose_objects(fault)
                self._note("objects", fault.seconds)
            case "garbage":
                self.refusals.send_garbage(dice)
                self._note("garbage", 0.0)

    def _hurt_a_process(self, fault: Fault, dice: random.Random) -> None:
        if fault.victim != "process":
            self._give_work_to(fault, dice)
        workers, busy = self._workers(fault.victim)
        if not workers:
            return
        stream = dice.choice(sorted(busy or workers))
        with contextlib.suppress(ProcessLookupError):
            victim = os.pidfd_open(workers[stream])
            try:
                if fault.name == "kill":
                    self._kill(victim, stream, fault)
                else:
                    self._freeze(victim, stream, fault)
            finally:
                os.close(victim)

    def _workers(self, function: str) -> tuple[dict[str, int], list[str]]:
        """The processes of a function, and those of them that hold a generation, waiting a little for one to do so.

        Leaves starting processes alone. If one of a function's processes dies before it is ready, the emulator ends all
        of them, even starting ones, which ends all again. On a slow machine, none would ever come up.
        """
        until = time.monotonic() + BUSY_SECONDS
        while True:
            found = self._streams(function)
            holders = {holder for holder, _ in self._holders()} if function == "process" else set()
            busy = [stream for stream in found if stream[-8:] in holders]
            workers = {stream: pid for stream, pid in found.items() if stream in busy or self._is_ready(stream, pid)}
            if busy or (workers and function != "process") or time.monotonic() > until:
                return workers, busy
            time.sleep(0.2)

    def _is_ready(self, stream: str, pid: int) -> bool:
        """Whether a process has once been found idle, its imports done."""
        if stream not in self._ready:
            before = _cpu_seconds(pid)
            time.sleep(0.1)
            if before > READY_CPU_SECONDS and _cpu_seconds(pid) == before:
                self._ready.add(stream)
        return stream in self._ready

    def _kill(self, victim: int, stream: str, fault: Fault) -> None:
        began = time.time()
        signal.pidfd_send_signal(victim, signal.SIGKILL)
        # Its heads bear its name until their lease is over: longer than this look takes.
        self._note("kill", 0.0, began, fault.victim, self._held_by(stream))

    def _freeze(self, victim: int, stream: str, fault: Fault) -> None:
        began = time.time()
        signal.pidfd_send_signal(victim, signal.SIGSTOP)
        try:
            held = self._held_by(stream)
            time.sleep(fault.seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(victim, signal.SIGCONT)
        self._note(fault.name, fault.seconds, began, fault.victim, held)

    def _give_work_to(self, fault: Fault, dice: random.Random) -> None:
        """Have the sweeper at work while it is hurt; of the others the owners' calls see to it."""
        if fault.victim == "sweeper":
            threading.Thread(target=self.sweep, name="hurt-sweep").start()
            time.sleep(dice.uniform(0.0, 0.05))

    def sweep(self) -> None:
        with contextlib.suppress(Exception):  # it was killed meanwhile, or the emulator restarted
            self.stack.invoke("sweeper")

    def _sweep_twice_at_once(self) -> None:
        both = [threading.Thread(target=self.sweep, name="sweep") for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        self._note("sweep", 0.0)

    def _duplicate(self, dice: random.Random) -> None:
        heads = self.open_heads()
        if heads:
            head = dice.choice(heads)
            queue = dice.choice((self.stack.queue_url, self.stack.isolated_queue_url))
            text = messages.body(head["pk"], head["sk"].removeprefix("G#"), int(head["fence"]))
            for _ in range(dice.randint(1, 3)):
                patiently(lambda: messages.send(self.stack, text, queue))
            self._note("duplicate", 0.0)

    def _lose(self, fault: Fault, dice: random.Random) -> None:
        with self._no_delivery():
            time.sleep(fault.seconds)  # what is sent meanwhile waits in its queue
            queues = (self.stack.queue_url, self.stack.isolated_queue_url)
            taken = [body for url in queues for body in self._take(url, dice)]
        self.lost += taken
        self.counts["messages lost"] += len(taken)
        self._note("lose", fault.seconds)

    def _take(self, url: str, dice: random.Random) -> Iterator[str]:
        sqs = self.stack.client("sqs")
        received = patiently(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0))
        for message in received.get("Messages", []):
            if dice.random() < 0.7:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield str(message["Body"])

    def _restart(self) -> None:
        with self._emulator:
            began, before = time.time(), self.held()
            self.stack.restart_emulator()
            alive = {stream[-8:] for stream in self._streams("process")}
            after = {held for holder, held in self._holders() if holder not in alive}
            self.counts["seconds of restarts"] += round(time.time() - began)
            self._note("restart", 0.0, began, "", frozenset(before | after))

    @contextlib.contextmanager
    def _no_delivery(self) -> Iterator[None]:
        with self._emulator, faults.no_delivery(self.stack):
            yield

    def open_heads(self) -> list[dict[str, Any]]:
        """Every pending and running head, read strongly."""
        table = self.stack.client("dynamodb")
        keys = patiently(lambda: table.scan(TableName=self.stack.table_name, IndexName="due"))["Items"]
        heads = []
        for first in range(0, len(keys), 100):
            wanted = [{"pk": key["pk"], "sk": key["sk"]} for key in keys[first : first + 100]]
            asked = {self.stack.table_name: {"Keys": wanted, "ConsistentRead": True}}
            found = patiently(lambda asked=asked: table.batch_get_item(RequestItems=asked))  # type: ignore[misc]
            heads += [unmarshal(item) for item in found["Responses"][self.stack.table_name]]
        return heads

    def held(self) -> set[tuple[str, int]]:
        """Generation and attempt of each that a worker holds."""
        return {held for _, held in self._holders()}

    def _held_by(self, stream: str) -> frozenset[tuple[str, int]]:
        return frozenset(held for holder, held in self._holders() if holder == stream[-8:])

    def _holders(self) -> Iterator[tuple[str, tuple[str, int]]]:
        for head in self.open_heads():
            if head["status"] == "running":
                yield head["holder"].partition("-")[0], (head["sk"].removeprefix("G#"), int(head["attempt"]))

    def _streams(self, function: str) -> dict[str, int]:
        """The processes of a function by the name of their log stream."""
        name, tmpdir = self.stack.function_names[function], str(self.stack.tmpdir)
        return {
            found[_STREAM]: pid
            for pid, found in environments()
            if found.get("TMPDIR") == tmpdir and found.get("AWS_LAMBDA_FUNCTION_NAME") == name and _STREAM in found
        }

    def _note(
        self,
        name: str,
        seconds: float,
        began: float | None = None,
        function: str = "",
        held: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:
        now = time.time()
        self.counts[name] += 1
        if function:
            self.counts[f"{name} of {function}"] += 1
        if name == "freeze" and seconds > float(self.stack.parameters["LeaseSeconds"]):
            self.counts["freezes past the lease"] += 1
        self.done.append(Hurt(name, now - seconds if began is None else began, now, function, held))


def _cpu_seconds(pid: int) -> float:
    """The processor time of a sleeping process so far; 0 if it runs, or is gone."""
    try:
        state, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(numbers[10]) + int(numbers[11])) / os.sysconf("SC_CLK_TCK") if state == "S" else 0.0
