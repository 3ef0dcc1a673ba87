"""Everything that the dashboard and the alarms watch exists: emitted by the code, or published by AWS for our
resources."""

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from functions.process import handler as process
from functions.process.ending import Ending, Handled
from shared.aws.dispatch import QueueMessage
from shared.aws.metrics import Metric, measure_refused, measure_rescues
from shared.domain.diagnosis import RescueOutcome
from shared.domain.states import Status
from tests.factories import an_end
from tests.unit.emf import series_of
from tests.unit.test_docs import read
from tests.unit.test_runbooks import ROOT, page_of
from tests.unit.test_template import TEMPLATE, _Loader

PUBLISHED = {
    # Lambda developer guide, "Types of metrics for Lambda functions".
    ("AWS/Lambda", "FunctionName"): {
        "Errors",
        "Invocations",
        "Duration",
        "ConcurrentExecutions",
        "Throttles",
        "IteratorAge",
    },
    # SQS developer guide, "Available CloudWatch metrics for Amazon SQS".
    ("AWS/SQS", "QueueName"): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
    },
    # DynamoDB developer guide, "DynamoDB metrics and dimensions".
    ("AWS/DynamoDB", "TableName"): {"ReadThrottleEvents", "WriteThrottleEvents"},
    ("AWS/DynamoDB", "TableName", "GlobalSecondaryIndexName"): {"ReadThrottleEvents", "WriteThrottleEvents"},
    # API Gateway developer guide, "Monitor CloudWatch metrics for HTTP APIs".
    ("AWS/ApiGateway", "ApiId"): {"Count", "4xx", "5xx"},
}
"""AWS's published metrics, by namespace and dimensions, some of which the template names."""
TYPES = {
    "FunctionName": "AWS::Serverless::Function",
    "QueueName": "AWS::SQS::Queue",
    "TableName": "AWS::DynamoDB::Table",
    "ApiId": "AWS::ApiGatewayV2::Api",
}
CONDITIONAL = ("DeploymentSpendAlarm", "AuthorizerErrorsAlarm", "LiveErrorsAlarm")
"""Alarms that are not always there, in the order in which the dashboard's parts add them; the last with two others."""
LIVE = ("LiveErrorsAlarm", "PushErrorsAlarm", "PushAgeAlarm")
VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
SEARCHED = re.compile(r"SEARCH\('\{\"\$\{AWS::StackName\}\",(\w+)\} MetricName=\"(\w+)\"', '(p\d+|Sum)', (\d+)\)")
APART = {Metric.LATENCY_SECONDS: "Kind", Metric.FAILURES: "Code", Metric.REFUSALS: "Code"}
"""The metrics with a dimension of their own."""


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(), _Loader))  # noqa: S506 - a SafeLoader


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    return dict(template["Resources"])


@pytest.fixture(scope="module")
def widgets(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """The dashboard with its variables unresolved, as it is with a function that verifies tokens."""
    text, parts = resources["MetricsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, value in parts.items():
        text = text.replace(f"${{{name}}}", value["Fn::If"][1]["Fn::Sub"])
    return list(json.loads(text)["widgets"])


def metrics_in(widgets: list[dict[str, Any]]) -> Iterator[list[str]]:
    """Yield namespace, name, and dimensions in pairs, of each metric; of a search, the dimension with `*`."""
    for widget in widgets:
        for line in widget["properties"].get("metrics", []):
            texts = [part for part in line if isinstance(part, str)]
            if not texts:
                found = SEARCHED.fullmatch(line[0]["expression"])
                assert found, line
                texts = ["${AWS::StackName}", found[2], found[1], "*"]
            yield texts


def of_alarms(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"}


def test_without_a_parameter_there_is_one_and_with_it_none(template: dict[str, Any]) -> None:
    parameter = template["Parameters"]["Dashboard"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("enabled", ["enabled", "disabled"])
    assert template["Conditions"]["HasDashboard"] == {"Fn::Equals": [{"Ref": "Dashboard"}, "enabled"]}
    assert template["Resources"]["MetricsDashboard"]["Condition"] == "HasDashboard"


@pytest.mark.parametrize(
    "there", [(), ("AuthorizerErrorsAlarm",), ("DeploymentSpendAlarm",), LIVE, (*CONDITIONAL, *LIVE)]
)
def test_its_body_is_json_and_names_nothing_that_is_not_there(template: dict[str, Any], there: tuple[str, ...]) -> None:
    resources = template["Resources"]
    text, parts = resources["MetricsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for part, alarm in zip(parts, CONDITIONAL, strict=True):
        condition, shown, hidden = parts[part]["Fn::If"]
        assert (condition, hidden) == (resources[alarm]["Condition"], "")
        assert alarm in shown["Fn::Sub"]
        text = text.replace(f"${{{part}}}", shown["Fn::Sub"] if alarm in there else hidden)
    for name in VARIABLE.findall(text):
        resource, _, attribute = name.partition(".")
        assert attribute in ("", "Arn", "QueueName"), name
        if not name.startswith("AWS::"):
            assert "Condition" not in resources[resource] or resource in there, f"{name} is not always there"
    body = json.loads(VARIABLE.sub("made-up", text))
    assert "${!" not in json.dumps(body).replace("${!PROP(", "")


def test_no_widget_lies_on_another(widgets: list[dict[str, Any]]) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        x, y, width, height = (widget[name] for name in ("x", "y", "width", "height"))
        assert x + width <= 24
        cells = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        assert not cells & taken, widget
        taken |= cells
    assert len(taken) == 24 * (1 + max(row for _, row in taken)), "there is a hole"


def test_every_metric_widget_says_where_and_how_and_has_a_title_of_its_own(widgets: list[dict[str, Any]]) -> None:
    shown = [widget["properties"] for widget in widgets if widget["type"] == "metric"]
    assert len({each["title"] for each in shown}) == len(shown)
    assert {(each["region"], each["period"]) for each in shown} == {("${AWS::Region}", 300)}
    statistics = {each["stat"] for each in shown}
    options = [part for each in shown for line in each["metrics"] for part in line if isinstance(part, dict)]
    statistics |= {each["stat"] for each in options if "stat" in each}
    assert statistics <= {"Sum", "Average", "Maximum", "p50", "p95"}


def test_every_metric_on_it_is_one_of_the_codes_or_one_that_aws_publishes(
    widgets: list[dict[str, Any]], resources: dict[str, Any]
) -> None:
    for namespace, name, *pairs in metrics_in(widgets):
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        if namespace == "${AWS::StackName}":
            expected = {APART[Metric(name)]: "*"} if name in APART else {"service": "unstuck"}
            assert (name in set(Metric), dimensions) == (True, expected), name
            continue
        assert name in PUBLISHED[namespace, *dimensions], name
        for dimension, value in dimensions.items():
            if dimension == "GlobalSecondaryIndexName":
                indexes = resources["Table"]["Properties"]["GlobalSecondaryIndexes"]
                assert value in [index["IndexName"] for index in indexes]
            else:
                (resource,) = VARIABLE.findall(value)
                assert resources[resource.removesuffix(".QueueName")]["Type"] == TYPES[dimension], value


def test_every_metric_of_an_alarm_is_one_of_the_codes_or_one_that_aws_publishes(resources: dict[str, Any]) -> None:
    for name, alarm in of_alarms(resources).items():
        properties = alarm["Properties"]
        (dimension,) = properties["Dimensions"]
        if properties["Namespace"] == {"Ref": "AWS::StackName"}:
            assert properties["MetricName"] in set(Metric) - set(APART), name
            assert dimension == {"Name": "service", "Value": "unstuck"}
        else:
            assert properties["MetricName"] in PUBLISHED[properties["Namespace"], dimension["Name"]], name


def test_it_shows_every_metric_of_the_codes_each_function_and_queue_and_every_alarm(
    widgets: list[dict[str, Any]], resources: dict[str, Any]
) -> None:
    shown = list(metrics_in(widgets))
    own = {name for namespace, name, *_ in shown if namespace == "${AWS::StackName}"}
    # The sum of the rescues, and widgets that exist only with a spending limit: both are for their alarms.
    assert own == set(Metric) - {Metric.STALE_FOUND, Metric.DEPLOYMENT_SPEND_PERCENT}
    named = {
        variable.removesuffix(".QueueName") for line in shown for text in line for variable in VARIABLE.findall(text)
    }
    wanted = {name for name, each in resources.items() if each["Type"] in TYPES.values()}
    sometimes = {name for name in wanted if "Condition" in resources[name]}
    assert wanted - named == sometimes, "which are not always there; their alarms are shown"
    (alarms,) = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert sorted(alarms) == sorted(f"${{{name}.Arn}}" for name in of_alarms(resources))


KINDS_THAT_COME_ALONG = 4


def test_it_is_one_of_those_that_are_free(widgets: list[dict[str, Any]]) -> None:
    """CloudWatch pricing, free tier: three dashboards of up to fifty metrics each."""
    shown = {tuple(line) for line in metrics_in(widgets)}
    latencies = KINDS_THAT_COME_ALONG - 1  # one for each kind; the search counts as one of them
    assert len(shown) + latencies <= 50


def test_the_code_emits_every_metric_that_it_has_a_name_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handled = iter([Handled(Ending.RELEASED), Handled(Ending.LEASE_LOST, ours=True)])
    worker = SimpleNamespace(handle=lambda _message, _handover_at: next(handled))
    monkeypatch.setattr(process, "_worker", lambda: worker)
    monkeypatch.setattr(process, "settings", lambda: type("Settings", (), {"handover_margin_seconds": 15}))
    context = type("Context", (), {"get_remaining_time_in_millis": lambda _self: 300_000})()
    body = QueueMessage("alice", "g-1", 1).to_json()
    process.handler({"Records": [{"messageId": number, "body": body} for number in "12"]}, context)
    ends = [an_end(status) for status in (Status.SUCCEEDED, Status.FAILED, Status.CANCELED)]
    report = {str(outcome): 1 for outcome in RescueOutcome}
    measure_rescues(report, ends, oldest_pending_seconds=1, deployment_spend_percent=1, beyond_bound=1)
    measure_refused("rate_limited")
    assert {key[-1] for key in series_of(capsys.readouterr().out)} == set(Metric)


def test_the_guide_tells_of_each_metric_and_what_they_cost(widgets: list[dict[str, Any]]) -> None:
    section = read("docs/operating.md").partition("## What you see")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    listed = {name: row[2].strip() for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    units = {"Count": "count", "Seconds": "seconds", "Percent": "percent", "None": "US dollars"}
    assert listed == {metric: units[metric.unit] for metric in Metric}
    series = len(Metric) - len(APART)
    assert f"There are {series}, and one more for each kind" in section
    assert f"{series * 0.3:.2f} US dollars a month" in section
    titles = {widget["properties"].get("title", "") for widget in widgets}
    for page in (ROOT / "docs" / "runbooks").glob("*.md"):
        for named in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", page.read_text()):
            assert any(title.startswith(named) for title in titles), f"{page.name}: {named}"


def test_what_an_alarm_says_leads_to_its_runbook(resources: dict[str, Any]) -> None:
    for name, alarm in of_alarms(resources).items():
        assert alarm["Properties"]["AlarmDescription"].endswith(f"See docs/runbooks/{page_of(name)}."), name
