"""The plan of the simulation: the rate of creates, the deployment's settings, and AWS's limits for the account."""

from dataclasses import dataclass, replace

from bench.scale import quotas
from bench.scale.life import Cost


@dataclass(frozen=True, slots=True)
class Plan:
    """The defaults are the template's, and those of an account that never asked for more."""

    name: str
    creates_a_minute: float
    minutes: float = 10.0
    burst: int = 0
    """So many more creates within ten seconds, after a third of the time."""
    grown: bool = True
    """Whether the traffic rose slowly, so that the queue sources have grown to it before the first create."""
    lost_share: float = 0.1
    """The share of the worker invocations that die at once, of those that run after half of the time."""

    # The template's parameters.
    batch: int = 10
    maximum_concurrency: int = 10
    isolated_concurrency: int = 5
    process_timeout_seconds: float = 300.0
    handover_margin_seconds: float = 15.0
    heartbeat_seconds: float = 10.0
    lease_seconds: float = 40.0
    grace_seconds: float = 60.0
    deadline_seconds: float = 900.0
    shards: int = 10

    # Values that only AWS, or a change of the template, can raise.
    account: float = quotas.ACCOUNT.value
    api_rate: float = quotas.API_RATE.value
    api_burst: float = quotas.API_BURST.value
    warm_writes: float = quotas.TABLE_FIRST.value
    warm_reads: float = quotas.READS_FIRST.value
    warm_index: float = quotas.TABLE_FIRST.value
    provisioned_pollers: tuple[int, int] | None = None
    """The queue source's fewest and most pollers in provisioned mode, which knows no MaximumConcurrency."""

    # The workload.
    model_median_seconds: float = 15.0
    model_sigma: float = 0.5
    cold_seconds: float = 1.5
    poll_seconds: float = 4.0
    """The pause between two polls of an owner, or a tenth of the age once that is more, as in
    `shared/domain/pacing.py`. That is at most five polls of a generation of 15 s, which `tests/unit/test_pacing.py`
    counts.
    """
    create_seconds: float = 0.12
    status_seconds: float = 0.03


@dataclass(frozen=True, slots=True)
class Measured:
    """The cost of the parts that are real code: units of each act, and how fast a sweep is."""

    acts: dict[str, Cost]
    rescues_a_second: float
    sweep_seconds: float = 50.0


TEN = Plan("10 a minute, defaults", 10, minutes=30)
THOUSAND_BY_DEFAULT = Plan("1,000 a minute, defaults", 1_000)
HUNDRED_THOUSAND_BY_DEFAULT = Plan("100,000 a minute, defaults", 100_000, minutes=1)
THOUSAND = Plan("1,000 a minute, set for it", 1_000, maximum_concurrency=100, isolated_concurrency=20)
HUNDRED_THOUSAND = Plan(
    "100,000 a minute, set for it",
    100_000,
    minutes=4,
    isolated_concurrency=500,
    account=10_000,
    api_rate=20_000,
    api_burst=10_000,
    warm_writes=40_000,
    warm_reads=40_000,
    warm_index=10_000,
    provisioned_pollers=(200, 800),
)
AT_ONCE = replace(HUNDRED_THOUSAND, name="100,000 a minute from nothing, set for it", grown=False, lost_share=0.0)
BURST_BY_DEFAULT = Plan("10 a minute and 1,000 within 10 s, defaults", 10, burst=1_000, lost_share=0.0)
BURST = replace(THOUSAND, name="1,000 a minute and 5,000 within 10 s, set for 1,000", burst=5_000, lost_share=0.0)
PLANS = (TEN, THOUSAND_BY_DEFAULT, HUNDRED_THOUSAND_BY_DEFAULT, THOUSAND, HUNDRED_THOUSAND)
STEPS = (BURST_BY_DEFAULT, BURST, AT_ONCE)
