"""Calls that ended before they told what they cost: the server may say so a moment later. Keeps what is open."""

from decimal import Decimal

from functions.process.dependencies import Dependencies
from functions.process.heartbeat import Heartbeat
from shared.domain.generation import Usage

_BILL_SECONDS = 3.0
"""How long a call's final bill is waited for at most: servers have it a moment after the call has ended."""


class Unbilled:
    """A call, and what is reserved for it until its cost is known."""

    def __init__(self, bill_id: str, api_key: str, reserved_usd: Decimal) -> None:
        self.bill_id, self.api_key, self.reserved_usd = bill_id, api_key, reserved_usd


class LateBills:
    """Asks as long as there is time for it: what a bill says must still be written."""

    def __init__(self, dependencies: Dependencies, heartbeat: Heartbeat) -> None:
        self._dependencies, self._heartbeat = dependencies, heartbeat
        self._unbilled: list[Unbilled] = []

    def await_bill(self, call: Unbilled) -> None:
        """Keep in mind that the call's bill is missing."""
        self._unbilled.append(call)

    def pop_all(self) -> list[Unbilled]:
        """Return the calls whose bills are missing, the last first, and forget them."""
        found, self._unbilled = self._unbilled[::-1], []
        return found

    def ask(self, bill_id: str, api_key: str) -> Usage | None:
        """Return what a call has cost, None where the server does not say."""
        # Lambda ends the invocation a margin after the handover.
        now, settings = self._dependencies.clock.monotonic(), self._dependencies.settings
        until = min(now + _BILL_SECONDS, self._heartbeat.handover_at + settings.handover_margin_seconds / 2)
        return self._dependencies.model.bill(bill_id, api_key=api_key, deadline=until) if until > now else None
