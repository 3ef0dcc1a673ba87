"""SQS in memory: queues with visibility timeouts, delays, redelivery and dead letters; at least once, in any order."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.faults import Fault, Plan

MAX_RECEIVES = 5
_LATE_SECONDS = (20.0, 70.0, 300.0)


@dataclass
class Queued:
    """A message, and from when on it can be received."""

    message_id: str
    body: str
    visible_at: float
    receives: int = 0


@dataclass
class FakeQueues:
    """`arrived` gets the queue of each new message, and when it can be received."""

    now: Callable[[], float]
    random: Random
    plan: Plan
    visibility_seconds: float
    queues: dict[str, list[Queued]] = field(default_factory=dict)
    dead: list[Queued] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    arrived: Callable[[str, float], None] = lambda _queue, _at: None

    def send(
        self,
        fault: Fault | None,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        DelaySeconds: int,  # noqa: N803
        MessageGroupId: str,  # noqa: N803
    ) -> dict[str, Any]:
        """Take a message; a fault of the queue's own may lose, double or delay it."""
        if not 0 <= DelaySeconds <= 900 or not MessageGroupId:
            raise ValueError("SQS takes delays of up to 900 s")
        self.sent[QueueUrl] += 1
        late = self.random.choice(_LATE_SECONDS) if fault is Fault.MESSAGE_DELAYED else 0.0
        copies = {Fault.MESSAGE_LOST: 0, Fault.MESSAGE_DOUBLED: 2}.get(fault, 1) if fault else 1
        for _ in range(copies):
            self.put(QueueUrl, MessageBody, DelaySeconds + late)
        return {"MessageId": "sent"}

    def put(self, queue: str, body: str, delay: float) -> None:
        message = Queued(f"m-{self.random.getrandbits(32):08x}", body, self.now() + delay)
        self.queues.setdefault(queue, []).append(message)
        self.arrived(queue, message.visible_at)

    def receive(self, queue: str, most: int) -> list[Queued]:
        """Take some of the visible messages, in no order; one received too often becomes a dead letter."""
        now = self.now()
        visible = [message for message in self.queues.get(queue, ()) if message.visible_at <= now]
        self.random.shuffle(visible)
        taken = []
        for message in visible[:most]:
            message.receives += 1
            if message.receives > MAX_RECEIVES:
                self.queues[queue].remove(message)
                self.dead.append(message)
                continue
            again = self.plan.happens(Fault.REDELIVERED, now)
            message.visible_at = now + (self.random.choice((0.1, 10.0, 50.0)) if again else self.visibility_seconds)
            self.arrived(queue, message.visible_at)
            taken.append(message)
        return taken

    def delete(self, queue: str, message: Queued) -> None:
        if message in self.queues.get(queue, ()):
            self.queues[queue].remove(message)

    def next_visible(self, queue: str) -> float:
        return min((message.visible_at for message in self.queues.get(queue, ())), default=float("inf"))
