"""The model's memory of one generation: the head, the steps, the queue, and the values that each process holds.

A guard of "as read" only asks whether a value is still the one that its writer saw. So a process holds a flag for each
such value and not the value, and counters that nothing compares are left out. That makes the states finite for any
number of attempts.
"""

from typing import NamedTuple

from shared.domain.states import Status

SHARED, ALONE = 1, 2
"""The two queues, as bits of `State.queue`: a set bit means a message with the head's fence. There may be many copies,
and one bit stands for all of them."""

DOUBLED = 1 << 30
"""Set in a sum of calls when one call was added twice."""


class Due:
    """Where `due_at` is."""

    ABSENT, LATER, PASSED = 0, 1, 2


class Pc:
    """Where a worker's process is: which of its steps comes next."""

    IDLE = "idle"
    READY = "ready"
    """Has the head and the stored steps; next is the kind's next step, or the end."""
    GRANTED = "granted"
    """begin_call was granted; next the call is sent, as long as the worker's own clock is within the lease."""
    CALLING = "calling"
    """The call is sent and paid for."""
    FAILING = "failing"
    LOST = "lost"
    """The generation was ended under it: its spend may still have to be counted."""
    BILLING = "billing"
    """It has read how the generation ended, and counts."""
    AGAIN = "again"
    """The last write was applied, its answer was lost, and it is about to be retried."""


class Size(NamedTuple):
    """How large the model is."""

    steps: int = 1
    max_calls: int = 2
    max_fruitless_attempts: int = 2
    max_releases: int = 1
    workers: int = 2
    rescuers: int = 2
    held_up: tuple[str, ...] = ("heartbeat", "begin_call", "advance")
    """The writes of a worker of which a copy may be delayed, and arrive when the worker has continued."""


class Head(NamedTuple):
    """The head, as far as a guard or an invariant asks for it. `usage` is a set of calls, a bit for each."""

    status: Status = Status.PENDING
    due: int = Due.LATER
    lease_over: bool = False
    waiting: bool = False
    """`not_before` is in the future."""
    fruitless_attempts: int = 0
    releases: int = 0
    isolated: bool = False
    progress: int = 0
    steps_done: int = 0
    usage: int = 0
    call_step: int = -1
    step_calls: int = 0
    ends: int = 0
    """How often the end was counted on the owner's day."""
    day: int = 0
    """The calls that the owner's day counts for this generation."""
    dismissals: int = 0
    successors: int = 0
    copied: int = 0
    """How many steps the successor has taken over, and the calls of them that it counts as its own."""
    taken: int = 0


class Worker(NamedTuple):
    """One worker and the attempt it makes. `fence` and `holds`: the head has the fence, the holder, it claimed with."""

    pc: str = Pc.IDLE
    fence: bool = False
    holds: bool = False
    calls: bool = True
    """The head's `calls` is what the worker knows it is."""
    last: bool = False
    """Nobody else has held it since."""
    version: bool = True
    """The head's version is the one that a bill relies on."""
    known: int = 0
    """Steps that it knows to be stored; it makes the next one."""
    usage: int = 0
    step_usage: int = 0
    step_shown: int = 0
    """The part of the step's calls that the head shows, by a begin_call that was answered."""
    call: int = 0
    """The call that was granted, as its bit."""
    shown: int = 0
    """The progress that its next heartbeat shows."""
    row: str = ""
    """The write that is retried."""


class Reader(NamedTuple):
    """A rescuer, or the owner: a head as read, and the row that it is about to write.

    If nothing has changed since it has read the head, it equals one that has not read it yet.
    """

    row: str = ""
    fence: bool = True
    due: bool = True
    heartbeat: bool = True
    calls: bool = True
    usage: bool = True
    version: bool = True
    seen_usage: int = 0
    """The usage and the steps of the head as read, kept once they differ from the present ones."""
    seen_steps: int = 0


class Copy(NamedTuple):
    """A worker's pending write: a heartbeat of the thread beside, or the first copy of a retried one."""

    row: str = ""
    fence: bool = False
    holds: bool = False
    calls: bool = True
    usage: bool = True
    progress: int = 0
    spent: int = 0
    steps: int = 0
    call_step: int = -1
    step_calls: int = 0


class StoredCalls(NamedTuple):
    """The calls that were paid for a stored step, and those of them that its item says the head did not show."""

    paid: int
    unshown: int


class News(NamedTuple):
    """The effect of one step on those who had read the head before it: each flag says that a value is unchanged."""

    status: Status | None = None
    """The status after the step."""
    fence: bool = True
    holds: bool = True
    calls: bool = True
    due: bool = True
    heartbeat: bool = True
    usage: bool = True
    version: bool = True
    last: bool = True
    lease: bool = True
    """No lease has passed."""
    usage_before: int = 0
    steps_before: int = 0


IDLE, NOBODY, NO_COPY, NO_NEWS = Worker(), Reader(), Copy(), News()


class Scene(NamedTuple):
    """Everything that no single process holds. Together with the processes, it is a state of the model."""

    head: Head = Head()
    late: bool = False
    """The deadline has passed."""
    queue: int = SHARED
    stored: tuple[StoredCalls, ...] = ()
    """The stored steps, in their order."""
    grants: tuple[int, ...] = ()
    """How often begin_call was granted, for each step."""
    copy: Copy = NO_COPY
    news: News = NO_NEWS
    """From the last step; passed to the processes and then forgotten."""


class Step(NamedTuple):
    """One step of a process: how a trace names it, what it leads to, and whether it is a fault that may not happen."""

    label: str
    scene: Scene
    actor: Worker | Reader
    fault: bool = False


def add(calls: int, more: int) -> int:
    """Return the sum of two sets of calls; a call that is in both is marked as counted twice."""
    return calls | more | (DOUBLED if calls & more else 0)


def settled(usage: int, steps_done: int, stored: tuple[StoredCalls, ...]) -> int:
    """Return the usage with that of the stored steps which are not counted yet."""
    for step in stored[steps_done:]:
        usage = add(usage, step.unshown)
    return usage
