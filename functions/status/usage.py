"""Returns an owner's usage by day and month, and the state of each limit."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.domain.clock import Clock
from shared.domain.generation import DayUsage, Usage
from shared.domain.limits import Policy, Rate
from shared.http.query import Query
from shared.http.request import Request
from shared.http.response import Response
from shared.store.quota import QuotaReader
from shared.store.reads import Reader
from shared.view.view import usage_view

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class UsageService:
    """A generation counts on the day, in UTC, on which it ended."""

    reads: Reader
    quota: QuotaReader
    policy: Policy
    clock: Clock

    def get(self, request: Request) -> Response:
        """Return one month (default: this month). The limits are always the current ones."""
        query = Query(request, "month")
        month = query.matching("month", _MONTH, "Send a month as YYYY-MM.")
        query.check()
        month = month or self.clock.now().strftime("%Y-%m")
        days = self.reads.usage_of_month(request.owner, month)
        total = sum((day.usage for day in days), Usage())
        body = {
            "month": month,
            "days": [{"day": day.day, **_counts(day)} for day in days],
            "total": _counts(DayUsage(month, sum(day.generations for day in days), total)),
            "limits": self._limits(request.owner),
        }
        return Response(200, body)

    def _limits(self, owner: str) -> dict[str, Any]:
        """Return the state of the caller's limits. Limits that are switched off are omitted."""
        use, policy = self.quota.use(owner, self.policy), self.policy
        found: dict[str, Any] = {"rates": [_rate(rate) for rate in use.rates]}
        if policy.max_running:
            left = max(0, policy.max_running - use.running)
            found["running"] = {"limit": policy.max_running, "used": use.running, "remaining": left}
        if policy.max_daily_spend_usd:
            found["daily_spend_usd"] = _spend(policy.max_daily_spend_usd, use.spent.today)
        if policy.max_monthly_spend_usd:
            found["monthly_spend_usd"] = _spend(policy.max_monthly_spend_usd, use.spent.month)
        return found


def _spend(ceiling: Decimal, used: Decimal) -> dict[str, float]:
    return {"limit": float(ceiling), "used": float(used), "remaining": float(max(ceiling - used, Decimal(0)))}


def _rate(rate: Rate) -> dict[str, Any]:
    limit = rate.limit
    return {
        "name": limit.name,
        "limit": limit.count,
        "window_seconds": limit.seconds,
        "remaining": rate.remaining,
        "reset_seconds": rate.seconds,
    }


def _counts(day: DayUsage) -> dict[str, Any]:
    return {"generations": day.generations, **usage_view(day.usage)}
