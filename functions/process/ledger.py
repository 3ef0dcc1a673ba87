"""What one attempt knows its generation to have spent, and what of that the steps keep. Reads and writes nothing."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from shared.domain.generation import Generation, StoredStep, Totals, Usage, apart_from_waste, settle


class Ledger:
    """Follows each call's bill and each stored step.

    `reserved_usd` is what calls may have cost whose cost is not known; `call_reserve_usd` is what one call reserves.
    """

    def __init__(self, head: Generation, steps: Iterable[StoredStep], call_reserve_usd: Decimal) -> None:
        self._steps = {step.name: step for step in steps}
        self._call_reserve_usd = call_reserve_usd
        settled = settle(head, list(self._steps.values()))
        self._spent, self.reserved_usd = settled.usage, settled.reserved_of(head)
        self.begin_step()

    @property
    def totals(self) -> Totals:
        """What is stored and spent, a step that is not stored being wasted."""
        return Totals(len(self._steps), apart_from_waste(self._spent, self._steps.values()))

    @property
    def totals_under_way(self) -> Totals:
        """What is stored and spent, in the middle of a step that may still keep what it has."""
        totals = self.totals
        wasted = totals.usage.wasted_cost_usd - self.step_usage.kept_cost_usd
        return replace(totals, usage=replace(totals.usage, wasted_cost_usd=max(wasted, Decimal(0))))

    @property
    def cost_usd(self) -> Decimal:
        return self._spent.cost_usd

    def stored(self, name: str) -> StoredStep | None:
        return self._steps.get(name)

    def begin_step(self) -> None:
        """Count what follows as a new step's."""
        self.step_usage, self.step_shown = Usage(), Usage()

    def spend(self, usage: Usage, no_longer_reserved: Decimal) -> None:
        """Count what a call is known to have cost, and give its reserve back."""
        self._spent += usage
        self.step_usage += usage
        self.reserved_usd -= no_longer_reserved

    def waste(self, usage: Usage) -> None:
        """Take it that what was spent on one answer of this step bought nothing."""
        self.step_usage = self.step_usage - usage + usage.all_wasted()

    def begin_call(self) -> None:
        """Note that the head shows all of the step that is spent by now, and one reserve more."""
        self.step_shown = self.step_usage
        self.reserved_usd += self._call_reserve_usd

    def keep(self, made: StoredStep, kept: StoredStep) -> None:
        """Count the step that is stored, `made` by this attempt, or by a late holder whose result was first."""
        self._steps[kept.name] = kept
        if kept.op != made.op:
            self._spent += kept.unshown
            self._release_reserve_of(kept)
        self.begin_step()

    def learn(self, steps: Iterable[StoredStep]) -> None:
        """Count those of the stored steps that late holders have stored since this attempt began."""
        for step in steps:
            if step.name not in self._steps:
                self._steps[step.name] = step
                self._spent += step.unshown
                self._release_reserve_of(step)

    @property
    def steps(self) -> list[StoredStep]:
        return list(self._steps.values())

    def _release_reserve_of(self, step: StoredStep) -> None:
        self.reserved_usd = max(self.reserved_usd - step.released_usd, Decimal(0))
