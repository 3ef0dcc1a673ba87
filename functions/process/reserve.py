"""What a call may cost before it is sent, and what its bill is worth after: the ceilings of a generation. Pure."""

from dataclasses import replace
from decimal import Decimal

from functions.process.ledger import Ledger
from shared.aws.logs import logger
from shared.domain.errors import CeilingReachedError
from shared.domain.generation import Generation, Usage
from shared.kinds.contract import Limits

_SENSELESS = 100
"""How many times a call's reserve no bill can be, unless the kind may cost that much."""


def reserve_for(head: Generation, step: str, limits: Limits, ledger: Ledger) -> Decimal:
    """Return what the step's next call reserves. Raises CeilingReachedError where a ceiling forbids it."""
    reserve = Decimal(str(limits.call_reserve_usd))
    if head.call_step == step and head.step_calls >= limits.max_calls_per_step:
        raise CeilingReachedError("call_limit", f"The step {step} has used its {head.step_calls} calls.")
    if ledger.cost_usd + ledger.reserved_usd + reserve > Decimal(str(limits.max_cost_usd)):
        raise CeilingReachedError("cost_limit", f"The generation may cost {limits.max_cost_usd} USD at most.")
    return reserve


def believable(usage: Usage, reserve: Decimal, limits: Limits, generation_id: str) -> Usage:
    """Return the bill, cut where it is beyond any sense: one wrong number must not use up an owner's days."""
    most = max(_SENSELESS * reserve, Decimal(str(limits.max_cost_usd)))
    if usage.cost_usd <= most:
        return usage
    about = {"generation_id": generation_id, "told_usd": str(usage.cost_usd), "booked_usd": str(most)}
    logger().error("a bill beyond any sense: booked up to what a call can cost", extra=about)
    return replace(usage, cost_usd=most, wasted_cost_usd=min(usage.wasted_cost_usd, most))
