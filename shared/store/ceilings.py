"""Checks every limit, the cheapest first, before admitting a generation. Writes nothing."""

from datetime import datetime, timedelta
from decimal import Decimal

from shared.domain.clock import epoch_milliseconds, midnight_after, month_after
from shared.domain.errors import AdmissionRefusedError
from shared.domain.generation import Generation
from shared.domain.limits import Accepted, Limit, Policy, whole_seconds
from shared.store.deployment_spend import DeploymentSpend
from shared.store.ground import Ground
from shared.store.quota import QuotaReader

_RUNNING_RETRY_SECONDS = 5  # an estimate: about as long as a short generation takes


class Ceilings:
    """Every read is strongly consistent, except the deployment's day: a process caches its sum for seconds."""

    def __init__(self, ground: Ground) -> None:
        self._quota, self._deployment = QuotaReader(ground), DeploymentSpend(ground)

    def refuse(
        self, generation: Generation, policy: Policy, limit: Limit | None, accepted: Accepted, moment: datetime
    ) -> Decimal | None:
        """Raise AdmissionRefusedError for the first limit that is reached; `limit` is the rate limit, if any. Return
        what the nearest spending limit leaves, in US dollars; None if no limit applies.

        The following write is conditional on `accepted`, which every acceptance of the owner renews. If two requests
        count the same open generations, one conflicts and counts again.
        """
        now = epoch_milliseconds(moment)
        rate = accepted.rate(limit, now) if limit else None
        if limit and (wait := accepted.wait(limit, now)):
            raise AdmissionRefusedError("rate_limited", whole_seconds(wait), rate)
        if generation.own_key:
            policy = Policy(policy.limits, policy.max_running)  # a user's own key costs the deployment no money
        left = list[Decimal]()
        if ceiling := policy.max_deployment_daily_spend_usd:
            left.append(ceiling - self._deployment.spent_today(moment))
            if left[0] <= 0:
                raise AdmissionRefusedError("deployment_spend_reached", _until(midnight_after(moment), moment), rate)
        if not policy.counts_open:
            return min(left, default=None)
        running = self._quota.open_heads(generation.user_id, accepted, moment)
        if policy.max_running and len(running) >= policy.max_running:
            raise AdmissionRefusedError("too_many_running", _RUNNING_RETRY_SECONDS, rate)
        if not (policy.max_daily_spend_usd or policy.max_monthly_spend_usd):
            return min(left, default=None)
        # Read the day's usage after the heads: a generation that ends in between counts twice for a moment, but never
        # zero times.
        spent = self._quota.spent(generation.user_id, policy, running, moment)
        if policy.max_monthly_spend_usd and spent.month >= policy.max_monthly_spend_usd:
            raise AdmissionRefusedError("monthly_spend_reached", _until(month_after(moment), moment), rate)
        if policy.max_daily_spend_usd and spent.today >= policy.max_daily_spend_usd:
            raise AdmissionRefusedError("daily_spend_reached", _until(midnight_after(moment), moment), rate)
        return min([*left, *spent.left_of(policy)], default=None)


def _until(end: datetime, moment: datetime) -> int:
    return whole_seconds((end - moment) // timedelta(milliseconds=1))
