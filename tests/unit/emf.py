"""Reads CloudWatch's embedded metric format from a function's output, and checks it against its specification."""

import json
import math
from typing import Any

UNITS = frozenset({"Count", "Seconds", "Percent", "None"})
"""Those of CloudWatch's units that are in use here."""
Series = dict[tuple[str, ...], list[float]]


def lines_of(printed: str) -> list[dict[str, Any]]:
    """Return the lines that CloudWatch would take for metrics, in order; logs are passed over."""
    lines = (json.loads(line, parse_constant=_refuse) for line in printed.splitlines() if line.startswith("{"))
    return [checked(line) for line in lines if "_aws" in line]


def metrics_of(printed: str) -> dict[str, list[float]]:
    """Return the values of each metric that was printed, of whatever dimensions."""
    found: dict[str, list[float]] = {}
    for key, values in series_of(printed).items():
        found.setdefault(key[-1], []).extend(values)
    return found


def series_of(printed: str) -> Series:
    """Return what CloudWatch would have of all lines: the values of each metric, by its dimensions and name."""
    found: Series = {}
    for line in lines_of(printed):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                for name in _names(directive):
                    key = (*(f"{dimension}={line[dimension]}" for dimension in dimensions), name)
                    found.setdefault(key, []).extend(_values(line[name]))
    return found


def checked(line: dict[str, Any]) -> dict[str, Any]:
    """Return the line if CloudWatch takes every metric of it. CloudWatch silently drops a line that breaks a rule.

    The rules are in the Amazon CloudWatch user guide, "Specification: Embedded metric format".
    """
    about = line["_aws"]
    assert set(about) == {"Timestamp", "CloudWatchMetrics"}
    assert type(about["Timestamp"]) is int, "milliseconds since the epoch"
    assert 1e12 < about["Timestamp"] < 1e13, "milliseconds since the epoch"
    assert len(json.dumps(line)) < 256 * 1024
    assert about["CloudWatchMetrics"]
    for directive in about["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 0 < len(directive["Namespace"]) <= 255
        assert not directive["Namespace"].startswith("AWS/")
        assert directive["Dimensions"]
        for dimensions in directive["Dimensions"]:
            assert 0 < len(dimensions) <= 30
            for name in dimensions:
                assert isinstance(line[name], str)
                assert 0 < len(line[name]) <= 1024
        assert 0 < len(directive["Metrics"]) <= 100
        assert len(set(_names(directive))) == len(directive["Metrics"])
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"}
            assert metric["Unit"] in UNITS
            values = _values(line[metric["Name"]])
            assert 0 < len(values) <= 100
            assert all(type(value) in (int, float) and math.isfinite(value) for value in values)
    return line


def _names(directive: dict[str, Any]) -> list[str]:
    return [metric["Name"] for metric in directive["Metrics"]]


def _values(value: Any) -> list[float]:
    return value if isinstance(value, list) else [value]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
