"""Calls that ended before they reported their cost, which the server may report a moment later. Keeps the open ones."""

from decimal import Decimal

from functions.process.dependencies import Dependencies
from functions.process.heartbeat import Heartbeat
from shared.domain.generation import Usage

_BILL_SECONDS = 3.0
"""The longest wait for a call's final cost. Servers have it a moment after the call's end."""


class Unbilled:
    """A call, and its reserve until its cost is known."""

    def __init__(self, bill_id: str, api_key: str, reserved_usd: Decimal) -> None:
        self.bill_id, self.api_key, self.reserved_usd = bill_id, api_key, reserved_usd


class LateBills:
    """Asks while there is time: the cost must still be written."""

    def __init__(self, dependencies: Dependencies, heartbeat: Heartbeat) -> None:
        self._dependencies, self._heartbeat = dependencies, heartbeat
        self._unbilled: list[Unbilled] = []

    def await_bill(self, call: Unbilled) -> None:
        """Remember that the call's cost is missing."""
        self._unbilled.append(call)

    def pop_all(self) -> list[Unbilled]:
        """Return and clear the calls whose cost is missing, last first."""
        found, self._unbilled = self._unbilled[::-1], []
        return found

    def ask(self, bill_id: str, api_key: str) -> Usage | None:
        """Return a call's cost; None if the server does not report it."""
        # Lambda ends the invocation a margin after the handover.
        now, settings = self._dependencies.clock.monotonic(), self._dependencies.settings
        until = min(now + _BILL_SECONDS, self._heartbeat.handover_at + settings.handover_margin_seconds / 2)
        return self._dependencies.model.bill(bill_id, api_key=api_key, deadline=until) if until > now else None
