"""The monthly cost of an unused deployment, from the template's resources. Pure, except that it reads the template."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from operations import footprint as uses
from operations.cost import GB
from operations.prices import Prices
from shared import kinds
from shared.aws.metrics import Metric

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
_CONDITION = re.compile(r'^  (\w+): (!Not \[)?!Equals \[!Ref (\w+), "?([^]"]*)"?\]', re.MULTILINE)
_MONTH_MINUTES = 43_200
_QUEUES = 2
_POLLERS = 5
_LONG_POLL_SECONDS = 20
# Five at first, says https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html, each as long as SQS lets.
_SWEEP_CALLS, _SWEEP_READ_UNITS, _SWEEP_PROCESSOR_SECONDS = 12, 6.0, 0.02
_SWEEP_LOG_BYTES = 344 + 250


@dataclass(frozen=True, slots=True)
class AtRest:
    """The number of resources that AWS bills by the month."""

    alarms: int
    dashboards: int
    keys: int
    metrics: int
    """Metric series, if each is written in every hour."""


def of_template(path: Path = TEMPLATE) -> AtRest:
    """Count what the template creates with its defaults."""
    text = path.read_text()
    absent = set(_false_by_default(text))

    def count(kind: str) -> int:
        found = re.findall(rf"^    Type: AWS::{kind}$(?:\n    Condition: (\w+)$)?", text, re.MULTILINE)
        return sum(condition not in absent for condition in found)

    metrics = len(Metric) - 1 + len(kinds.names())  # latency is one for each kind
    return AtRest(count("CloudWatch::Alarm"), count("CloudWatch::Dashboard"), count("KMS::Key"), metrics)


def _false_by_default(template: str) -> Iterator[str]:
    """Yield the conditions that ask for another value of one parameter than its default. Needs no parser of YAML."""
    for name, negated, parameter, value in _CONDITION.findall(template):
        default = re.search(rf"^  {parameter}:$(?:\n    .*)*?\n    Default: (.*)$", template, re.MULTILINE)
        if default and (default[1].strip('"') == value) == bool(negated):
            yield name


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
