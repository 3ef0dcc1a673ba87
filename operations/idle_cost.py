"""The monthly cost of an unused deployment, from the template's resources. Pure, except that it reads the template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operations import footprint as uses
from operations.cost import GB
from operations.prices import Prices
from shared import kinds
from shared.aws.metrics import Metric

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
_MONTH_MINUTES = 43_200
_QUEUES = 2
_POLLERS = 5
_LONG_POLL_SECONDS = 20
# Five at first, says https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html, each as long as SQS lets.
_SWEEP_CALLS, _SWEEP_READ_UNITS, _SWEEP_PROCESSOR_SECONDS = 12, 6.0, 0.02
_SWEEP_LOG_BYTES = 344 + 250


@dataclass(frozen=True, slots=True)
class AtRest:
    """The number of resources that AWS bills by the month. The authorizer's alarm counts only if an authorizer is
    used."""

    alarms: int
    dashboards: int
    keys: int
    metrics: int
    """Metric series, if each is written in every hour."""


def of_template(path: Path = TEMPLATE) -> AtRest:
    """Count them in the template's text, which needs no parser."""
    text = path.read_text()
    alarms, dashboards, keys = (
        len(re.findall(rf"^    Type: AWS::{name}$", text, re.MULTILINE))
        for name in ("CloudWatch::Alarm", "CloudWatch::Dashboard", "KMS::Key")
    )
    return AtRest(
        alarms, dashboards, keys, metrics=len(Metric) - 1 + len(kinds.names())
    )  # latency is one for each kind


def monthly(standing: AtRest, prices: Prices, http_memory: int) -> Mapping[str, float]:
    """Return US dollars per month by purpose."""
    each = {name: price.each for name, price in prices.items()}
    polls = _QUEUES * _POLLERS * _MONTH_MINUTES * 60 / _LONG_POLL_SECONDS
    seconds = uses.http_seconds(_SWEEP_PROCESSOR_SECONDS, _SWEEP_CALLS, http_memory)
    sweep = (
        each["schedule"]
        + each["invocation"]
        + seconds * http_memory / 1024 * each["gb_second"]
        + _SWEEP_READ_UNITS * each["read_unit"]
        + each["write_unit"]
        + _SWEEP_LOG_BYTES / GB * each["log_gb"]
    )
    return {
        "alarms": standing.alarms * each["alarm"],
        "custom metrics": standing.metrics * each["metric"],
        "dashboards": standing.dashboards * each["dashboard"],
        "KMS key": standing.keys * each["key"],
        "polling of the queues": polls * each["queue_request"],
        "sweeper": _MONTH_MINUTES * sweep,
    }
