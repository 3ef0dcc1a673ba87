"""The functions' log lines, by invocation, and the number of log bytes that they would be on AWS.

The emulator writes a function's own lines as Lambda does. The lines that Lambda and API Gateway add follow the template
and their documentation: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

from local.stack import LocalStack

EVENT_OVERHEAD_BYTES = 26
"""Of each event, beside its text.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""
TEMPLATE = Path(__file__).parents[2] / "template.yaml"
_ID = "11111111-2222-4333-8444-555555555555"
_AT = "2026-01-31T08:00:00.000Z"
_TEXT_EVENTS = (
    f"START RequestId: {_ID} Version: $LATEST\n",
    f"END RequestId: {_ID}\n",
    f"REPORT RequestId: {_ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
    "Memory Size: 1024 MB\tMax Memory Used: 110 MB\t\n",
)
_JSON_EVENTS = (
    {"time": _AT, "type": "platform.start", "record": {"requestId": _ID, "version": "$LATEST"}},
    {
        "time": _AT,
        "type": "platform.report",
        "record": {
            "requestId": _ID,
            "metrics": {"durationMs": 12.34, "billedDurationMs": 13, "memorySizeMB": 1024, "maxMemoryUsedMB": 110},
            "status": "success",
        },
    },
)
_REPORT = re.compile(r"REPORT RequestId: .*\tBilled Duration: ([\d.]+) ms")
_REQUEST = {
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTime": "31/Jan/2026:08:00:00 +0000",
    "routeKey": "GET /v1/generations/{generation_id}",
    "status": "200",
    "responseLatency": "15",
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation: the lines that the function itself wrote, and how long it ran, in seconds."""

    lines: tuple[str, ...]
    seconds: float

    @property
    def own_bytes(self) -> int:
        return sum(event_bytes(line) for line in self.lines)

    @property
    def succeeded(self) -> frozenset[str]:
        """The generations that a worker brought to their end in it."""
        said = [json.loads(line) for line in self.lines if line.startswith("{") and '"succeeded"' in line]
        return frozenset(line["generation_id"] for line in said if line.get("status") == "succeeded")


def event_bytes(text: str) -> int:
    """Return what one log event counts for."""
    return len(text.encode()) + EVENT_OVERHEAD_BYTES


def invocations(stack: LocalStack, function: str) -> list[Invocation]:
    """Return all invocations of a function that have ended; the emulator has a log stream for each."""
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.function_names[function])
    streams: dict[str, list[str]] = {}
    pages = stack.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=found["LoggingConfig"]["LogGroup"]):
        for event in page["events"]:
            streams.setdefault(event["logStreamName"], []).extend(event["message"].splitlines())
    return [_invocation(lines) for lines in streams.values()]


def _invocation(lines: list[str]) -> Invocation:
    own = tuple(line for line in lines if not line.startswith(("START RequestId", "END RequestId", "REPORT RequestId")))
    reports = [found for line in lines if (found := _REPORT.match(line))]
    return Invocation(own, float(reports[0][1]) / 1000 if reports else 0.0)


def resources() -> dict[str, Any]:
    """Return the template's resources."""
    return dict(yaml_parse(TEMPLATE.read_text())["Resources"])


def platform_bytes(logging: Mapping[str, Any]) -> int:
    """Return what Lambda itself logs of one warm invocation that goes well, by the function's LoggingConfig."""
    if logging.get("LogFormat", "Text") == "Text":
        return sum(map(event_bytes, _TEXT_EVENTS))
    if logging.get("SystemLogLevel", "INFO") == "WARN":
        return 0  # start and report are INFO; failures are WARN and still logged
    return sum(event_bytes(json.dumps(event, separators=(",", ":"))) for event in _JSON_EVENTS)


def access_log_bytes(access: Mapping[str, str] = _REQUEST) -> int:
    """Return what API Gateway logs of one call, by the Format of the template's stage; its default names no caller."""
    form = resources()["Stage"]["Properties"]["AccessLogSettings"]["Format"]["Fn::Sub"][0].replace("${Subject}", "")
    return event_bytes(re.sub(r"\$context\.([\w.]+)", lambda name: access.get(name[1], "-"), form))


def logged_by_lambda(function: str) -> int:
    """Return `platform_bytes` of a function by its short name, as `status`."""
    return platform_bytes(resources()[f"{function.capitalize()}Function"]["Properties"]["LoggingConfig"])
