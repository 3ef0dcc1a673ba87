"""Asks the ceilings of money again in the middle of a generation, when what they had left may be used up. Pure but for
the reads that it is given.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from shared.domain.errors import CeilingReachedError
from shared.domain.generation import Generation

_CENT = Decimal("0.01")
_PART = 4
"""All that an owner may run at once may together spend a quarter of what was left without asking: so much, and what a
bill is more than its reserve, is how far a ceiling can be passed."""


class Spending(Protocol):
    """Reads what the nearest ceiling leaves; see `shared.store.spending.SpendingReader`."""

    def left_usd(self, head: Generation, cost_usd: Decimal) -> Decimal | None: ...


class SpendGuard:
    """Of one attempt. Far from a ceiling it reads nothing.

    What was left is shared with all that the owner may run beside it, `max_running`. From where its own cost is more
    than its share it asks, and goes by what is left then.
    """

    def __init__(self, head: Generation, spending: Callable[[], Spending], max_running: int) -> None:
        self._spending, self._max_running = spending, max_running
        self._left_usd = head.left_cents * _CENT
        self._asked_at_usd = Decimal(0)

    def check(self, head: Generation, cost_usd: Decimal, reserve_usd: Decimal) -> None:
        """Raise CeilingReachedError where one more call could pass a ceiling. `cost_usd` is what the generation has
        cost and reserved so far, `reserve_usd` what the call reserves."""
        if not self._left_usd or head.own_key or self._is_far(cost_usd + reserve_usd - self._asked_at_usd):
            return
        left = self._spending().left_usd(head, cost_usd)
        if left is None:
            self._left_usd = Decimal(0)  # the ceilings have been switched off meanwhile
            return
        if left < reserve_usd:
            raise CeilingReachedError("spend_ceiling", "Going on could pass what may be spent in this day or month.")
        self._left_usd, self._asked_at_usd = left, cost_usd

    def _is_far(self, own_usd: Decimal) -> bool:
        return self._max_running > 0 and own_usd * self._max_running * _PART <= self._left_usd
