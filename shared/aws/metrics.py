"""What operators see, for each invocation that has something to tell: lines of CloudWatch's embedded metric format.

Owns names, units and dimensions; Powertools writes the lines, one for each dimension. Never given a text of a user's, a
key or a token, and no generation's id.
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
    """What CloudWatch counts of the whole deployment, in the namespace of POWERTOOLS_METRICS_NAMESPACE.

    Each is paid for by the month: docs/operating.md has the sum, and what each means.
    """

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    LATENCY_SECONDS = "LatencySeconds"
    """The only one that is told apart by kind: what is usual for a story is long for cards."""
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
    """Of MaxDeploymentDailySpendUsd, what today's generations have cost. Told with each sweep, where there is one."""
    FAILURES = "Failures"
    """`Failed` told apart by its code, of the closed set of docs/errors.md."""
    REFUSALS = "Refusals"
    """Creates and retries that were refused, by the code of the problem."""
    OPEN_BEYOND_BOUND = "OpenBeyondBound"
    """The only one that is written where it is zero: each sweep says that the promise is kept."""
    ERRORS = "Errors"
    """Faults that were caught, so that Lambda counts none: answers 500 and 503, messages sent back, heads passed by,
    attempts that ended for the service's own key."""

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
    """Write what is not zero as one line, and one more for each kind and each code among `ended`; none for nothing.

    `counted` is written even where it is zero.

    `ended` are the generations that the caller has just ended, as they then are. All that is told of a generation is
    told at its end, by whoever wrote that end: that write succeeds once, whatever crashed before it.
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
    """Count a create or a retry that was refused with a code of PROBLEMS."""
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
    """Measure what rescues did: `report` counts them by RescueOutcome, `ended` are those that they failed.

    `beyond_bound` is a sweep's count of those that were open beyond their bound.
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
    """Return why it failed. What is in no register, as of a newer version, is one series together."""
    code = head.error.code if head.error else ""
    return code if code in FAILURES else "other"


def _told_of(heads: Sequence[Generation], values: Values) -> dict[Metric, list[float]]:
    """Return `values` with what is told of ended generations, whatever their kind; what is zero is left out."""
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
    """Leave out what its owner has cut short: its times say nothing of the service's."""
    return [head for head in heads if head.status is not Status.CANCELED]


def _seconds_to_end(head: Generation) -> float:
    return 0.0 if head.finished_at is None else (head.finished_at - head.created_at).total_seconds()


def _seconds_to_claim(head: Generation) -> float:
    """How long it waited for its first worker; one that no worker ever took has waited all along."""
    if head.started_at is None:
        return _seconds_to_end(head)
    return (head.started_at - head.created_at).total_seconds()


def _write(dimension: str, value: str, told: Mapping[Metric, Iterable[float]]) -> None:
    """Write metrics under one dimension: a line, and one more where a metric has over 100 values; none without any."""
    # An empty service: Powertools would add the function's to the dimensions, and make a series of each function.
    line = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Unstuck"), service="")
    line.add_dimension(dimension, value)
    for metric, values in told.items():
        for each in values:
            line.add_metric(metric, metric.unit, each)
    if line.metric_set:
        line.flush_metrics()
