"""Reads CloudWatch's embedded metric format out of what a function has printed."""

import json
from typing import Any


def lines_of(printed: str) -> list[dict[str, Any]]:
    """Return the lines that CloudWatch would take for metrics, in order; logs are passed over."""
    lines = (json.loads(line) for line in printed.splitlines() if line.startswith("{"))
    return [line for line in lines if "_aws" in line]


def metrics_of(printed: str) -> dict[str, float]:
    """Return the metrics of the one line that was printed."""
    (line,) = lines_of(printed)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]][0] for metric in directive["Metrics"]}
