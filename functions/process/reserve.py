"""A generation's limits: what a call may cost before it is sent, and how much of its reported cost counts. Pure."""

from dataclasses import replace
from decimal import Decimal

from functions.process.ledger import Ledger
from shared.aws.logs import logger
from shared.domain.errors import CeilingReachedError
from shared.domain.generation import Generation, Usage
from shared.kinds.contract import Limits

_SENSELESS = 100
"""A reported cost above this many reserves is implausible, unless the kind may cost that much."""


def reserve_for(head: Generation, step: str, limits: Limits, ledger: Ledger) -> Decimal:
    """Return the reserve of the step's next call. Raises CeilingReachedError if a limit forbids the call."""
    reserve = Decimal(str(limits.call_reserve_usd))
    if head.call_step == step and head.step_calls >= limits.max_calls_per_step:
        raise CeilingReachedError("call_limit", f"The step {step} has used all of its {head.step_calls} calls.")
    if ledger.cost_usd + ledger.reserved_usd + reserve > Decimal(str(limits.max_cost_usd)):
        raise CeilingReachedError("cost_limit", f"The next call could exceed the limit of {limits.max_cost_usd} USD.")
    return reserve


def believable(usage: Usage, reserve: Decimal, limits: Limits, generation_id: str) -> Usage:
    """Return the cost, capped if it is implausible: one wrong number must not use up an owner's limits."""
    most = max(_SENSELESS * reserve, Decimal(str(limits.max_cost_usd)))
    if usage.cost_usd <= most:
        return usage
    about = {"generation_id": generation_id, "told_usd": str(usage.cost_usd), "booked_usd": str(most)}
    logger().error("a bill beyond any sense: booked up to what a call can cost", extra=about)
    return replace(usage, cost_usd=most, wasted_cost_usd=min(usage.wasted_cost_usd, most))
