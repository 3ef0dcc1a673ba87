"""An attempt as its ending sees it: its head, what it spent, and the facts of its last call. Decides nothing."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

from shared.domain.call_facts import NO_CALL, CallFacts
from shared.domain.generation import Asked, Generation, Totals, Usage


class Attempt(Protocol):
    """The parts of an attempt that ending needs."""

    @property
    def head(self) -> Generation: ...

    @property
    def totals(self) -> Totals: ...

    @property
    def reserved_usd(self) -> Decimal: ...

    @property
    def last_step(self) -> str: ...

    @property
    def ended_with(self) -> CallFacts: ...

    @property
    def made_by(self) -> CallFacts: ...

    @property
    def asked(self) -> Asked: ...

    @property
    def logged(self) -> Mapping[str, str | int | float]: ...

    @property
    def unsure(self) -> bool: ...

    def recount(self) -> None: ...

    def bill(self) -> Usage: ...


class Unread:
    """An attempt that ended before it read the stored steps. It has spent nothing.

    A lost worker may have stored a step that the head does not count yet. `settled` counts those at the end.
    """

    last_step = ""
    ended_with = made_by = NO_CALL
    asked = Asked()
    logged: Mapping[str, str | int | float] = MappingProxyType({})
    unsure = False

    def __init__(self, head: Generation, settled: Callable[[Generation], Totals]) -> None:
        self.head, self.totals = head, Totals(head.steps_done, head.usage)
        self._settled = settled

    @property
    def reserved_usd(self) -> Decimal:
        return self.totals.reserved_of(self.head)

    def recount(self) -> None:
        """Count the stored steps. The end is the last chance to count them."""
        self.totals = self._settled(self.head)

    def bill(self) -> Usage:
        return Usage()
