"""Asks every limit of an owner, the cheapest first, before one more generation is let in. Writes nothing."""

from datetime import datetime, timedelta

from shared.domain.clock import epoch_milliseconds, midnight_after
from shared.domain.errors import AdmissionRefusedError
from shared.domain.generation import Generation
from shared.domain.limits import Accepted, Limit, Policy, whole_seconds
from shared.store.ground import Ground
from shared.store.quota import QuotaReader

_RUNNING_RETRY_SECONDS = 5  # nobody knows when one of them ends: about as long as a short one takes


class Ceilings:
    """Every read is strongly consistent."""

    def __init__(self, ground: Ground) -> None:
        self._quota = QuotaReader(ground)

    def refuse(
        self, generation: Generation, policy: Policy, limit: Limit | None, accepted: Accepted, moment: datetime
    ) -> None:
        """Raise AdmissionRefusedError for the first limit that is reached; `limit` is the rate limit, if any.

        The write that follows is conditional on `accepted`, which every acceptance of the owner's renews: of two
        requests that count the same open generations one is refused and counts again.
        """
        now = epoch_milliseconds(moment)
        rate = accepted.rate(limit, now) if limit else None
        if limit and (wait := accepted.wait(limit, now)):
            raise AdmissionRefusedError("rate_limited", whole_seconds(wait), rate)
        if not (policy.max_running or policy.max_daily_spend_usd):
            return
        running = self._quota.open_heads(generation.user_id, accepted, moment)
        if policy.max_running and len(running) >= policy.max_running:
            raise AdmissionRefusedError("too_many_running", _RUNNING_RETRY_SECONDS, rate)
        # The day's usage after the heads: one that ends in between is counted twice for a moment, never not at all.
        if policy.max_daily_spend_usd and not generation.own_key:
            spent = self._quota.spent_today(generation.user_id, running, moment)
            if spent >= policy.max_daily_spend_usd:
                raise AdmissionRefusedError("daily_spend_reached", _until_midnight(moment), rate)


def _until_midnight(moment: datetime) -> int:
    return whole_seconds((midnight_after(moment) - moment) // timedelta(milliseconds=1))
