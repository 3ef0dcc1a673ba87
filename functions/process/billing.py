"""The cost of each model call: booked as reported, and asked for later if the call ended before its report."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

from functions.process.dependencies import Dependencies
from functions.process.heartbeat import Heartbeat
from functions.process.ledger import Ledger
from functions.process.provider import CallRecord, Completion, ModelRequest
from functions.process.reserve import believable
from shared.aws.logs import logger
from shared.domain.generation import Usage
from shared.kinds.contract import Limits

_BILL_SECONDS = 3.0
"""The longest wait for a call's final cost. Servers have it a moment after the call's end."""
_NO_BILL = Usage(calls=1)


@dataclass(frozen=True, slots=True)
class CountedCall:
    """A call that the head has counted, with its reserve, before anything is sent. The client fills `record` and
    `bill_ids`.

    It may be sent until the monotonic time `sent_until`. `left_seconds` is the time to the generation's deadline.
    """

    request: ModelRequest
    api_key: str = field(repr=False)
    reserve: Decimal
    sent_until: float
    left_seconds: float
    began: float
    record: CallRecord = field(default_factory=CallRecord)
    bill_ids: list[str] = field(default_factory=list)


class Billing:
    """Books the calls of one attempt in its ledger. Keeps the calls whose cost is missing."""

    def __init__(
        self, generation_id: str, limits: Limits, ledger: Ledger, dependencies: Dependencies, heartbeat: Heartbeat
    ) -> None:
        self._generation_id, self._limits, self._ledger = generation_id, limits, ledger
        self._dependencies, self._heartbeat = dependencies, heartbeat
        self._unbilled: list[CountedCall] = []

    def book(self, call: CountedCall, answer: Completion) -> Completion:
        """Book an answer's cost. Returns the answer with the cost as booked."""
        usage, told = answer.usage, answer.cost_told
        if usage == _NO_BILL and call.bill_ids:
            late = self._ask(call.bill_ids[0], call.api_key)
            usage, told = (usage, told) if late is None else (late, True)
        if not told:
            _say_unpriced(answer.model)
        # A cost that never arrived is unknown, not zero.
        unknown = usage == _NO_BILL and (bool(call.bill_ids) or answer.tokens_missing)
        usage = self._believable(usage, call)
        self._ledger.spend(usage, Decimal(0) if unknown else call.reserve)
        return replace(answer, usage=usage)

    def book_wasted(self, call: CountedCall, usage: Usage) -> None:
        """Book the cost of a call without an answer."""
        self._ledger.spend(self._believable(usage, call).all_wasted(), call.reserve)

    def release(self, call: CountedCall) -> None:
        """Book that the call cost nothing."""
        self._ledger.spend(Usage(), call.reserve)

    def await_bill(self, call: CountedCall) -> None:
        """Keep the call's reserve, because its cost is missing."""
        if call.bill_ids:
            self._unbilled.append(call)

    def ask_for_bills(self) -> None:
        """Ask for the missing costs, last call first, while there is time: each cost must still be written."""
        unbilled, self._unbilled = self._unbilled[::-1], []
        for call in unbilled:
            usage = self._ask(call.bill_ids[-1], call.api_key)
            if usage is not None:
                self.book_wasted(call, usage)

    def _ask(self, bill_id: str, api_key: str) -> Usage | None:
        """Return a call's cost; None if the server does not report it."""
        # Lambda ends the invocation a margin after the handover.
        now, settings = self._dependencies.clock.monotonic(), self._dependencies.settings
        until = min(now + _BILL_SECONDS, self._heartbeat.handover_at + settings.handover_margin_seconds / 2)
        return self._dependencies.model.bill(bill_id, api_key=api_key, deadline=until) if until > now else None

    def _believable(self, usage: Usage, call: CountedCall) -> Usage:
        return believable(usage, call.reserve, self._limits, self._generation_id)


@lru_cache(maxsize=100)
def _say_unpriced(model: str) -> None:
    """Log once that no spending limit holds for this model, because its server reports tokens but no price."""
    logger().warning("the model's cost is not known: give its price in ModelPrices", extra={"model": model})
