"""Logs and metrics, one form for every function. Never given a text of the user's, a key or a token."""

# Powertools is imported by what logs or measures first: a poll does neither, and it is a tenth of a cold start.
# ruff: noqa: PLC0415
import os
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import shared.silence  # noqa: F401 - what logs keeps quiet about requests
from shared.rescue import Outcome

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


class Metric(StrEnum):
    """What CloudWatch counts of the whole deployment, in the namespace of POWERTOOLS_METRICS_NAMESPACE."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    RELEASED = "Released"
    LEASES_LOST = "LeasesLost"
    STALE_FOUND = "StaleFound"
    SPENT_USD = "SpentUsd"
    ERRORS = "Errors"
    """Faults that were caught, so that Lambda counts none: answers 500 and 503, messages sent back, heads passed by,
    attempts that ended for the service's own key."""


@cache
def logger() -> "Logger":
    """Return this function's JSON logger; its level and service name come from Powertools' own variables."""
    from aws_lambda_powertools import Logger

    return Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "unstuck"), utc=True)


def measure(values: Mapping[Metric, float]) -> None:
    """Write one line of CloudWatch's embedded metric format for what is not zero, and none when all is."""
    found = {metric: value for metric, value in values.items() if value}
    if not found:
        return
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    # One service name for all functions: an alarm watches one series, whoever found the stale generation.
    metrics = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Unstuck"), service="unstuck")
    for metric, value in found.items():
        unit = MetricUnit.NoUnit if metric is Metric.SPENT_USD else MetricUnit.Count
        metrics.add_metric(name=str(metric), unit=unit, value=float(value))
    metrics.flush_metrics()


def measure_rescues(report: Mapping[str, int], errors: int = 0) -> None:
    """Measure what rescues did: `report` counts them by Outcome."""
    failed = sum(report.get(outcome, 0) for outcome in (Outcome.CRASH_LOOP, Outcome.EXPIRED))
    given_back = sum(report.get(outcome, 0) for outcome in (Outcome.GIVEN_BACK, Outcome.SENT_AGAIN, Outcome.NOT_SENT))
    measure({Metric.STALE_FOUND: failed + given_back, Metric.FAILED: failed, Metric.ERRORS: errors})
