"""Faults in the functions' foundations: refused rights, objects out of reach, garbage in the queues."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.gate import Gate
from tests.soak.owner import patiently
from tests.soak.plan import RIGHTS, Fault

_NOBODY = "00000000-0000-7000-8000-000000000000"

GARBAGE = (
    "not JSON",
    "{}",
    "null",
    "0",
    '""',
    "[" * 5_000,
    '{"v": 99, "generation_id": {}}',
    json.dumps({"v": 1, "user_id": "", "generation_id": "", "fence": 1}),
    json.dumps({"v": 1, "user_id": "nobody", "generation_id": _NOBODY, "fence": 1}),
    json.dumps({"v": 1, "user_id": "nobody", "generation_id": _NOBODY, "fence": "first"}),
    json.dumps({"v": 1, "user_id": "x" * 4_000, "generation_id": "y" * 2_000, "fence": -1}),
    json.dumps({"v": 1, "user_id": "\ud800", "generation_id": "\u0000", "fence": 1}),
    json.dumps({"Records": [{"body": "as SQS would have it"}]}),
)
"""Foreign messages, as anybody who may write to a queue could send them."""

_LEASE = "dynamodb:UpdateItem"


@dataclass
class Refusals:
    """Carries them out, one refused right at a time. `held` tells which attempts have a worker, by the table."""

    stack: LocalStack
    held: Callable[[], set[tuple[str, int]]]
    garbage: list[str] = field(default_factory=list)
    """The invalid message that was sent."""
    _gates: list[Gate] = field(default_factory=list)
    _rights: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def before_objects(self) -> Iterator[None]:
        """Put a gate between S3 and the functions that store parts there, during the block."""
        with ExitStack() as gates:
            self._gates = [gates.enter_context(faults.gated(self.stack, name, "s3")) for name in ("process", "create")]
            yield

    def deny(self, fault: Fault, dice: random.Random) -> tuple[str, frozenset[tuple[str, int]]]:
        """Refuse a function a right for a while; return the function, and the attempts that this must cost.

        A worker that may not renew its lease loses it. Of every other right the refusal ends attempts in order.
        """
        function, action = dice.choice(RIGHTS)
        with self._rights:  # `allow_again` undoes every denial of a function
            costly = (function, action) == ("process", _LEASE)
            held = self.held() if costly else set()
            patiently(lambda: self.stack.deny(function, action))
            try:
                time.sleep(fault.seconds)
                held |= self.held() if costly else set()
            finally:
                patiently(lambda: self.stack.allow_again(function))
        return function, frozenset(held)

    def lose_objects(self, fault: Fault) -> None:
        """Have S3 answer every request with 503 for a while."""
        with ExitStack() as down:
            for gate in self._gates:
                down.enter_context(gate.down())
            time.sleep(fault.seconds)

    def send_garbage(self, dice: random.Random) -> None:
        for text in dice.sample(GARBAGE, 3):
            queue = dice.choice((self.stack.queue_url, self.stack.isolated_queue_url))
            self.garbage.append(text)
            patiently(lambda text=text, queue=queue: messages.send(self.stack, text, queue))  # type: ignore[misc]
