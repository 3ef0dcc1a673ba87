"""The metrics for operators: lines of CloudWatch's embedded metric format, for each invocation that has any.

Owns names, units and dimensions; Powertools writes the lines, one for each dimension. Never contains users' texts,
keys, tokens or ids of generations.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics

from shared.domain.codes.failures import FAILURES
from shared.domain.diagnosis import RescueOutcome
from shared.domain.generation import Generation
from shared.domain.states import Status

_SERVICE = "unstuck"


class Metric(StrEnum):
    """The deployment's metrics, in the namespace of POWERTOOLS_METRICS_NAMESPACE.

    CloudWatch bills each by the month. docs/operating.md says what each means and what they cost.
    """

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    LATENCY_SECONDS = "LatencySeconds"
    """The only one that is split by kind: a usual time for a story is a long one for cards."""
    PENDING_SECONDS = "PendingSeconds"
    ATTEMPTS = "Attempts"
    SPENT_USD = "SpentUsd"
    RELEASED = "Released"
    LEASES_LOST = "LeasesLost"
    STALE_FOUND = "StaleFound"
    RESCUE_GIVEN_BACK = "RescueGivenBack"
    RESCUE_SENT_AGAIN = "RescueSentAgain"
    RESCUE_NOT_SENT = "RescueNotSent"
    RESCUE_CRASH_LOOP = "RescueCrashLoop"
    RESCUE_EXPIRED = "RescueExpired"
    OLDEST_PENDING_SECONDS = "OldestPendingSeconds"
    DEPLOYMENT_SPEND_PERCENT = "DeploymentSpendPercent"
    """The share of MaxDeploymentDailySpendUsd that today's generations have cost. Each sweep writes it, if that limit
    is set."""
    FAILURES = "Failures"
    """`Failed` split by code, one of those in docs/errors.md."""
    REFUSALS = "Refusals"
    """Refused creates and retries, split by problem code."""
    OPEN_BEYOND_BOUND = "OpenBeyondBound"
    """The only one that is written when it is zero: each sweep confirms that the bound holds."""
    ERRORS = "Errors"
    """Faults that the code caught, so Lambda counts no error. These are responses 500 and 503, messages sent back,
    skipped heads, and attempts that ended because of the service's own key."""

    @property
    def unit(self) -> str:
        """One of CloudWatch's units; it has none for money."""
        if self is Metric.SPENT_USD:
            return "None"
        if self is Metric.DEPLOYMENT_SPEND_PERCENT:
            return "Percent"
        return "Seconds" if self.endswith("Seconds") else "Count"


_OF_STATUS = {
    Status.SUCCEEDED: Metric.SUCCEEDED,
    Status.FAILED: Metric.FAILED,
    Status.CANCELED: Metric.CANCELED,
}
_OF_OUTCOME = {
    RescueOutcome.GIVEN_BACK: Metric.RESCUE_GIVEN_BACK,
    RescueOutcome.SENT_AGAIN: Metric.RESCUE_SENT_AGAIN,
    RescueOutcome.NOT_SENT: Metric.RESCUE_NOT_SENT,
    RescueOutcome.CRASH_LOOP: Metric.RESCUE_CRASH_LOOP,
    RescueOutcome.EXPIRED: Metric.RESCUE_EXPIRED,
}

Values = Mapping[Metric, float]


def measure(values: Values, ended: Iterable[Generation] = (), *, counted: Values | None = None) -> None:
    """Write all values that are not zero as one line, plus one line for each kind and each code in `ended`.

    `counted` is written even when it is zero.

    `ended` are the generations that the caller has just ended, as they then are. A generation's metrics are emitted
    once, by the writer of the terminal transition: that write succeeds exactly once, after any crash.
    """
    heads = list(ended)
    _write("service", _SERVICE, {**_told_of(heads, values), **{metric: [it] for metric, it in (counted or {}).items()}})
    latencies: dict[str, list[float]] = {}
    for head in _to_their_end(heads):
        latencies.setdefault(head.kind, []).append(_seconds_to_end(head))
    for kind, seconds in latencies.items():
        _write("Kind", kind, {Metric.LATENCY_SECONDS: seconds})
    for code, count in Counter(_code_of(head) for head in heads if head.status is Status.FAILED).items():
        _write("Code", code, {Metric.FAILURES: [count]})


def measure_refused(code: str) -> None:
    """Count a create or a retry that was refused, by its code of PROBLEMS."""
    _write("Code", code, {Metric.REFUSALS: [1]})


def measure_rescues(
    report: Mapping[str, int],
    ended: Iterable[Generation] = (),
    *,
    errors: int = 0,
    oldest_pending_seconds: float = 0.0,
    deployment_spend_percent: float = 0.0,
    beyond_bound: int | None = None,
) -> None:
    """Measure rescues: `report` counts them by RescueOutcome, `ended` are the generations that they failed.

    `beyond_bound` is the sweep's count of generations that were open beyond their bound.
    """
    rescues = {metric: report.get(outcome, 0) for outcome, metric in _OF_OUTCOME.items()}
    found = {Metric.STALE_FOUND: sum(rescues.values()), Metric.ERRORS: errors}
    gauges = {
        Metric.OLDEST_PENDING_SECONDS: oldest_pending_seconds,
        Metric.DEPLOYMENT_SPEND_PERCENT: deployment_spend_percent,
    }
    counted: Values = {} if beyond_bound is None else {Metric.OPEN_BEYOND_BOUND: beyond_bound}
    measure({**found, **rescues, **gauges}, ended, counted=counted)


def _code_of(head: Generation) -> str:
    """Return why it failed. All codes that are not in the register, such as a newer version's, share one series."""
    code = head.error.code if head.error else ""
    return code if code in FAILURES else "other"


def _told_of(heads: Sequence[Generation], values: Values) -> dict[Metric, list[float]]:
    """Return `values` plus the metrics of ended generations of every kind, without zeros."""
    ran = _to_their_end(heads)
    counts = {metric: sum(head.status is status for head in heads) for status, metric in _OF_STATUS.items()}
    spent = float(sum(head.usage.cost_usd for head in heads if not head.own_key))
    sums = {**values, **counts, Metric.SPENT_USD: values.get(Metric.SPENT_USD, 0.0) + spent}
    return {
        **{metric: [value] for metric, value in sums.items() if value},
        Metric.PENDING_SECONDS: [_seconds_to_claim(head) for head in ran],
        Metric.ATTEMPTS: [head.attempt for head in ran],
    }


def _to_their_end(heads: Iterable[Generation]) -> list[Generation]:
    """Leave out canceled generations: their times say nothing about the service."""
    return [head for head in heads if head.status is not Status.CANCELED]


def _seconds_to_end(head: Generation) -> float:
    return 0.0 if head.finished_at is None else (head.finished_at - head.created_at).total_seconds()


def _seconds_to_claim(head: Generation) -> float:
    """How long it waited for its first worker. If no worker ever claimed it, it waited until its end."""
    if head.started_at is None:
        return _seconds_to_end(head)
    return (head.started_at - head.created_at).total_seconds()


def _write(dimension: str, value: str, told: Mapping[Metric, Iterable[float]]) -> None:
    """Write metrics under one dimension: one line, plus one for each further 100 values of a metric; none if empty."""
    # An empty service: Powertools would add the function's service to the dimensions, and so make a series per
    # function.
    line = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Unstuck"), service="")
    line.add_dimension(dimension, value)
    for metric, values in told.items():
        for each in values:
            line.add_metric(metric, metric.unit, each)
    if line.metric_set:
        line.flush_metrics()
