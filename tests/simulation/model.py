"""The model in the simulator: its answers, their duration, and a ledger of every call that it received.

Each call's prompt tokens are a power of two that no other call of the owner has: sums show which calls were counted.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Any

from functions.process.provider import Cancellation, Completion, ModelRequest
from functions.process.provider.pictures import DrawnPicture
from shared.domain.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    PermanentProviderError,
    TransientProviderError,
)
from shared.domain.generation import Usage
from tests.simulation.boundary import Boundary
from tests.simulation.faults import Fault, Site
from tests.simulation.process import Process, ProcessDiedError
from tests.simulation.threads import Event

_PARTS = 3
_FROZEN_SECONDS = 1.0


class Manner(StrEnum):
    """How one call goes."""

    GOOD = "good"
    UNFIT = "unfit"
    BUSY = "busy"
    BUSY_TELLS = "busy_tells"
    CUT = "cut"
    REFUSED = "refused"
    SPOILED = "spoiled"
    """The answer fits its form, and the kind's own code raises at it."""
    TOO_THIN = "too_thin"
    """The answer fits its form, and the kind fails on purpose."""


SPOILING = frozenset({Manner.SPOILED, Manner.TOO_THIN})
_TEXT = "x"
"""The smallest text that fits."""


@dataclass
class Paid:
    """One call that was sent, as the provider knows it. `told` once its bill was handed to the process."""

    generation_id: str
    step: str
    attempt: int
    process: Process
    sent_at: float
    usage: Usage
    api_key: str
    late: bool
    """Whether the process froze between its last check and the sending."""
    told: bool = False
    """Whether its bill was handed to the process, then or later."""


@dataclass
class Ledger:
    """Every paid call, and the grants that they used up."""

    calls: list[Paid] = field(default_factory=list)
    _bits: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def next_usage(self, owner: str) -> Usage:
        bit = self._bits[owner]
        self._bits[owner] += 1
        return Usage(1, 1 << bit, 1, Decimal("0.001"))

    def of(self, generation_id: str) -> list[Paid]:
        return [call for call in self.calls if call.generation_id == generation_id]


@dataclass
class FakeModel:
    """Stands where the provider's client does. `poisoned` says for which generations it kills the process."""

    boundary: Boundary
    random: Random
    ledger: Ledger
    manners: Mapping[Manner, float]
    seconds: tuple[float, ...]
    owner_of: Callable[[str], str]
    sending: Callable[[Paid], None]
    poisoned: Callable[[str], bool] = lambda _generation_id: False
    unbilled: float = 0.3
    """How often a bill that is asked for is not there yet."""
    takes_key: bool = True

    def warm_up(self) -> None:
        """There is nothing to load."""

    def complete(
        self,
        request: ModelRequest,
        *,
        api_key: str,
        deadline: float,
        may_send: Callable[[], None],
        cancellation: Cancellation,
        on_text: Callable[[int], None],
        on_bill_id: Callable[[str], None],
        **_more: Any,
    ) -> Completion:
        closed = Event(self.boundary.scheduler)
        with cancellation.closing(closed.set):
            self.boundary.cross(Site.MODEL, "model.connect", _pass)
            if cancellation.cancelled:
                raise CallCanceledError("closed before anything was sent")
            may_send()
            paid, manner = self._send(request, api_key)
            on_bill_id(str(self.ledger.calls.index(paid)))
            self._stream(manner, paid.process, deadline, closed, on_text)
        self.boundary.cross(Site.MODEL, "model.answer", _pass)
        paid.told = True
        return _answer(request, manner, paid, f"call-{len(self.ledger.calls)}")

    def bill(self, bill_id: str, *, api_key: str, deadline: float) -> Usage | None:
        """Tell what a call has cost, or not: the bill may come too late for who asks."""
        self.boundary.cross(Site.MODEL, "model.bill", _pass)
        if self.random.random() < self.unbilled:
            return None
        paid = self.ledger.calls[int(bill_id)]
        paid.told = True
        return paid.usage

    def _send(self, request: ModelRequest, api_key: str) -> tuple[Paid, Manner]:
        scheduler, process = self.boundary.scheduler, self.boundary.process
        asked = scheduler.now
        self.boundary.cross(Site.MODEL, "model.send", _pass)
        generation_id = request.labels["Generation"]
        if self.poisoned(generation_id):
            process.kill()
            raise ProcessDiedError(process.label)
        manner = self.random.choices(list(self.manners), list(self.manners.values()))[0]
        if manner in (Manner.BUSY, Manner.BUSY_TELLS, Manner.REFUSED):
            self._refuse(manner)
        paid = Paid(
            generation_id,
            request.labels["Step"],
            int(request.labels["Attempt"]),
            process,
            scheduler.now,
            self.ledger.next_usage(self.owner_of(generation_id)),
            api_key,
            late=scheduler.now - asked > _FROZEN_SECONDS,
        )
        self.ledger.calls.append(paid)
        self.sending(paid)
        return paid, manner

    def _refuse(self, manner: Manner) -> None:
        self.boundary.scheduler.wait(0.3)
        if manner is Manner.REFUSED:
            raise PermanentProviderError("provider_refused", "The model's API refused the request.", unpaid=True)
        told = self.random.choice((1.0, 20.0, 100.0)) if manner is Manner.BUSY_TELLS else None
        raise TransientProviderError(
            "provider_rate_limited", "The model's API is busy.", retry_after_seconds=told, unpaid=True
        )

    def _stream(
        self, manner: Manner, process: Process, deadline: float, closed: Event, on_text: Callable[[int], None]
    ) -> None:
        seconds = self.random.choice(self.seconds)
        for part in range(1, _PARTS + 1):
            left = deadline - process.clock.monotonic()
            if closed.wait(min(seconds / _PARTS, max(0.0, left))):
                raise CallCanceledError("the worker closed the call")
            if process.clock.monotonic() >= deadline:
                raise CallDeadlineExceededError("provider_timeout", "The model took longer than it was given.")
            on_text(1_000 * part)
            if manner is Manner.CUT:
                raise TransientProviderError("provider_stream_cut", "The model's answer broke off.")


def _answer(request: ModelRequest, manner: Manner, paid: Paid, call_id: str) -> Completion:
    if request.schema is None:
        return Completion("", call_id, request.model, paid.usage, (DrawnPicture("image/png", b"picture", 1, 1),))
    text = "{" if manner is Manner.UNFIT else json.dumps(fitting(request.schema))
    if manner in SPOILING:
        text = text.replace(json.dumps(_TEXT), json.dumps(str(manner)))
    return Completion(text, call_id, request.model, paid.usage)


def _pass(_fault: Fault | None) -> None:
    return None


def fitting(schema: Mapping[str, Any]) -> Any:
    """Return the smallest value that fits a JSON schema, as a model that keeps to it would answer."""
    return _fitting(schema, schema.get("$defs", {}))


def _fitting(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _fitting(known[schema["$ref"].rpartition("/")[2]], known)
    fixed = [schema[word] for word in ("const", "default") if word in schema] + schema.get("enum", [])[:1]
    if fixed:
        return fixed[0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _fitting(schema[several][0], known)
    return _VALUES[schema["type"]](schema, known)


def _object(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    return {name: _fitting(schema["properties"][name], known) for name in schema.get("required", ())}


def _array(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    return [_fitting(schema["items"], known) for _ in range(max(1, schema.get("minItems", 0)))]


_VALUES: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Any]] = {
    "object": _object,
    "array": _array,
    "string": lambda schema, _known: _TEXT * max(1, schema.get("minLength", 0)),
    "integer": lambda schema, _known: schema.get("minimum", 1),
    "number": lambda schema, _known: schema.get("minimum", 1),
    "boolean": lambda _schema, _known: True,
}
