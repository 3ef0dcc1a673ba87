"""Checks the spending limits again during a generation, once their remainder may be used up. Pure, except for the reads
that it is given.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from shared.domain.errors import CeilingReachedError
from shared.domain.generation import Generation

_CENT = Decimal("0.01")
_PART = 4
"""All generations that an owner may run at once may together spend a quarter of the remainder without a new check. A
limit can be exceeded by that much, plus the amounts by which costs exceed their reserves."""


class Spending(Protocol):
    """Reads what the nearest limit leaves; see `shared.store.spending.SpendingReader`."""

    def left_usd(self, head: Generation, cost_usd: Decimal) -> Decimal | None: ...


class SpendGuard:
    """The guard of one attempt. Far from a limit, it reads nothing.

    The remainder is shared with the other generations that the owner may run, `max_running`. Once its own cost exceeds
    its share, the guard reads the new remainder and uses that.
    """

    def __init__(self, head: Generation, spending: Callable[[], Spending], max_running: int) -> None:
        self._spending, self._max_running = spending, max_running
        self._left_usd = head.left_cents * _CENT
        self._asked_at_usd = Decimal(0)

    def check(self, head: Generation, cost_usd: Decimal, reserve_usd: Decimal) -> None:
        """Raise CeilingReachedError if one more call could exceed a limit. `cost_usd` is the generation's cost and
        reserves so far, `reserve_usd` the call's reserve."""
        if not self._left_usd or head.own_key or self._is_far(cost_usd + reserve_usd - self._asked_at_usd):
            return
        left = self._spending().left_usd(head, cost_usd)
        if left is None:
            self._left_usd = Decimal(0)  # the limits have been switched off meanwhile
            return
        if left < reserve_usd:
            raise CeilingReachedError("spend_ceiling", "The next call could exceed the limit of this day or month.")
        self._left_usd, self._asked_at_usd = left, cost_usd

    def _is_far(self, own_usd: Decimal) -> bool:
        return self._max_running > 0 and own_usd * self._max_running * _PART <= self._left_usd
