"""An attempt as its ending sees it: its head, what it spent, and the facts of its last call. Decides nothing."""

from dataclasses import dataclass
from decimal import Decimal
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
    def logged(self) -> dict[str, str | int | float]: ...

    @property
    def unsure(self) -> bool: ...

    def recount(self) -> None: ...

    def bill(self) -> Usage: ...


@dataclass(frozen=True, slots=True)
class Unread:
    """An attempt that ended before it read the stored steps. It has spent nothing, and the head's usage stays
    unchanged."""

    head: Generation

    @property
    def last_step(self) -> str:
        return ""

    @property
    def ended_with(self) -> CallFacts:
        return NO_CALL

    @property
    def made_by(self) -> CallFacts:
        return NO_CALL

    @property
    def asked(self) -> Asked:
        return Asked()

    @property
    def logged(self) -> dict[str, str | int | float]:
        return {}

    @property
    def totals(self) -> Totals:
        return Totals(self.head.steps_done, self.head.usage)

    @property
    def reserved_usd(self) -> Decimal:
        return self.head.reserved_usd

    @property
    def unsure(self) -> bool:
        return False

    def recount(self) -> None:
        """There is nothing to count."""

    def bill(self) -> Usage:
        return Usage()
