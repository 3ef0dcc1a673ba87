"""The remaining amount of the spending limits for an open generation. Writes nothing."""

from decimal import Decimal

from shared.domain.generation import Generation
from shared.domain.limits import policy_of
from shared.store.admission_items import decode_accepted
from shared.store.deployment_spend import DeploymentSpend
from shared.store.ground import Ground
from shared.store.keys import accepted_key
from shared.store.quota import QuotaReader


class SpendingReader:
    """Every read is strongly consistent, except the deployment's day: a process caches its sum for seconds."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._clock, self._policy = ground.table, ground.clock, policy_of(ground.settings)
        self._quota, self._deployment = QuotaReader(ground), DeploymentSpend(ground)

    def left_usd(self, head: Generation, cost_usd: Decimal) -> Decimal | None:
        """Return the remaining US dollars of the nearest limit, negative if it is exceeded; None if there is no limit.

        The spend and the reserves of the owner's open generations, including this one, count as spent. For the
        deployment's day, only this one's `cost_usd` is added: the others are booked when they end.
        """
        policy, now, left = self._policy, self._clock.now(), list[Decimal]()
        if policy.max_deployment_daily_spend_usd:
            spent_by_all = self._deployment.spent_today(now) + cost_usd
            left.append(policy.max_deployment_daily_spend_usd - spent_by_all)
        if policy.max_daily_spend_usd or policy.max_monthly_spend_usd:
            accepted = decode_accepted(self._table.get(accepted_key(head.user_id)))
            running = self._quota.open_heads(head.user_id, accepted, now)
            spent = self._quota.spent(head.user_id, policy, running, now)
            left += spent.left_of(policy)
        return min(left, default=None)
