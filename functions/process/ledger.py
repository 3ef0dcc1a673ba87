"""One attempt's account of its generation's spend, and of the part that went into stored steps. Reads and writes
nothing."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from shared.domain.generation import Generation, StoredStep, Totals, Usage, apart_from_waste, settle


class Ledger:
    """Follows each call's cost and each stored step.

    `reserved_usd` is what calls without a known cost may have cost. `call_reserve_usd` is the reserve of one call.
    """

    def __init__(self, head: Generation, steps: Iterable[StoredStep], call_reserve_usd: Decimal) -> None:
        self._steps = {step.name: step for step in steps}
        self._call_reserve_usd = call_reserve_usd
        self._sent = set[str]()
        settled = settle(head, list(self._steps.values()))
        self._spent, self.reserved_usd = settled.usage, settled.reserved_of(head)
        self.begin_step()

    @property
    def totals(self) -> Totals:
        """The totals, counting the spend on a step that is not stored as wasted."""
        return Totals(len(self._steps), apart_from_waste(self._spent, self._steps.values()))

    @property
    def totals_under_way(self) -> Totals:
        """The totals within a step that may still be stored."""
        totals = self.totals
        wasted = totals.usage.wasted_cost_usd - self.step_usage.kept_cost_usd
        return replace(totals, usage=replace(totals.usage, wasted_cost_usd=max(wasted, Decimal(0))))

    @property
    def cost_usd(self) -> Decimal:
        return self._spent.cost_usd

    def stored(self, name: str) -> StoredStep | None:
        return self._steps.get(name)

    def begin_step(self) -> None:
        """Count the following calls as a new step's."""
        self.step_usage, self.step_shown = Usage(), Usage()

    def spend(self, usage: Usage, no_longer_reserved: Decimal) -> None:
        """Count a call's known cost, and release its reserve."""
        self._spent += usage
        self.step_usage += usage
        self.reserved_usd -= no_longer_reserved

    def waste(self, usage: Usage) -> None:
        """Count the spend on one answer of this step as wasted."""
        self.step_usage = self.step_usage - usage + usage.all_wasted()

    def begin_call(self) -> None:
        """Record that the head shows the step's whole spend so far, plus one reserve."""
        self.step_shown = self.step_usage
        self.reserved_usd += self._call_reserve_usd

    def send(self, made: StoredStep) -> None:
        """Record that the store may have the step from now on, even if it never answers."""
        self._sent.add(made.op)

    def keep(self, kept: StoredStep) -> None:
        """Count the stored step, sent by this attempt, or by a late holder whose result was first."""
        self._count(kept)
        self.begin_step()

    def learn(self, steps: Iterable[StoredStep]) -> None:
        """Count the steps that were stored since this attempt began: by late holders, and by a write of this attempt
        whose answer was lost."""
        for step in steps:
            if step.name not in self._steps:
                self._count(step)

    def _count(self, step: StoredStep) -> None:
        self._steps[step.name] = step
        if step.op not in self._sent:  # this attempt has counted its own calls already
            self._spent += step.unshown
            self._release_reserve_of(step)

    @property
    def steps(self) -> list[StoredStep]:
        return list(self._steps.values())

    def _release_reserve_of(self, step: StoredStep) -> None:
        self.reserved_usd = max(self.reserved_usd - step.released_usd, Decimal(0))
