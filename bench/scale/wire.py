"""DynamoDB and SQS in memory behind a wire that takes time and counts: calls, units, and the CPU between the calls.

The time is virtual and exact, so that what is waited for costs nothing here; the work in between is the real code's.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.capacity import write_units
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.table import Change

TABLE = "scale"


@dataclass(frozen=True, slots=True)
class Pace:
    """The cost of a call: time on the wire, and CPU of the one processor that all threads share, both in seconds."""

    dynamodb_seconds: float = 0.0075
    sqs_seconds: float = 0.0075
    cpu_seconds: float = 0.0


@dataclass(slots=True)
class Meter:
    """The traffic. `own_seconds` is the CPU time between calls: only the code's."""

    calls: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    own_seconds: float = 0.0
    _since: float = 0.0

    def begin(self) -> None:
        self._since = time.thread_time()

    def stop(self) -> None:
        self.own_seconds += time.thread_time() - self._since

    def charge(self, name: str, consumed: Any) -> None:
        """Add what DynamoDB's ConsumedCapacity says."""
        kind = "read" if name in ("get_item", "batch_get_item", "query") else "write"
        for one in consumed if isinstance(consumed, list) else [consumed]:
            index = sum(gsi["CapacityUnits"] for gsi in one.get("GlobalSecondaryIndexes", {}).values())
            self.units[f"{kind}"] += one["CapacityUnits"] - index
            self.units[f"index {kind}"] += index


class Wire:
    """Every call waits for the processor, then for the network; others run meanwhile."""

    def __init__(self, meter: Meter, pace: Pace, now: Callable[[], float], wait: Callable[[float], None]) -> None:
        self.meter, self._pace = meter, pace
        self._now, self._wait = now, wait
        self._busy_until = 0.0

    def cross(self, name: str, seconds: float, act: Callable[[], Any]) -> Any:
        """Count one call, let its time pass, do it. A request that is refused is charged like one that is not."""
        self.meter.stop()
        self.meter.calls[name] += 1
        now = self._now()
        self._busy_until = max(now, self._busy_until) + self._pace.cpu_seconds
        self._wait(self._busy_until - now + seconds)
        try:
            return act()
        finally:
            self.meter.begin()


class DynamoDB:
    """The client as `shared.store.Table` uses it."""

    def __init__(self, wire: Wire, pace: Pace, inner: FakeDynamoDB) -> None:
        self._wire, self._seconds, self._inner = wire, pace.dynamodb_seconds, inner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            return self._wire.cross(name, self._seconds, lambda: self._charged(name, arguments))

        return call

    def _charged(self, name: str, arguments: dict[str, Any]) -> Any:
        try:
            answer = getattr(self._inner, name)(**arguments, ReturnConsumedCapacity="INDEXES")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                # Charged for the existing item, without its content.
                key = arguments.get("Key") or arguments["Item"]
                held = self._inner.table.items.get((key["pk"]["S"], key["sk"]["S"]))
                self._wire.meter.units["write"] += write_units(Change(("", ""), held, held))
            raise
        self._wire.meter.charge(name, answer.pop("ConsumedCapacity"))
        return answer


class Sqs:
    """The client as `shared.aws.dispatch` uses it. Keeps nothing."""

    def __init__(self, wire: Wire, pace: Pace) -> None:
        self._wire, self._seconds = wire, pace.sqs_seconds

    def send_message(self, **_message: Any) -> dict[str, str]:
        answer: dict[str, str] = self._wire.cross("send_message", self._seconds, lambda: {"MessageId": "sent"})
        return answer
